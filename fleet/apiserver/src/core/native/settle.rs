use super::quantity;
use mainstay_object::schema::{ListRelation, MapType, Scalar, Shape};
use mainstay_object::{MAX_DEPTH, Minor, TypeId, Types};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Fields that are plain values in Go, and so are left out when they are zero, by struct.
type Fields = BTreeMap<TypeId, BTreeSet<&'static str>>;

struct Tables {
    values: Fields,
    /// Fields that Go writes though they are nothing: lists, maps, pointers and times without a way to be left out.
    nulls: Fields,
}

fn tables(types: &Types) -> Option<&'static Tables> {
    static V1_31: LazyLock<Tables> = LazyLock::new(|| Tables::of(Minor::V1_31));
    static V1_36: LazyLock<Tables> = LazyLock::new(|| Tables::of(Minor::V1_36));
    Some(match types.minor()? {
        Minor::V1_31 => &V1_31,
        Minor::V1_36 => &V1_36,
    })
}

fn values(types: &Types, id: TypeId) -> Option<&'static BTreeSet<&'static str>> {
    tables(types)?.values.get(&id)
}

fn nulls(types: &Types, id: TypeId) -> Option<&'static BTreeSet<&'static str>> {
    tables(types)?.nulls.get(&id)
}

impl Tables {
    fn of(minor: Minor) -> Self {
        let (values, nulls) = (include_str!("values.txt"), include_str!("nulls.txt"));
        Self { values: fields(values, minor), nulls: fields(nulls, minor) }
    }
}

