use crate::{FieldError, TypeId, Types};
use serde_json::Value;

/// Checks types, required fields, enumerations, ranges, lengths, patterns, formats and the uniqueness of sets' and
/// keyed lists' entries.
pub fn validate(value: &Value, types: &Types, id: TypeId) -> Vec<FieldError> {
    todo!("{value} {types:?} {id:?}")
}
