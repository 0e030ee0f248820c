//! `'%s of %d'.format([…])`.

use super::conversion::double;
use crate::eval::meter::{Failure, Meter, Outcome, error, no_overload};
use crate::functions::{Function, member};
use crate::types::Type;
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

/// A piece of a format: text as it is, or what an argument is shown as.
enum Piece<'a> {
    Text(&'a str),
    Clause { verb: char, places: usize },
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push(Piece::Text(&rest[..at]));
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push(Piece::Text("%"));
            rest = after;
            continue;
        }
        let mut places = 6;
        if let Some(after) = rest.strip_prefix('.') {
            let length = after.bytes().take_while(u8::is_ascii_digit).count();
            places = after[..length].parse().map_err(|_| {
                let why = format!("strconv.Atoi: parsing {:?}: invalid syntax", &after[..length]);
                malformed(&format!(
                    "error while parsing precision: error while converting precision to integer: {why}"
                ))
            })?;
            if places > PLACES {
                return Err(malformed(&format!(
                    "precision {places} exceeds maximum allowed precision {PLACES}"
                )));
            }
            rest = &after[length..];
        }
        let Some(verb) = rest.chars().next() else { return Err("unexpected end of string".into()) };
        if !"sdfboxX".contains(verb) {
            return Err(malformed(&format!("unrecognized formatting clause \"{verb}\"")));
        }
        rest = &rest[verb.len_utf8()..];
        out.push(Piece::Clause { verb, places });
    }
    out.push(Piece::Text(rest));
    Ok(out)
}

fn malformed(why: &str) -> String {
    format!("could not parse formatting clause: {why}")
}

fn format(meter: &mut Meter, text: &str, args: &[Value]) -> Outcome {
    meter.text(text.len() * 2)?;
    let mut out = String::new();
    let mut args = args.iter().enumerate();
    let count = args.len();
    for piece in pieces(text).map_err(Failure::Error)? {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Clause { verb, places } => {
                let Some((_, arg)) = args.next() else { return error(format!("index {count} out of range")) };
                let before = out.len();
                clause(meter, &mut out, verb, places, arg)?;
                meter.text(out.len() - before)?;
            }
        }
    }
    Ok(Value::String(out.into()))
}

/// What is wrong with a format and the types of its arguments, and with which of them.
pub(crate) fn check(text: &str, given: &[Type]) -> Result<(), (Option<usize>, String)> {
    let pieces = pieces(text).map_err(|why| (None, why))?;
    let mut wanted = 0;
    for piece in pieces {
        let Piece::Clause { verb, .. } = piece else { continue };
        let Some(found) = given.get(wanted) else {
            return Err((None, format!("index {wanted} out of range")));
        };
        let fits = match verb {
            _ if *found == Type::Dyn => true,
            's' => !matches!(found, Type::Optional(_) | Type::Opaque(_) | Type::Object(_)),
            'd' | 'o' => matches!(found, Type::Int | Type::Uint),
            'f' => *found == Type::Double,
            'b' => matches!(found, Type::Int | Type::Uint | Type::Bool),
            _ => matches!(found, Type::Int | Type::Uint | Type::String | Type::Bytes),
        };
        if !fits {
            let name = match found {
                Type::Optional(_) => "optional_type".to_owned(),
                other => other.to_string(),
            };
            return Err((Some(wanted), unfit(verb, &name)));
        }
        wanted += 1;
    }
    if wanted < given.len() {
        let why =
            format!("too many arguments supplied to string.format (expected {wanted}, got {})", given.len());
        return Err((None, why));
    }
    Ok(())
}

fn unfit(verb: char, found: &str) -> String {
    let takes = match verb {
        's' => {
            "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps"
        }
        'd' => "decimal clause can only be used on integers",
        'f' => "fixed-point clause can only be used on doubles",
        'b' => "only integers and bools can be formatted as binary",
        'o' => "octal clause can only be used on integers",
        _ => "only integers, byte buffers, and strings can be formatted as hex",
    };
    format!("error during formatting: {takes}, was given {found}")
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
        (verb, other) => return error(unfit(verb, other.type_name())),
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
        Value::Double(value) => out.push_str(&format!("{value:.6}")),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
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
