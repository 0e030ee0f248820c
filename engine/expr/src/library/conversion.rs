//! Sizes, and values of one type as values of another.

use super::arithmetic::{overflow, size};
use crate::eval::meter::{Meter, Outcome, error, no_overload};
use crate::functions::{Function, global, member};
use crate::time::{Duration, Timestamp};
use crate::value::Value;

const SIZES: &[&str] = &["string -> int", "bytes -> int", "list<A> -> int", "map<A,B> -> int"];

pub(crate) const FUNCTIONS: &[Function] = &[
    global("size", SIZES, sized),
    member("size", SIZES, sized),
    global("dyn", &["A -> dyn"], |_, args| match args {
        [value] => Ok(value.clone()),
        _ => no_overload(),
    }),
    global("type", &["A -> type<A>"], |_, args| match args {
        [value] => Ok(Value::Type(value.type_name().into())),
        _ => no_overload(),
    }),
    global(
        "int",
        &[
            "int -> int",
            "uint -> int",
            "double -> int",
            "string -> int",
            "timestamp -> int",
            "duration -> int",
        ],
        |_, args| match args {
            [Value::Int(value)] => Ok(Value::Int(*value)),
            [Value::Uint(value)] => overflow(i64::try_from(*value).ok().map(Value::Int), "integer"),
            [Value::Double(value)] => {
                // The lowest int itself is refused: rounding may have led to it.
                let fits = *value > -9_223_372_036_854_775_808.0 && *value < 9_223_372_036_854_775_808.0;
                overflow(fits.then_some(Value::Int(*value as i64)), "integer")
            }
            [Value::String(text)] => {
                converted(plain(text).and_then(|t| t.parse().ok()).map(Value::Int), "int")
            }
            [Value::Timestamp(time)] => Ok(Value::Int(time.seconds())),
            [Value::Duration(duration)] => Ok(Value::Int(duration.0)),
            _ => no_overload(),
        },
    ),
    global(
        "uint",
        &["uint -> uint", "int -> uint", "double -> uint", "string -> uint"],
        |_, args| match args {
            [Value::Uint(value)] => Ok(Value::Uint(*value)),
            [Value::Int(value)] => overflow(u64::try_from(*value).ok().map(Value::Uint), "unsigned integer"),
            [Value::Double(value)] => {
                let fits = *value >= 0.0 && *value < 18_446_744_073_709_551_616.0;
                overflow(fits.then_some(Value::Uint(*value as u64)), "unsigned integer")
            }
            [Value::String(text)] => {
                let digits = plain(text).filter(|t| !t.starts_with(['+', '-']));
                converted(digits.and_then(|t| t.parse().ok()).map(Value::Uint), "uint")
            }
            _ => no_overload(),
        },
    ),
    global(
        "double",
        &["double -> double", "int -> double", "uint -> double", "string -> double"],
        |_, args| match args {
            [Value::Double(value)] => Ok(Value::Double(*value)),
            [Value::Int(value)] => Ok(Value::Double(*value as f64)),
            [Value::Uint(value)] => Ok(Value::Double(*value as f64)),
            [Value::String(text)] => {
                converted(plain(text).and_then(|t| t.parse().ok()).map(Value::Double), "double")
            }
            _ => no_overload(),
        },
    ),
    global("bool", &["bool -> bool", "string -> bool"], |_, args| match args {
        [Value::Bool(value)] => Ok(Value::Bool(*value)),
        [Value::String(text)] => match text.as_ref() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            _ => converted(None, "bool"),
        },
        _ => no_overload(),
    }),
    global(
        "string",
        &[
            "string -> string",
            "bool -> string",
            "int -> string",
            "uint -> string",
            "double -> string",
            "bytes -> string",
            "timestamp -> string",
            "duration -> string",
            "IP -> string",
            "CIDR -> string",
        ],
        text_of,
    ),
    global("bytes", &["bytes -> bytes", "string -> bytes"], |meter, args| match args {
        [Value::Bytes(octets)] => Ok(Value::Bytes(octets.clone())),
        [Value::String(text)] => {
            meter.text(text.len())?;
            Ok(Value::bytes(text.as_bytes()))
        }
        _ => no_overload(),
    }),
    global("timestamp", &["timestamp -> timestamp", "string -> timestamp", "int -> timestamp"], |_, args| {
        match args {
            [Value::Timestamp(time)] => Ok(Value::Timestamp(*time)),
            [Value::Int(seconds)] => {
                overflow(Timestamp::from_seconds(*seconds).map(Value::Timestamp), "timestamp")
            }
            [Value::String(text)] => {
                converted(Timestamp::parse(text).map(Value::Timestamp), "google.protobuf.Timestamp")
            }
            _ => no_overload(),
        }
    }),
    global("duration", &["duration -> duration", "string -> duration", "int -> duration"], |_, args| {
        match args {
            [Value::Duration(duration)] => Ok(Value::Duration(*duration)),
            [Value::Int(nanos)] => Ok(Value::Duration(Duration(*nanos))),
            [Value::String(text)] => {
                converted(Duration::parse(text).map(Value::Duration), "google.protobuf.Duration")
            }
            _ => no_overload(),
        }
    }),
];

fn sized(meter: &mut Meter, args: &[Value]) -> Outcome {
    match args {
        [value] => size(meter, value).map(Value::Int),
        _ => no_overload(),
    }
}

/// A text that may be a number: none is that long.
fn plain(text: &str) -> Option<&str> {
    (text.len() <= 400 && !text.contains('_')).then_some(text)
}

fn converted(value: Option<Value>, to: &str) -> Outcome {
    value.map_or_else(|| error(format!("type conversion error from 'string' to '{to}'")), Ok)
}

fn text_of(meter: &mut Meter, args: &[Value]) -> Outcome {
    Ok(match args {
        [Value::String(text)] => Value::String(text.clone()),
        [Value::Bool(value)] => Value::string(&value.to_string()),
        [Value::Int(value)] => Value::string(&value.to_string()),
        [Value::Uint(value)] => Value::string(&value.to_string()),
        [Value::Double(value)] => Value::string(&double(*value)),
        [Value::Bytes(octets)] => {
            meter.text(octets.len())?;
            match std::str::from_utf8(octets) {
                Ok(text) => Value::string(text),
                Err(_) => return error("invalid UTF-8 in bytes, cannot convert to string"),
            }
        }
        [Value::Timestamp(time)] => Value::string(&time.to_string()),
        [Value::Duration(duration)] => Value::string(&duration.to_string()),
        [Value::Ip(address)] => Value::string(&address.to_string()),
        [Value::Cidr(cidr)] => Value::string(&cidr.to_string()),
        _ => return no_overload(),
    })
}

/// As Go's `%g`: as many digits as it takes, with an exponent where the number is very large or small.
pub(crate) fn double(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        }
        .to_owned();
    }
    let text = format!("{value:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    match exponent.parse::<i32>() {
        Ok(power) if value != 0.0 && !(-4..6).contains(&power) => {
            let sign = if power < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", power.unsigned_abs())
        }
        _ => value.to_string(),
    }
}
