use super::{FieldSet, item_element};
use crate::schema::{Atom, ListRelation, ListType, MapType};
use crate::{Digest, MAX_DEPTH, PathElement, TypeId, Types};
use serde_json::{Map, Value};

/// The value restricted to the set: members, with everything below those that have nothing of their own below in the
/// set, the containers that lead to them, and the key fields of list items on the way. Applying the extract of what a
/// manager owns changes nothing.
pub fn extract(value: &Value, set: &FieldSet, types: &Types, id: TypeId) -> Value {
    restrict(value, set, types, id, 0)
}

/// The digest of the extract. Sets and keyed lists count as unordered, `1` and `1.0` as different.
pub fn owned_digest(value: &Value, set: &FieldSet, types: &Types, id: TypeId) -> Digest {
    let mut extract = extract(value, set, types, id);
    sort_lists(&mut extract, types, id, 0);
    Digest::of_value(&extract)
}

fn restrict(value: &Value, set: &FieldSet, types: &Types, id: TypeId, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return value.clone();
    }
    match (types.atom(id, value), value) {
        (Atom::Map(map), Value::Object(entries)) if !map.atomic => {
            Value::Object(restrict_map(entries, set, map, types, depth))
        }
        (Atom::List(list), Value::Array(items)) if list.relation != ListRelation::Atomic => {
            Value::Array(restrict_list(items, set, list, types, depth))
        }
        (Atom::Scalar | Atom::Map(_) | Atom::List(_), value) => value.clone(),
    }
}

fn restrict_map(
    value: &Map<String, Value>,
    set: &FieldSet,
    map: &MapType,
    types: &Types,
    depth: usize,
) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, child) in value {
        let Some(node) = set.field(name) else { continue };
        let kept = if node.children.is_empty() {
            child.clone()
        } else {
            restrict(child, &node.children, types, map.type_of(name), depth + 1)
        };
        out.insert(name.clone(), kept);
    }
    out
}

fn restrict_list(
    value: &[Value],
    set: &FieldSet,
    list: &ListType,
    types: &Types,
    depth: usize,
) -> Vec<Value> {
    let mut out = Vec::new();
    for item in value {
        let Ok(element) = item_element(types, list, item) else { continue };
        let Some(node) = set.node(&element) else { continue };
        let mut kept = if node.children.is_empty() && !item.is_object() {
            item.clone()
        } else {
            restrict(item, &node.children, types, list.element, depth + 1)
        };
        if let (PathElement::Key(key), Some(kept), Some(item)) =
            (&element, kept.as_object_mut(), item.as_object())
        {
            for name in key.keys() {
                if let Some(value) = item.get(name) {
                    kept.insert(name.clone(), value.clone());
                }
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