fn fields(text: &'static str, minor: Minor) -> Fields {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
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

/// Where maps and lists are there and empty. Go tells these from absent ones, though the next read does not.
pub fn note_empty(here: &Value, types: &Types, id: TypeId, at: &mut String, into: &mut BTreeSet<String>) {
    let length = at.len();
    match (&types.get(id).shape, here) {
        (Shape::Map(map), Value::Object(entries)) => {
            if map.fields.is_empty() && entries.is_empty() {
                into.insert(at.clone());
            }
            for (name, child) in entries {
                let Some(ty) = map.fields.get(name).map(|field| field.ty).or(map.element) else { continue };
                at.push('/');
                at.push_str(name);
                note_empty(child, types, ty, at, into);
                at.truncate(length);
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            if items.is_empty() {
                into.insert(at.clone());
            }
            for (index, item) in items.iter().enumerate() {
                at.push_str(&format!("/{index}"));
                note_empty(item, types, list.element, at, into);
                at.truncate(length);
            }
        }
        (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => {}
    }
}

/// Puts back empty maps and lists in items of lists that are owned as a whole: those are compared as Go compares structs,
/// in which something empty is not nothing.
pub fn put_back(object: &mut Value, types: &Types, id: TypeId, empty: &BTreeSet<String>) {
    for pointer in empty {
        let (mut here, mut id, mut whole) = (&mut *object, id, false);
        let mut steps = pointer.split('/').skip(1).peekable();
        while let Some(step) = steps.next() {
            let last = steps.peek().is_none();
            (here, id) = match (&types.get(id).shape, here) {
                (Shape::Map(map), Value::Object(entries)) => {
                    let Some(ty) = map.fields.get(step).map(|field| field.ty).or(map.element) else { break };
                    if last && whole {
                        let list = matches!(types.get(ty).shape, Shape::List(_));
                        let nothing = if list { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
                        entries.entry(step).or_insert(nothing);
                    }
                    let Some(child) = entries.get_mut(step) else { break };
                    (child, ty)
                }
                (Shape::List(list), Value::Array(items)) => {
                    whole |= list.relation == ListRelation::Atomic;
                    let Some(item) = step.parse().ok().and_then(|index: usize| items.get_mut(index)) else {
                        break;
                    };
                    (item, list.element)
                }
                (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => break,
            };
        }
    }
}

/// Brings an object into the form in which its structs are written. Settling twice is settling once.
pub fn settle(object: &mut Value, types: &Types, id: TypeId) {
    complete(object, types, id);
    value(object, types, id, true, 0);
}

/// As `settle`, but lists that a client wrote are still lists.
pub fn complete(object: &mut Value, types: &Types, id: TypeId) {
    let mut empty = Vec::new();
    written_empty(object, types, id, &mut String::new(), &mut empty, 0);
    mainstay_object::normalize(object, types, id);
    value(object, types, id, false, 0);
    for pointer in empty {
        if let Some(here) = object.pointer_mut(&pointer) {
            *here = Value::Array(Vec::new());
        }
    }
}

/// Where a client wrote an empty list that is null once it is stored.
fn written_empty(
    here: &Value,
    types: &Types,
    id: TypeId,
    at: &mut String,
    into: &mut Vec<String>,
    depth: usize,
) {
    if depth > MAX_DEPTH {
        return;
    }
    let length = at.len();
    match (&types.get(id).shape, here) {
        (Shape::Map(map), Value::Object(entries)) => {
            let nulls = nulls(types, id);
            for (name, child) in entries {
                let Some(ty) = map.fields.get(name).map(|field| field.ty).or(map.element) else { continue };
                at.push('/');
                at.push_str(&name.replace('~', "~0").replace('/', "~1"));
                if nulls.is_some_and(|nulls| nulls.contains(&**name))
                    && child.as_array().is_some_and(Vec::is_empty)
                {
                    into.push(at.clone());
                }
                written_empty(child, types, ty, at, into, depth + 1);
                at.truncate(length);
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                at.push_str(&format!("/{index}"));
                written_empty(item, types, list.element, at, into, depth + 1);
                at.truncate(length);
            }
        }
        (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => {}
    }
}

fn value(here: &mut Value, types: &Types, id: TypeId, stored: bool, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let ty = types.get(id);
    match (&ty.shape, here) {
        (Shape::Map(map), Value::Object(entries)) => {
            if ty.native {
                fill(entries, map, types, id, stored);
            }
            for (name, child) in entries.iter_mut() {
                // Values of Go's maps are never nothing.
                if map.fields.is_empty()
                    && child.is_null()
                    && let Some(zero) = zero(types, map.element)
                {
                    *child = zero.into();
                }
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

/// What a null is as an entry of a map.
fn zero(types: &Types, id: Option<TypeId>) -> Option<&'static str> {
    match types.get(id?).shape {
        Shape::Scalar(Scalar::Quantity) => Some("0"),
        Shape::Scalar(Scalar::String) => Some(""),
        Shape::Scalar(_) | Shape::Any | Shape::Map(_) | Shape::List(_) => None,
    }
}

/// Fields that a struct always has: structs in it, and what has no way to be absent.
fn fill(entries: &mut Map<String, Value>, map: &MapType, types: &Types, id: TypeId, stored: bool) {
    let has = |table: Option<&BTreeSet<&str>>, name: &str| table.is_some_and(|fields| fields.contains(name));
    let (values, nulls) = (values(types, id), nulls(types, id));
    for (name, field) in &map.fields {
        let list = matches!(types.get(field.ty).shape, Shape::List(_));
        let empty_list =
            stored && list && entries.get(name).and_then(Value::as_array).is_some_and(Vec::is_empty);
        if entries.get(name).is_some_and(|there| !there.is_null()) && !empty_list {
            continue;
        }
        match &field.default {
            _ if has(nulls, name) => drop(entries.insert(name.clone(), Value::Null)),
            // Not what it has anyway, but a default: those were set.
            Some(default) if !is_zero(default) && !default.is_object() => {}
            Some(default) if is_zero(default) && has(values, name) => {}
            // A time is a struct to the server, and left out when it is zero.
            Some(default) if default.is_object() && !matches!(types.get(field.ty).shape, Shape::Map(_)) => {}
            Some(default) => drop(entries.insert(name.clone(), default.clone())),
            None if list && map.required.contains(name) => drop(entries.insert(name.clone(), Value::Null)),
            None => {}
        }
    }
}
