use crate::{TypeId, Types};
use serde_json::Value;

/// Removes fields that the type does not declare; returns their paths (`spec.template.spec.imge`), sorted. At the root
/// and in embedded resources `apiVersion`, `kind` and `metadata` stay.
pub fn prune(value: &mut Value, types: &Types, id: TypeId) -> Vec<String> {
    todo!("{value} {types:?} {id:?}")
}

/// The paths that `prune` would remove.
pub fn unknown_fields(value: &Value, types: &Types, id: TypeId) -> Vec<String> {
    todo!("{value} {types:?} {id:?}")
}
