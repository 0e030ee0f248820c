use json_patch::{PatchErrorKind, PatchOperation};
use serde_json::Value;
use std::slice;
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonPatchError {
    /// It is no list of operations: 400.
    #[error("{0}")]
    Invalid(String),
    /// 413.
    #[error("The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {0}")]
    TooMany(usize),
    /// Copies would blow the object up: 413.
    #[error(
        "Unable to complete the copy, the accumulated size increase of copy is {0}, exceeding the limit {MOST_COPIED_BYTES}"
    )]
    CopiesTooMuch(usize),
    /// It does not fit the object, or a test failed: 422.
    #[error("{0}")]
    NotApplicable(String),
}

/// As an API server's.
pub(super) const MOST_OPERATIONS: usize = 10_000;
pub(super) const MOST_COPIED_BYTES: usize = 3 * 1024 * 1024;

/// JSON patch (RFC 6902), all or nothing.
pub fn json_patch(target: &Value, patch: &Value) -> Result<Value, JsonPatchError> {
    let operations = patch
        .as_array()
        .ok_or_else(|| JsonPatchError::Invalid("a JSON patch is a list of operations".to_owned()))?;
    if operations.len() > MOST_OPERATIONS {
        return Err(JsonPatchError::TooMany(operations.len()));
    }
    let mut out = target.clone();
    let mut copied = 0;
    for (index, operation) in operations.iter().enumerate() {
        let operation: PatchOperation = serde_json::from_value(operation.clone())
            .map_err(|error| JsonPatchError::Invalid(format!("operation {index}: {error}")))?;
        if let PatchOperation::Copy(copy) = &operation {
            copied += copy.from.resolve(&out).map_or(0, |value| value.to_string().len());
            if copied > MOST_COPIED_BYTES {
                return Err(JsonPatchError::CopiesTooMuch(copied));
            }
        }
        json_patch::patch(&mut out, slice::from_ref(&operation))
            .map_err(|error| JsonPatchError::NotApplicable(problem(&operation, &error.kind)))?;
    }
    Ok(out)
}

/// An API server's wording.
fn problem(operation: &PatchOperation, kind: &PatchErrorKind) -> String {
    let path = operation.path();
    if matches!(kind, PatchErrorKind::TestFailed) {
        return format!("testing value {path} failed: test failed");
    }
    match operation {
        PatchOperation::Add(_) => {
            format!("add operation does not apply: doc is missing path: \"{path}\": missing value")
        }
        PatchOperation::Remove(_) => {
            format!("remove operation does not apply: doc is missing path: \"{path}\": missing value")
        }
        PatchOperation::Replace(_) => {
            format!("replace operation does not apply: doc is missing key: {path}: missing value")
        }
        PatchOperation::Move(it) => {
            format!("move operation does not apply: doc is missing from path: {}: missing value", it.from)
        }
        PatchOperation::Copy(it) => {
            format!("copy operation does not apply: doc is missing from path: {}: missing value", it.from)
        }
        PatchOperation::Test(_) => {
            format!("test operation does not apply: is missing path: {path}: missing value")
        }
    }
}
