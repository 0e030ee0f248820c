use super::list;
use crate::schema::{Atom, ListRelation, MapType};
use crate::{TypeId, Types};
use serde_json::{Map, Value};

/// The live value with the applied one merged into it. Nothing is removed: absent in `applied` means unchanged.
pub(super) fn combine(live: &Value, applied: &Value, types: &Types, id: TypeId) -> Value {
    match types.atom(id, applied) {
        Atom::Scalar => applied.clone(),
        Atom::Map(map) => {
            let (left, right) = (live.as_object(), applied.as_object());
            if map.atomic || (left.is_none_or(Map::is_empty) && right.is_none_or(Map::is_empty)) {
                // Keeps the difference between empty and null.
                return applied.clone();
            }
            Value::Object(match (left, right) {
                (Some(left), Some(right)) => entries(left, right, map, types),
                (Some(only), None) | (None, Some(only)) => only.clone(),
                (None, None) => Map::new(),
            })
        }
        Atom::List(list) => {
            let (left, right) = (live.as_array(), applied.as_array());
            let empty = left.is_none_or(Vec::is_empty) && right.is_none_or(Vec::is_empty);
            if list.relation == ListRelation::Atomic || empty {
                return applied.clone();
            }
            Value::Array(match (left, right) {
                (Some(left), Some(right)) => list::combine(left, right, list, types),
                (Some(only), None) | (None, Some(only)) => only.clone(),
                (None, None) => Vec::new(),
            })
        }
    }
}

fn entries(
    live: &Map<String, Value>,
    applied: &Map<String, Value>,
    map: &MapType,
    types: &Types,
) -> Map<String, Value> {
    let kept = live.iter().map(|(name, there)| match applied.get(name) {
        Some(change) => (name.clone(), combine(there, change, types, map.type_of(name))),
        None => (name.clone(), there.clone()),
    });
    let added = applied.iter().filter(|(name, _)| !live.contains_key(*name));
    kept.chain(added.map(|(name, change)| (name.clone(), change.clone()))).collect()
}
