use super::{FieldSet, item_element};
use crate::schema::{Atom, ListRelation, ListType, MapType};
use crate::{Digest, MAX_DEPTH, PathElement, TypeId, Types};
use serde_json::{Map, Value};

/// The value restricted to the set: its members, the containers that lead to them, and the key fields of list items on
/// the way. Of a container that is owned but of which nothing below is, null is left unless it is empty or atomic.
/// Applying the extract of what a manager owns changes nothing.
pub fn extract(value: &Value, set: &FieldSet, types: &Types, id: TypeId) -> Value {
    let there = FieldSet::of(value, types, id);
    restrict(value, set, &there.intersection(set), types, id, 0)
}

/// The digest of the extract. Sets and keyed lists count as unordered, `1` and `1.0` as different.
pub fn owned_digest(value: &Value, set: &FieldSet, types: &Types, id: TypeId) -> Digest {
    let mut extract = extract(value, set, types, id);
    sort_lists(&mut extract, types, id, 0);
    Digest::of_value(&extract)
}

/// `there` is what of the set the value has.
fn restrict(
    value: &Value,
    set: &FieldSet,
    there: &FieldSet,
    types: &Types,
    id: TypeId,
    depth: usize,
) -> Value {
    if depth > MAX_DEPTH {
        return value.clone();
    }
    match (types.atom(id, value), value) {
        (Atom::Map(map), Value::Object(entries)) if !map.atomic && !entries.is_empty() => {
            let kept = restrict_map(entries, set, there, map, types, depth);
            if kept.is_empty() { Value::Null } else { Value::Object(kept) }
        }
        (Atom::List(list), Value::Array(items))
            if list.relation != ListRelation::Atomic && !items.is_empty() =>
        {
            let kept = restrict_list(items, set, there, list, types, depth);
            if kept.is_empty() { Value::Null } else { Value::Array(kept) }
        }
        (Atom::Scalar | Atom::Map(_) | Atom::List(_), value) => value.clone(),
    }
}

fn restrict_map(
    value: &Map<String, Value>,
    set: &FieldSet,
    there: &FieldSet,
    map: &MapType,
    types: &Types,
    depth: usize,
) -> Map<String, Value> {
    let none = FieldSet::default();
    let mut out = Map::new();
    for (name, child) in value {
        let Some(node) = set.field(name) else { continue };
        let there = there.field(name).map_or(&none, |node| &node.children);
        let kept = restrict(child, &node.children, there, types, map.type_of(name), depth + 1);
        out.insert(name.clone(), kept);
    }
    out
}

fn restrict_list(
    value: &[Value],
    set: &FieldSet,
    there: &FieldSet,
    list: &ListType,
    types: &Types,
    depth: usize,
) -> Vec<Value> {
    let none = FieldSet::default();
    let mut out = Vec::new();
    for item in value {
        let Ok(element) = item_element(types, list, item) else { continue };
        let Some(node) = set.node(&element) else { continue };
        let below = there.node(&element);
        let there = below.map_or(&none, |node| &node.children);
        let mut kept = restrict(item, &node.children, there, types, list.element, depth + 1);
        if let (PathElement::Key(key), Some(_), Some(item)) = (&element, below, item.as_object()) {
            if kept.is_null() {
                kept = Value::Object(Map::new());
            }
            if let Some(kept) = kept.as_object_mut() {
                let keys = key.keys().filter_map(|name| Some((name.clone(), item.get(name)?.clone())));
                kept.extend(keys);
            }
        }
        out.push(kept);
    }
    out
}

fn sort_lists(value: &mut Value, types: &Types, id: TypeId, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match types.atom(id, value) {
        Atom::Scalar => {}
        Atom::Map(map) => {
            for (name, child) in value.as_object_mut().into_iter().flatten() {
                sort_lists(child, types, map.type_of(name), depth + 1);
            }
        }
        Atom::List(list) => {
            let Some(items) = value.as_array_mut() else { return };
            items.iter_mut().for_each(|item| sort_lists(item, types, list.element, depth + 1));
            if list.relation != ListRelation::Atomic {
                items.sort_by_cached_key(|item| item_element(types, list, item).ok());
            }
        }
    }
}
