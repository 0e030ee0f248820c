//! Number constants as Go reads them: one text may be an integer, an unsigned integer and a float at once.
use super::unquote::unquote_char;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number {
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    /// Where any type will do it is a float, because it is written like one.
    pub(crate) ideal_float: bool,
}

pub(super) fn parse_number(text: &str) -> Result<Number, String> {
    if text.starts_with('\'') {
        let c = unquote_char(text).ok_or_else(|| format!("malformed character constant: {text}"))?;
        let code = u32::from(c);
        return Ok(Number {
            int: Some(code.into()),
            uint: Some(code.into()),
            float: Some(code.into()),
            ideal_float: false,
        });
    }
    if text.ends_with('i') {
        return Err(format!("complex constants are not supported: {text}"));
    }
    let bad = || format!("bad number syntax: {text:?}");
    let mut uint = parse_uint(text);
    let mut int = parse_int(text);
    if int == Some(0) {
        uint = Some(0);
    }
    let mut float = None;
    if let Some(int) = int {
        float = Some(int as f64);
    } else if let Some(uint) = uint {
        float = Some(uint as f64);
    } else if let Some(value) = parse_float(text) {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {text:?}"));
        }
        float = Some(value);
        if value.fract() == 0.0 && value.abs() < 9.3e18 {
            int = Some(value as i64);
        }
        if value.fract() == 0.0 && (0.0..1.9e19).contains(&value) {
            uint = Some(value as u64);
        }
    }
    if int.is_none() && uint.is_none() && float.is_none() {
        return Err(bad());
    }
    let is_hex =
        text.len() > 2 && text.starts_with("0x") | text.starts_with("0X") && !text.contains(['p', 'P']);
    let ideal_float = !is_hex && text.contains(['.', 'e', 'E', 'p', 'P']);
    Ok(Number { int, uint, float, ideal_float })
}

/// Go's ParseInt with base 0: prefixes choose the base, underscores may separate digits.
fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = parse_uint(digits)?;
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

fn parse_uint(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (base, digits, prefixed) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..], true),
        [b'0', b'o', ..] => (8, &lower[2..], true),
        [b'0', b'b', ..] => (2, &lower[2..], true),
        [b'0', _, ..] => (8, &lower[1..], true),
        _ => (10, lower.as_str(), false),
    };
    let plain = without_underscores(digits, prefixed)?;
    if plain.is_empty() || plain.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(&plain, base).ok()
}

/// Each underscore must stand between digits, or between prefix and digit.
fn without_underscores(digits: &str, prefixed: bool) -> Option<String> {
    if !digits.contains('_') {
        return Some(digits.to_owned());
    }
    let bad = digits.ends_with('_') || digits.contains("__") || (digits.starts_with('_') && !prefixed);
    (!bad).then(|| digits.replace('_', ""))
}

/// Go's ParseFloat without infinities, hexadecimal mantissas included.
fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    if let Some(hex) = lower.strip_prefix("0x") {
        let (mantissa, exponent) = hex.split_once('p')?;
        let mantissa = without_underscores(mantissa, true)?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((&mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let value = u64::from_str_radix(&digits, 16).ok()? as f64;
        let shift = exponent.parse::<i32>().ok()?.checked_sub(4 * i32::try_from(fraction.len()).ok()?)?;
        let value = value * 2f64.powi(shift);
        return Some(if text.starts_with('-') { -value } else { value });
    }
    if !lower.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !lower.contains(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    without_underscores(text, false)?.parse::<f64>().ok().filter(|value| value.is_finite())
}

impl Number {
    pub(crate) fn parse_int(text: &str) -> Option<i64> {
        parse_int(text)
    }

    pub(crate) fn parse_float(text: &str) -> Option<f64> {
        parse_float(text)
    }
}
