//! `'%s of %d'.format([…])`.

use super::conversion::double;
use crate::eval::meter::{Failure, Meter, Outcome, error, no_overload};
use crate::functions::{Function, member};
use crate::value::Value;

/// Decimal places that a clause may ask for.
const PLACES: usize = 100;
/// Levels of lists and maps in one argument.
const NESTED: usize = 64;

pub(crate) const FUNCTIONS: &[Function] =
    &[member("format", &["string list<dyn> -> string"], |meter, args| match args {
        [Value::String(text), Value::List(list)] => format(meter, text, &list.items),
        _ => no_overload(),
    })];

fn format(meter: &mut Meter, text: &str, args: &[Value]) -> Outcome {
    meter.text(text.len())?;
    let mut out = String::new();
    let mut args = args.iter().enumerate();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let Some((_, arg)) = args.next() else {
            return error(format!("index {} out of range", text.matches('%').count().saturating_sub(1)));
        };
        let places = match rest.strip_prefix('.') {
            None => None,
            Some(after) => {
                let length = after.bytes().take_while(u8::is_ascii_digit).count();
                let Ok(places) = after[..length].parse::<usize>() else {
                    return malformed("error while parsing precision");
                };
                if places > PLACES {
                    return malformed("precision is too large");
                }
                rest = &after[length..];
                Some(places)
            }
        };
        let Some(verb) = rest.chars().next() else { return error("unexpected end of string") };
        rest = &rest[verb.len_utf8()..];
        let before = out.len();
        clause(meter, &mut out, verb, places.unwrap_or(6), arg)?;
        meter.text(out.len() - before)?;
    }
    out.push_str(rest);
    Ok(Value::String(out.into()))
}

fn malformed<T>(why: &str) -> Result<T, Failure> {
    error(format!("could not parse formatting clause: {why}"))
}

fn clause(
    meter: &mut Meter,
    out: &mut String,
    verb: char,
    places: usize,
    arg: &Value,
) -> Result<(), Failure> {
    let text = match (verb, arg) {
        ('s', arg) => return shown(meter, out, arg, NESTED),
        ('d', Value::Int(value)) => value.to_string(),
        ('d', Value::Uint(value)) => value.to_string(),
        ('f', Value::Double(value)) => grouped(*value, places),
        ('b', Value::Bool(value)) => u8::from(*value).to_string(),
        ('b', Value::Int(value)) => signed(*value, |n| format!("{n:b}")),
        ('b', Value::Uint(value)) => format!("{value:b}"),
        ('o', Value::Int(value)) => signed(*value, |n| format!("{n:o}")),
        ('o', Value::Uint(value)) => format!("{value:o}"),
        ('x', Value::Int(value)) => signed(*value, |n| format!("{n:x}")),
        ('X', Value::Int(value)) => signed(*value, |n| format!("{n:X}")),
        ('x', Value::Uint(value)) => format!("{value:x}"),
        ('X', Value::Uint(value)) => format!("{value:X}"),
        ('x' | 'X', Value::String(text)) => hex(meter, text.as_bytes(), verb == 'X')?,
        ('x' | 'X', Value::Bytes(octets)) => hex(meter, octets, verb == 'X')?,
        ('d' | 'f' | 'b' | 'o' | 'x' | 'X', other) => {
            return error(format!(
                "error during formatting: %{verb} cannot show a value of type {}",
                other.type_name()
            ));
        }
        (other, _) => return malformed(&format!("unrecognized formatting clause \"{other}\"")),
    };
    out.push_str(&text);
    Ok(())
}

fn signed(value: i64, of: fn(u64) -> String) -> String {
    let digits = of(value.unsigned_abs());
    if value < 0 { format!("-{digits}") } else { digits }
}

fn hex(meter: &mut Meter, octets: &[u8], upper: bool) -> Result<String, Failure> {
    meter.text(octets.len() * 2)?;
    Ok(octets.iter().map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") }).collect())
}

/// With the thousands apart, as American English has it.
fn grouped(value: f64, places: usize) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN".into()
        } else if value > 0.0 {
            "∞".into()
        } else {
            "-∞".into()
        };
    }
    let text = format!("{:.places$}", value.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::from(if value.is_sign_negative() { "-" } else { "" });
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if !part.is_empty() {
        out.push('.');
        out.push_str(part);
    }
    out
}

fn shown(meter: &mut Meter, out: &mut String, value: &Value, levels: usize) -> Result<(), Failure> {
    meter.charge(1)?;
    let Some(levels) = levels.checked_sub(1) else { return error("value is nested too deep to be shown") };
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(&value.to_string()),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Uint(value) => out.push_str(&value.to_string()),
        Value::Double(value) => out.push_str(&double(*value)),
        Value::String(text) => {
            meter.text(text.len())?;
            out.push_str(text);
        }
        Value::Bytes(octets) => {
            meter.text(octets.len())?;
            out.push_str(&String::from_utf8_lossy(octets));
        }
        Value::Timestamp(time) => out.push_str(&time.to_string()),
        Value::Duration(duration) => out.push_str(&duration.to_string()),
        Value::Type(name) => out.push_str(name),
        Value::List(list) => {
            out.push('[');
            for (at, item) in list.items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                inner(meter, out, item, levels)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (at, (key, value)) in map.entries.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                inner(meter, out, &key.to_value(), levels)?;
                out.push(':');
                inner(meter, out, value, levels)?;
            }
            out.push('}');
        }
        Value::Optional(_)
        | Value::Url(_)
        | Value::Ip(_)
        | Value::Cidr(_)
        | Value::Quantity(_)
        | Value::Semver(_)
        | Value::Format(_) => {
            return error(format!(
                "error during formatting: %s cannot show a value of type {}",
                value.type_name()
            ));
        }
    }
    Ok(())
}

/// Within a list or a map, as CEL would write it.
fn inner(meter: &mut Meter, out: &mut String, value: &Value, levels: usize) -> Result<(), Failure> {
    match value {
        Value::String(text) => {
            meter.text(text.len())?;
            out.push_str(&format!("{text:?}"));
        }
        Value::Bytes(octets) => {
            meter.text(octets.len())?;
            out.push_str(&format!("b{:?}", String::from_utf8_lossy(octets)));
        }
        Value::Timestamp(time) => out.push_str(&format!("timestamp({:?})", time.to_string())),
        Value::Duration(duration) => out.push_str(&format!("duration({:?})", duration.to_string())),
        Value::Double(value) if value.is_nan() => out.push_str("\"NaN\""),
        Value::Double(value) if value.is_infinite() => {
            out.push_str(if *value > 0.0 { "\"+Inf\"" } else { "\"-Inf\"" });
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Double(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Type(_)
        | Value::Optional(_)
        | Value::Url(_)
        | Value::Ip(_)
        | Value::Cidr(_)
        | Value::Quantity(_)
        | Value::Semver(_)
        | Value::Format(_) => shown(meter, out, value, levels)?,
    }
    Ok(())
}
