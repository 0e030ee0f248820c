//! Bodies that clients write as protobuf, as JSON.
//!
//! Clients that Kubernetes generates write protobuf and don't fall back; all of them read JSON, which is what they are
//! answered with. As on the real server, fields that are not known are skipped, and what is no message of a built-in
//! kind is refused as a media type that the server does not know is.

mod table;
mod wire;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use table::{Field, Message, Repeated, Scalar, Table, Type};
use wire::{Part, Wire};

pub(super) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

const MAGIC: &[u8] = b"k8s\0";
/// How deep messages may be nested.
const DEPTH: usize = 100;
const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

/// The message as a JSON object; `None` if it is of no known kind or malformed.
pub(super) fn to_json(body: &[u8]) -> Option<Value> {
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for (number, value) in Wire(body.strip_prefix(MAGIC)?).fields()? {
        match (number, value) {
            (1, Part::Bytes(meta)) => {
                for (number, value) in Wire(meta).fields()? {
                    match (number, value) {
                        (1, Part::Bytes(text)) => api_version = utf8(text)?,
                        (2, Part::Bytes(text)) => kind = utf8(text)?,
                        (_, Part::Bytes(_) | Part::Number(_)) => {}
                    }
                }
            }
            (2, Part::Bytes(bytes)) => raw = bytes,
            (_, Part::Bytes(_) | Part::Number(_)) => {}
        }
    }
    let table = Table::get();
    let own = table.kinds.get(&api_version).and_then(|package| table.message(package, &kind));
    // Options are of every group.
    let known = own.or_else(|| kind.ends_with("Options").then(|| table.message(META, &kind)).flatten())?;
    let mut object = fields(raw, known, 0)?;
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    Some(Value::Object(object))
}

fn fields(bytes: &[u8], known: &Message, depth: usize) -> Option<Map<String, Value>> {
    if depth > DEPTH {
        return None;
    }
    let mut out = Map::new();
    for (number, part) in Wire(bytes).fields()? {
        let Some(field) = known.field(number) else { continue };
        if field.inline {
            if let (Type::Message(name), Part::Bytes(bytes)) = (&field.kind, &part) {
                out.append(&mut fields(bytes, Table::get().messages.get(name)?, depth + 1)?);
            }
            continue;
        }
        let slot = || field.name.clone();
        match field.repeated {
            Repeated::No => {
                let value = one(field, part, depth)?;
                if field.keeps_zero || !is_zero(&value) {
                    out.insert(slot(), value);
                }
            }
            Repeated::List => {
                let item = one(field, part, depth)?;
                out.entry(slot()).or_insert_with(|| json!([])).as_array_mut()?.push(item);
            }
            Repeated::Map => {
                let Part::Bytes(bytes) = part else { return None };
                let (mut key, mut value) = (String::new(), Part::Bytes(&[]));
                for (number, part) in Wire(bytes).fields()? {
                    match (number, part) {
                        (1, Part::Bytes(bytes)) => key = utf8(bytes)?,
                        (2, part) => value = part,
                        (_, Part::Bytes(_) | Part::Number(_)) => {}
                    }
                }
                let value = one(field, value, depth)?;
                out.entry(slot()).or_insert_with(|| json!({})).as_object_mut()?.insert(key, value);
            }
        }
    }
    Some(out)
}

fn one(field: &Field, part: Part<'_>, depth: usize) -> Option<Value> {
    Some(match (&field.kind, part) {
        (Type::Scalar(Scalar::Text), Part::Bytes(bytes)) => utf8(bytes)?.into(),
        (Type::Scalar(Scalar::Bytes), Part::Bytes(bytes)) => STANDARD.encode(bytes).into(),
        (Type::Scalar(Scalar::Bool), Part::Number(n)) => (n != 0).into(),
        (Type::Scalar(Scalar::Integer), Part::Number(n)) => n.cast_signed().into(),
        (Type::Scalar(Scalar::Double), Part::Bytes(bytes)) => {
            f64::from_le_bytes(bytes.try_into().ok()?).into()
        }
        (Type::Message(name), Part::Bytes(bytes)) => message(name, bytes, depth + 1)?,
        (Type::Scalar(_) | Type::Message(_), Part::Bytes(_) | Part::Number(_)) => return None,
    })
}

/// A message; those that JSON writes in a way of their own first.
fn message(name: &str, bytes: &[u8], depth: usize) -> Option<Value> {
    let number = |wanted| {
        let found = Wire(bytes).fields()?.into_iter().rev().find(|(number, _)| *number == wanted);
        Some(match found {
            Some((_, Part::Number(n))) => n.cast_signed(),
            Some((_, Part::Bytes(_))) | None => 0,
        })
    };
    let text = |wanted| {
        let found = Wire(bytes).fields()?.into_iter().rev().find(|(number, _)| *number == wanted);
        match found {
            Some((_, Part::Bytes(bytes))) => Some(bytes),
            Some((_, Part::Number(_))) => None,
            None => Some(&[][..]),
        }
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    Some(match (name.starts_with("io.k8s.api."), last) {
        (false, "Time" | "MicroTime") if bytes.is_empty() => Value::Null,
        (false, "Time" | "MicroTime") => {
            let nanos = number(1)?.checked_mul(1_000_000_000)?.checked_add(number(2)?)?;
            let at = crate::core::Now(nanos);
            if last == "Time" { at.rfc3339().into() } else { at.rfc3339_micros().into() }
        }
        (false, "Quantity") => utf8(text(1)?)?.into(),
        (false, "IntOrString") if number(1)? == 0 => number(2)?.into(),
        (false, "IntOrString") => utf8(text(3)?)?.into(),
        (false, "RawExtension" | "FieldsV1" | "JSON") => match text(1)? {
            [] => Value::Null,
            raw => serde_json::from_slice(raw).ok()?,
        },
        (false, "JSONSchemaPropsOrBool" | "JSONSchemaPropsOrArray" | "JSONSchemaPropsOrStringArray") => {
            let known = Table::get().messages.get(name)?;
            let read = fields(bytes, known, depth)?;
            // The schema, else the other thing: a flag or a list.
            let (mut schema, mut other) = (None, None);
            for (key, value) in read {
                if matches!(key.as_str(), "Schema" | "schema") {
                    schema = Some(value)
                } else {
                    other = Some(value)
                }
            }
            schema.or(other).unwrap_or(Value::Bool(false))
        }
        _ => {
            let known = Table::get().messages.get(name)?;
            let mut read = fields(bytes, known, depth)?;
            if known.list { read.remove("").unwrap_or_else(|| json!([])) } else { Value::Object(read) }
        }
    })
}

/// What JSON leaves out where it says `omitempty`; empty messages stay.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(true) | Value::Array(_) | Value::Object(_) => false,
    }
}

fn utf8(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

#[cfg(test)]
mod tests;
