//! Arguments by place. Their types were checked before the call, so what does not fit never occurs.
use crate::text::Text;
use crate::value::{List, Map, MapType, Value};
use std::borrow::Cow;

/// More of anything than this is not made by one call.
pub(super) const MOST_ITEMS: usize = 1_000_000;
pub(super) const MOST_BYTES: usize = 64 << 20;

pub(super) fn bytes(args: &[Value], at: usize) -> &[u8] {
    match args.get(at) {
        Some(Value::Text(text) | Value::Bytes(text)) => text.as_bytes(),
        _ => b"",
    }
}

pub(super) fn text(args: &[Value], at: usize) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes(args, at))
}

pub(super) fn int(args: &[Value], at: usize) -> i64 {
    match args.get(at) {
        Some(Value::Int(value)) => *value,
        _ => 0,
    }
}

pub(super) fn float(args: &[Value], at: usize) -> f64 {
    match args.get(at) {
        Some(Value::Float(value)) => *value,
        _ => 0.0,
    }
}

pub(super) fn truth(args: &[Value], at: usize) -> bool {
    matches!(args.get(at), Some(Value::Bool(true)))
}

pub(super) fn map(args: &[Value], at: usize) -> Map {
    match args.get(at) {
        Some(Value::Map(map)) => map.clone(),
        _ => Map::nil(MapType::Any),
    }
}

/// The items of anything that is a slice to Go.
pub(super) fn items(value: &Value) -> Option<Cow<'_, [Value]>> {
    match value {
        Value::List(list) => Some(list.items().into()),
        Value::Bytes(bytes) => Some(bytes.as_bytes().iter().map(|byte| Value::Uint8(*byte)).collect()),
        _ => None,
    }
}

pub(super) fn list(value: &Value) -> Option<&List> {
    match value {
        Value::List(list) => Some(list),
        _ => None,
    }
}

/// sprig's way to make a string of anything.
pub(super) fn string(value: &Value) -> Result<Text, String> {
    match value {
        Value::Text(text) | Value::Bytes(text) => Ok(text.clone()),
        _ => Ok(crate::fmt::display(value)?.into()),
    }
}

/// sprig's way to make strings of a list, or of anything else.
pub(super) fn strings(value: &Value) -> Result<Vec<Text>, String> {
    match items(value) {
        Some(items) => items.iter().filter(|item| !item.is_nil()).map(string).collect(),
        None if value.is_nil() => Ok(Vec::new()),
        None => Ok(vec![string(value)?]),
    }
}

pub(super) fn check_bytes(count: usize) -> Result<(), String> {
    if count > MOST_BYTES { Err(format!("a result of more than {MOST_BYTES} bytes")) } else { Ok(()) }
}

pub(super) fn check_items(count: usize) -> Result<(), String> {
    if count > MOST_ITEMS { Err(format!("a list of more than {MOST_ITEMS} items")) } else { Ok(()) }
}

pub(super) fn ints(values: impl IntoIterator<Item = i64>) -> Value {
    Value::List(List::new(crate::value::ListType::Int, values.into_iter().map(Value::Int).collect()))
}
