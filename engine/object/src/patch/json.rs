use serde_json::Value;
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonPatchError {
    /// The patch itself is wrong: 400.
    #[error("{0}")]
    Invalid(String),
    /// More operations than an API server takes: 413.
    #[error("The allowed maximum operations in a JSON patch is {allowed}, got {got}")]
    TooMany { allowed: usize, got: usize },
    /// It does not fit the object: 422.
    #[error("{0}")]
    NotApplicable(String),
}

/// JSON patch (RFC 6902), all or nothing.
pub fn json_patch(target: &Value, patch: &Value) -> Result<Value, JsonPatchError> {
    todo!("{target} {patch}")
}
