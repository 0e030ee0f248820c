//! Whether a value is known to be what it was before. An API server knows it of fields that its schema names and of items
//! of keyed lists; other lists are the same as a whole or not at all.

use crate::fieldset::Pairs;
use crate::schema::{ListRelation, Shape};
use crate::{MAX_DEPTH, TypeId, Types};
use serde_json::Value;

/// These are in every object, though no schema names them.
const IDENTITY: [&str; 3] = ["apiVersion", "kind", "metadata"];

pub(super) fn is_unchanged(old: &Value, new: &Value, types: &Types, id: TypeId, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    let ty = types.get(id);
    match (old, new) {
        (Value::Object(olds), Value::Object(news)) => {
            let identified = ty.embedded_resource || depth == 0;
            let child = |name: &str| match &ty.shape {
                _ if identified && IDENTITY.contains(&name) => None,
                Shape::Map(map) => {
                    let element = map.element.filter(|element| *element != TypeId::ANY);
                    map.fields.get(name).map(|field| field.ty).or(element)
                }
                Shape::Any | Shape::Scalar(_) | Shape::List(_) => None,
            };
            olds.len() == news.len()
                && news.iter().all(|(name, new)| match (olds.get(name), child(name)) {
                    (Some(old), Some(id)) => is_unchanged(old, new, types, id, depth + 1),
                    (_, _) => false,
                })
        }
        (Value::Array(olds), Value::Array(news)) => {
            let Shape::List(list) = &ty.shape else { return olds == news };
            if !matches!(list.relation, ListRelation::Map(_)) {
                return olds == news;
            }
            let pairs = Pairs::new(types, list, Some(olds));
            olds.len() == news.len()
                && news.iter().all(|item| {
                    let old = pairs.old(item).filter(|_| has_keys(item, &list.relation));
                    old.is_some_and(|old| is_unchanged(old, item, types, list.element, depth + 1))
                })
        }
        (old, new) => old == new,
    }
}

/// Does an item have all keys of its list, each a scalar? Else nobody knows whether it was there before.
pub(super) fn has_keys(item: &Value, relation: &ListRelation) -> bool {
    let scalar = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    match relation {
        ListRelation::Map(keys) => keys.iter().all(|key| item.get(key).is_some_and(scalar)),
        ListRelation::Atomic | ListRelation::Set => true,
    }
}
