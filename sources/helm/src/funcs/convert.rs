//! Numbers out of anything, as the cast library has it.
use super::Type::{Any, Text};
use super::{Function, args, pure};
use crate::fmt;
use crate::template::Number;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    pure("int", &[Any], |args| Ok(Value::Int(to_int(&args[0])))),
    pure("int64", &[Any], |args| Ok(Value::Int64(to_int(&args[0])))),
    pure("float64", &[Any], |args| Ok(Value::Float(to_float(&args[0])))),
    pure("toString", &[Any], |args| Ok(Value::Text(args::string(&args[0])?))),
    pure("toStrings", &[Any], |args| Ok(Value::texts(args::strings(&args[0])?))),
    pure("atoi", &[Text], |args| Ok(Value::Int(atoi(&args::text(args, 0))))),
    pure("toDecimal", &[Any], |args| {
        let text = fmt::sprint(&args[..1])?;
        Ok(Value::Int64(i64::from_str_radix(&String::from_utf8_lossy(&text), 8).unwrap_or(0)))
    }),
];

/// As strconv.Atoi, whose error nobody looks at: what is too large is the largest there is.
fn atoi(text: &str) -> i64 {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.parse::<i64>().unwrap_or_else(|error| match error.kind() {
        PosOverflow => i64::MAX,
        NegOverflow => i64::MIN,
        _ => 0,
    })
}

/// `cast.ToInt64`: 0 for what is no number.
pub(super) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Int(value) | Value::Int64(value) => *value,
        Value::Uint8(value) => (*value).into(),
        Value::Uint64(value) => *value as i64,
        Value::Float(value) => float_to_int(*value),
        Value::Bool(value) => (*value).into(),
        Value::Text(text) => Number::parse_int(trim_zero_decimal(&text.lossy())).unwrap_or(0),
        Value::None | Value::Nil | Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Object(_) => 0,
    }
}

/// What a processor makes of a float that fits no int64 is the smallest one.
fn float_to_int(value: f64) -> i64 {
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
        value as i64
    } else {
        i64::MIN
    }
}

/// `3.00` is read as `3`.
fn trim_zero_decimal(text: &str) -> &str {
    match text.rsplit_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        Some(_) | None => text,
    }
}

/// `cast.ToFloat64`.
pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Int(value) | Value::Int64(value) => *value as f64,
        Value::Uint8(value) => (*value).into(),
        Value::Uint64(value) => *value as f64,
        Value::Float(value) => *value,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Text(text) => parse_float(&text.lossy()),
        Value::None | Value::Nil | Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Object(_) => 0.0,
    }
}

fn parse_float(text: &str) -> f64 {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text).to_ascii_lowercase();
    match unsigned.as_str() {
        "nan" if unsigned.len() == text.len() => f64::NAN,
        "inf" | "infinity" => {
            if text.starts_with('-') {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            }
        }
        _ => Number::parse_float(text).unwrap_or(0.0),
    }
}
