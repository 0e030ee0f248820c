use crate::{TypeId, Types};
use serde_json::Value;
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path}: {problem}")]
pub struct StrategicError {
    pub path: String,
    pub problem: String,
}

/// Strategic merge patch: JSON merge patch that merges lists by the keys of their types, with its directives `$patch`,
/// `$deleteFromPrimitiveList`, `$setElementOrder` and `$retainKeys`. With [`TypeId::ANY`] lists are replaced.
pub fn strategic_merge(
    live: &Value,
    patch: &Value,
    types: &Types,
    id: TypeId,
) -> Result<Value, StrategicError> {
    todo!("{live} {patch} {types:?} {id:?}")
}
