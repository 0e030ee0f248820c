//! Numbers as Go's strconv and encoding/json read and print them.

/// A number of a YAML scalar before it goes through JSON.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Uint(u64),
    Float(f64),
}

/// Go's ParseInt and then ParseUint with base 0: the prefixes 0b, 0o, 0x and 0 choose the base.
pub(crate) fn parse_integer(text: &str) -> Option<Number> {
    let (negative, digits, signed) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..], true),
        b'+' => (false, &text[1..], true),
        _ => (false, text, false),
    };
    let (base, digits) = base_of(digits);
    // from_str_radix would take a second sign.
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, base).ok()?;
    match i64::try_from(magnitude) {
        Ok(value) => Some(Number::Int(if negative { -value } else { value })),
        Err(_) if negative && magnitude == 1 << 63 => Some(Number::Int(i64::MIN)),
        // An unsigned number takes no sign at all.
        Err(_) if signed => None,
        Err(_) => Some(Number::Uint(magnitude)),
    }
}

fn base_of(digits: &str) -> (u32, &str) {
    let bytes = digits.as_bytes();
    if bytes.len() < 2 || bytes[0] != b'0' {
        return (10, digits);
    }
    match bytes[1].to_ascii_lowercase() {
        b'b' => (2, &digits[2..]),
        b'o' => (8, &digits[2..]),
        b'x' => (16, &digits[2..]),
        _ => (8, &digits[1..]),
    }
}

/// A decimal that does not overflow, as `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = digits(rest);
    let mut rest = &rest[whole..];
    if let Some(after) = rest.strip_prefix('.') {
        let fraction = digits(after);
        if whole == 0 && fraction == 0 {
            return None;
        }
        rest = &after[fraction..];
    } else if whole == 0 {
        return None;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if exponent.is_empty() || digits(exponent) != exponent.len() {
            return None;
        }
    } else if !rest.is_empty() {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// What is left of a float once JSON has printed it and Kubernetes has read it again: `1.0` and `1e3` are integers.
pub(crate) fn through_json(value: f64) -> Number {
    // From 1e21 on, encoding/json prints an exponent, and below that the shortest digits padded with zeros.
    if value.fract() != 0.0 || value.abs() >= 1e21 {
        return Number::Float(value);
    }
    let (negative, digits, exponent) = shortest(&serde_json::Value::from(value).to_string());
    let zeros = "0".repeat((exponent + 1).unsigned_abs() as usize - digits.len());
    let sign = if negative { "-" } else { "" };
    parse_integer(&format!("{sign}{digits}{zeros}")).unwrap_or(Number::Float(value))
}

/// `%g` with the shortest digits that read back as the same f64.
pub(crate) fn format_float(value: f64) -> String {
    general(&serde_json::Value::from(value).to_string())
}

/// `%g` with the shortest digits that read back as the same f32: how Kubernetes prints a float that is a key.
pub(crate) fn format_float32(value: f64) -> String {
    let value = value as f32;
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    general(&serde_json::to_string(&value).unwrap_or_default())
}

/// Sign, digits without zeros around them, and the exponent of the first one. The digits come from serde_json: of two
/// that are as close it takes the even one, as Go does, the standard library does not.
fn shortest(text: &str) -> (bool, String, i32) {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    if digits.is_empty() {
        return (negative, "0".to_owned(), 0);
    }
    let zeros = clamp(all.len() - digits.len());
    let exponent: i32 = exponent.parse().unwrap_or(0);
    (negative, digits.trim_end_matches('0').to_owned(), exponent + clamp(whole.len()) - 1 - zeros)
}

fn clamp(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// From a JSON number to Go's `%g`: an exponent, of two digits at least, below 1e-4 and from 1e6 on.
fn general(number: &str) -> String {
    let (negative, digits, exponent) = shortest(number);
    let sign = if negative { "-" } else { "" };
    if !(-4..6).contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign_of_exponent = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}{point}{rest}e{sign_of_exponent}{:02}", exponent.abs());
    }
    if exponent < 0 {
        return format!("{sign}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1));
    }
    let point = exponent as usize + 1;
    if digits.len() <= point {
        return format!("{sign}{digits}{}", "0".repeat(point - digits.len()));
    }
    format!("{sign}{}.{}", &digits[..point], &digits[point..])
}
