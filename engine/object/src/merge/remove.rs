use crate::fieldset::item_element;
use crate::schema::{Atom, ListRelation, ListType, MapType};
use crate::{FieldSet, TypeId, Types};
use serde_json::{Map, Value};

/// The value without the set's members and all that is below them. A container that loses everything becomes null, as
/// an API server leaves it for its decoder to drop.
pub(super) fn remove(value: &Value, set: &FieldSet, types: &Types, id: TypeId) -> Value {
    match (types.atom(id, value), value) {
        (Atom::Scalar, value) => value.clone(),
        (Atom::Map(map), Value::Object(entries)) if !map.atomic && !entries.is_empty() => {
            from_map(entries, set, map, types)
        }
        (Atom::List(list), Value::Array(items))
            if list.relation != ListRelation::Atomic && !items.is_empty() =>
        {
            from_list(items, set, list, types)
        }
        (Atom::Map(_) | Atom::List(_), _) => Value::Null,
    }
}

fn from_map(value: &Map<String, Value>, set: &FieldSet, map: &MapType, types: &Types) -> Value {
    let mut out = Map::new();
    for (name, child) in value {
        let kept = match set.field(name) {
            Some(node) if node.member => continue,
            Some(node) => remove(child, &node.children, types, map.type_of(name)),
            None => child.clone(),
        };
        out.insert(name.clone(), kept);
    }
    if out.is_empty() { Value::Null } else { Value::Object(out) }
}

fn from_list(value: &[Value], set: &FieldSet, list: &ListType, types: &Types) -> Value {
    let mut out = Vec::with_capacity(value.len());
    for item in value {
        let node = item_element(types, list, item).ok().and_then(|element| set.node(&element));
        out.push(match node {
            Some(node) if node.member => continue,
            Some(node) => remove(item, &node.children, types, list.element),
            None => item.clone(),
        });
    }
    if out.is_empty() { Value::Null } else { Value::Array(out) }
}
