use crate::{TypeId, Types};
use serde_json::Value;

/// Sets absent fields to the schema's defaults, all the way down, and removes nulls that are not nullable where a
/// default takes their place.
pub fn apply_defaults(value: &mut Value, types: &Types, id: TypeId) {
    todo!("{value} {types:?} {id:?}")
}
