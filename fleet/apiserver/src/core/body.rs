//! Between stored bytes and objects, and the fields of `metadata` that the server owns.

use crate::core::registry::Resource;
use crate::core::text::Text;
use serde_json::{Map, Value};

/// A stored body as an object of this resource. Where a webhook converts, it still is in the version that it is stored
/// in: see `Cluster::read`.
pub fn decode(body: &Text, resource: &Resource) -> Value {
    let mut value = parse(body);
    if is_rough(body) {
        crate::core::convert::smooth(&mut value, resource);
    }
    crate::core::convert::from_storage(&mut value, resource);
    let converted = resource.custom.as_ref().is_some_and(|custom| custom.webhook.is_some());
    if let Some(map) = value.as_object_mut() {
        if !converted {
            map.insert("apiVersion".into(), resource.api_version().into());
        }
        map.insert("kind".into(), (&*resource.kind).into());
    }
    value
}

/// A stored body as a value, without apiVersion and kind. What we stored is JSON; anything else reads as empty.
pub fn parse(body: &Text) -> Value {
    serde_json::from_slice(&body.bytes()).unwrap_or_else(|_| Value::Object(Map::new()))
}

/// An object as it is stored.
pub fn encode(object: &Value, resource: &Resource) -> Vec<u8> {
    if resource.custom.is_some() || crate::core::convert::differs(resource) {
        let mut stored = object.clone();
        crate::core::convert::to_storage(&mut stored, resource);
        // Versions come and go; only where there was never another one it goes without saying.
        let dated = resource.custom.as_ref().is_some_and(|custom| !custom.reads_as_stored);
        return bare(&stored, dated);
    }
    bare(object, false)
}

/// As `encode`, for an object that is read otherwise than it is stored: an apply lets through what the next read drops.
/// A space behind it says so, and makes the next write a change.
pub fn encode_rough(object: &Value, resource: &Resource) -> Vec<u8> {
    let mut stored = encode(object, resource);
    stored.push(ROUGH);
    stored
}

const ROUGH: u8 = b' ';

pub fn is_rough(body: &Text) -> bool {
    body.ends_with(ROUGH)
}

/// Without `kind`, and without `apiVersion` unless it is `dated`.
fn bare(object: &Value, dated: bool) -> Vec<u8> {
    let fields = object.as_object().into_iter().flatten();
    let mut out = Vec::with_capacity(1024);
    out.push(b'{');
    let left_out = |key: &str| key == "kind" || (key == "apiVersion" && !dated);
    for (key, value) in fields.filter(|(key, _)| !left_out(key)) {
        if out.len() > 1 {
            out.push(b',');
        }
        json_into(&mut out, &Value::from(&**key));
        out.push(b':');
        json_into(&mut out, value);
    }
    out.push(b'}');
    out
}

/// A value as JSON text.
pub fn json(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    json_into(&mut out, value);
    out
}

fn json_into(out: &mut Vec<u8>, value: &Value) {
    if serde_json::to_writer(out, value).is_err() {
        unreachable!("values are JSON, and memory takes all of it");
    }
}

/// A stored body as the JSON text of an object of this resource.
pub fn splice(body: &Text, resource: &Resource) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 96);
    splice_into(&mut out, body, resource);
    out
}

pub fn splice_into(out: &mut Vec<u8>, body: &Text, resource: &Resource) {
    if crate::core::convert::differs(resource) || is_rough(body) {
        out.extend_from_slice(decode(body, resource).to_string().as_bytes());
        return;
    }
    out.extend_from_slice(b"{\"kind\":\"");
    out.extend_from_slice(resource.kind.as_bytes());
    out.extend_from_slice(b"\",\"apiVersion\":\"");
    out.extend_from_slice(resource.api_version().as_bytes());
    out.push(b'"');
    if body.len() > 2 {
        out.push(b',');
        body.write_after(1, out);
    } else {
        out.push(b'}');
    }
}

pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

pub fn meta<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get("metadata").and_then(|m| m.get(field)).and_then(Value::as_str).unwrap_or_default()
}

pub fn meta_value<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    object.get("metadata")?.get(field)
}

/// `metadata`, made if it is missing or no mapping.
pub fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    field(object, "metadata")
}

/// A mapping below an object, made if it is missing or something else.
pub fn field<'a>(object: &'a mut Value, name: &str) -> &'a mut Map<String, Value> {
    let object = as_map(object);
    as_map(object.entry(name).or_insert_with(|| Value::Object(Map::new())))
}

pub fn as_map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("made an object above"),
    }
}

pub fn set_meta(object: &mut Value, field: &str, value: Option<Value>) {
    match value {
        Some(value) => metadata(object).insert(field.into(), value),
        None => metadata(object).remove(field),
    };
}

/// Strings of a list such as `metadata.finalizers`.
pub fn strings(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

pub fn finalizers(object: &Value) -> Vec<String> {
    strings(meta_value(object, "finalizers"))
}

pub fn set_finalizers(object: &mut Value, finalizers: &[String]) {
    let value = (!finalizers.is_empty()).then(|| Value::from(finalizers.to_vec()));
    set_meta(object, "finalizers", value);
}

pub fn is_terminating(object: &Value) -> bool {
    !meta(object, "deletionTimestamp").is_empty()
}

/// The value at `a.b.c`, keys with dots excluded.
pub fn at<'a>(object: &'a Value, dotted: &str) -> Option<&'a Value> {
    dotted.split('.').filter(|p| !p.is_empty()).try_fold(object, |value, key| value.get(key))
}

pub fn set_at(object: &mut Value, dotted: &str, value: Value) {
    let mut here = object;
    for key in dotted.split('.').filter(|p| !p.is_empty()) {
        here = as_map(here).entry(key).or_insert(Value::Null);
    }
    *here = value;
}
