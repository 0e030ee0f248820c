use super::quantity;
use mainstay_object::schema::{MapType, Scalar, Shape};
use mainstay_object::{MAX_DEPTH, Minor, TypeId, Types};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Lists and times that are written though they are nothing and nobody needs them: (group/plural, path).
const NULLS: [(&str, &str); 8] = [
    ("rbac.authorization.k8s.io/roles", "rules"),
    ("rbac.authorization.k8s.io/clusterroles", "rules"),
    ("/events", "eventTime"),
    ("/events", "firstTimestamp"),
    ("/events", "lastTimestamp"),
    ("events.k8s.io/events", "eventTime"),
    ("events.k8s.io/events", "deprecatedFirstTimestamp"),
    ("events.k8s.io/events", "deprecatedLastTimestamp"),
];

/// Fields that are plain values in Go, and so are left out when they are zero, by struct.
type Values = BTreeMap<TypeId, BTreeSet<&'static str>>;

fn values(types: &Types, id: TypeId) -> Option<&'static BTreeSet<&'static str>> {
    static V1_31: LazyLock<Values> = LazyLock::new(|| values_of(Minor::V1_31));
    static V1_36: LazyLock<Values> = LazyLock::new(|| values_of(Minor::V1_36));
    match types.minor()? {
        Minor::V1_31 => V1_31.get(&id),
        Minor::V1_36 => V1_36.get(&id),
    }
}

fn values_of(minor: Minor) -> Values {
    let lines = include_str!("values.txt").lines().filter(|line| !line.starts_with('#'));
    let structs = lines.filter_map(|line| {
        let mut words = line.split(' ');
        let id = Types::of_minor(minor).named(&format!("io.k8s.api.{}", words.next()?))?;
        Some((id, words.collect()))
    });
    structs.collect()
}

/// Drops what a client wrote and the server's structs can't tell from nothing: before defaults, which fill it.
pub fn drop_zeros(here: &mut Value, types: &Types, id: TypeId) {
    drop_below(here, types, id, 0);
}

fn drop_below(here: &mut Value, types: &Types, id: TypeId, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match (&types.get(id).shape, here) {
        (Shape::Map(map), Value::Object(entries)) => {
            if let Some(values) = values(types, id) {
                entries.retain(|name, value| !(is_zero(value) && values.contains(&**name)));
            }
            for (name, child) in entries.iter_mut() {
                if let Some(ty) = map.fields.get(name).map(|field| field.ty).or(map.element) {
                    drop_below(child, types, ty, depth + 1);
                }
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            items.iter_mut().for_each(|item| drop_below(item, types, list.element, depth + 1));
        }
        (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => {}
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(it) => !it,
        Value::Number(it) => it.as_i64() == Some(0),
        Value::String(it) => it.is_empty(),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// Brings an object into the form in which its structs are written. Settling twice is settling once.
pub fn settle(object: &mut Value, types: &Types, id: TypeId, plural: &str) {
    complete(object, types, id);
    value(object, types, id, true, 0);
    for (kind, field) in NULLS {
        if kind == plural && object.get(field).is_none_or(|v| v.as_array().is_some_and(Vec::is_empty)) {
            crate::core::body::as_map(object).insert(field.to_owned(), Value::Null);
        }
    }
}

/// As `settle`, but lists that a client wrote are still lists.
pub fn complete(object: &mut Value, types: &Types, id: TypeId) {
    mainstay_object::normalize(object, types, id);
    value(object, types, id, false, 0);
}

fn value(here: &mut Value, types: &Types, id: TypeId, stored: bool, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let ty = types.get(id);
    match (&ty.shape, here) {
        (Shape::Map(map), Value::Object(entries)) => {
            if ty.native {
                fill(entries, map, types, values(types, id), stored);
            }
            for (name, child) in entries.iter_mut() {
                if let Some(ty) = map.fields.get(name).map(|field| field.ty).or(map.element) {
                    value(child, types, ty, stored, depth + 1);
                }
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            items.iter_mut().for_each(|item| value(item, types, list.element, stored, depth + 1));
        }
        (Shape::Scalar(Scalar::Quantity), here) => {
            let text = match &*here {
                Value::String(text) => quantity::canonical(text.trim()),
                Value::Number(number) => quantity::canonical(&number.to_string()),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
            };
            if let Some(text) = text {
                *here = text.into();
            }
        }
        (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => {}
    }
}

/// Fields that a struct always has: structs in it, and what has no way to be absent.
fn fill(
    entries: &mut Map<String, Value>,
    map: &MapType,
    types: &Types,
    values: Option<&BTreeSet<&str>>,
    stored: bool,
) {
    for (name, field) in &map.fields {
        let list = matches!(types.get(field.ty).shape, Shape::List(_));
        let empty_list =
            stored && list && entries.get(name).and_then(Value::as_array).is_some_and(Vec::is_empty);
        if entries.get(name).is_some_and(|there| !there.is_null()) && !empty_list {
            continue;
        }
        match &field.default {
            Some(default) if is_zero(default) && values.is_some_and(|v| v.contains(&**name)) => {}
            // A time is a struct to the server, and left out when it is zero.
            Some(default) if default.is_object() && !matches!(types.get(field.ty).shape, Shape::Map(_)) => {}
            Some(default) => drop(entries.insert(name.clone(), default.clone())),
            None if list && map.required.contains(name) => drop(entries.insert(name.clone(), Value::Null)),
            None => {}
        }
    }
}
