//! Floats as Go's strconv prints them.

/// `verb` is one of `b e E f F g G x X`; without a precision the shortest digits that read back as the same number.
pub(crate) fn format_float(value: f64, verb: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.into();
    }
    let text = match verb.to_ascii_lowercase() {
        'e' => match precision {
            None => exponential(&shortest(value)),
            Some(precision) => pad_exponent(&format!("{value:.precision$e}")),
        },
        'b' => binary(value),
        'x' => hexadecimal(value, precision),
        'f' => match precision {
            None => positional(&shortest(value)),
            Some(precision) => format!("{value:.precision$}"),
        },
        _ => general(value, precision),
    };
    if verb.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text }
}

/// encoding/json: an exponent from 1e21 on and below 1e-6.
pub(crate) fn json_float(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = exponential(&shortest(value));
        // Go cleans up e-09 to e-9, and leaves e+09.
        return match text.split_once("e-0") {
            Some((mantissa, digit)) if digit.len() == 1 => format!("{mantissa}e-{digit}"),
            Some(_) | None => text,
        };
    }
    positional(&shortest(value))
}

/// Digits without zeros around them; the point stands before digit `point`.
struct Digits {
    negative: bool,
    digits: String,
    point: i32,
}

fn shortest(value: f64) -> Digits {
    // serde_json's digits: of two that are as close it takes the even one, as Go does, the standard library does not.
    let text = serde_json::Value::from(value).to_string();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    parts(mantissa, exponent)
}

fn parts(mantissa: &str, exponent: &str) -> Digits {
    let (negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    if digits.is_empty() {
        return Digits { negative, digits: "0".into(), point: 1 };
    }
    let zeros = all.len() - digits.len();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let point = exponent + clamp(whole.len()) - clamp(zeros);
    Digits { negative, digits: digits.trim_end_matches('0').to_owned(), point }
}

fn clamp(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn exponential(parts: &Digits) -> String {
    let (first, rest) = parts.digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if parts.negative { "-" } else { "" };
    let exponent = if parts.digits == "0" { 0 } else { parts.point - 1 };
    let sign_of_exponent = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{first}{point}{rest}e{sign_of_exponent}{:02}", exponent.abs())
}

fn positional(parts: &Digits) -> String {
    let sign = if parts.negative { "-" } else { "" };
    let digits = &parts.digits;
    let Ok(point) = usize::try_from(parts.point) else {
        return format!("{sign}0.{}{digits}", "0".repeat(parts.point.unsigned_abs() as usize));
    };
    if point == 0 {
        return format!("{sign}0.{digits}");
    }
    if digits.len() <= point {
        return format!("{sign}{digits}{}", "0".repeat(point - digits.len()));
    }
    format!("{sign}{}.{}", &digits[..point], &digits[point..])
}

fn general(value: f64, precision: Option<usize>) -> String {
    let (parts, most) = match precision {
        None => (shortest(value), 6),
        Some(precision) => {
            let precision = precision.max(1);
            let text = format!("{value:.*e}", precision - 1);
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let parts = parts(mantissa, exponent);
            let count = parts.digits.len();
            let shorter = precision > count && clamp(count) >= parts.point;
            (parts, if shorter { count } else { precision })
        }
    };
    let exponent = parts.point - 1;
    if exponent < -4 || exponent >= clamp(most) { exponential(&parts) } else { positional(&parts) }
}

/// The mantissa as an integer, and its power of two.
fn binary(value: f64) -> String {
    let (negative, mantissa, exponent) = taken_apart(value);
    format!("{}{mantissa}p{exponent:+}", if negative { "-" } else { "" })
}

/// `0x1.8p+01`
fn hexadecimal(value: f64, precision: Option<usize>) -> String {
    let (negative, mut mantissa, mut exponent) = taken_apart(value);
    let sign = if negative { "-" } else { "" };
    if mantissa == 0 {
        let zeros = precision.filter(|digits| *digits > 0).map(|digits| format!(".{}", "0".repeat(digits)));
        return format!("{sign}0x0{}p+00", zeros.unwrap_or_default());
    }
    // One bit before the point, 60 behind it.
    let shift = mantissa.leading_zeros() as i32 - 3;
    mantissa <<= shift;
    exponent += 60 - shift;
    if let Some(digits) = precision.filter(|digits| *digits < 15) {
        let cut = 60 - 4 * digits;
        let rest = mantissa & ((1 << cut) - 1);
        mantissa >>= cut;
        let half = 1 << (cut - 1);
        if rest > half || (rest == half && mantissa & 1 == 1) {
            mantissa += 1;
        }
        mantissa <<= cut;
        if mantissa >> 61 == 1 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let digits = format!("{:015x}", mantissa & ((1 << 60) - 1));
    let digits = match precision {
        None => digits.trim_end_matches('0').to_owned(),
        Some(count) => format!("{digits:0<count$}")[..count].to_owned(),
    };
    let point = if digits.is_empty() { "" } else { "." };
    let sign_of_exponent = if exponent < 0 { '-' } else { '+' };
    format!("{sign}0x1{point}{digits}p{sign_of_exponent}{:02}", exponent.abs())
}

/// Sign, mantissa and exponent: `mantissa * 2^exponent`.
fn taken_apart(value: f64) -> (bool, u64, i32) {
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let exponent = (bits >> 52) as i32 & 0x7ff;
    if exponent == 0 {
        (value.is_sign_negative(), fraction, -1074)
    } else {
        (value.is_sign_negative(), fraction | 1 << 52, exponent - 1075)
    }
}

/// Rust writes `1e6`, Go `1e+06`.
fn pad_exponent(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}
