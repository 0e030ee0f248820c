use super::{TypeId, Types};
use serde_json::Value;
use thiserror::Error;

/// The types of one version of a custom resource.
#[derive(Debug, Clone)]
pub struct CrdSchema {
    pub types: Types,
    pub root: TypeId,
}

/// Why a schema is not structural.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path}: {message}")]
pub struct SchemaError {
    /// `properties[spec].items`.
    pub path: String,
    pub message: String,
}

/// Reads `openAPIV3Schema` of a custom resource definition's version. `apiVersion`, `kind` and `metadata` need not be
/// declared. All errors are reported at once.
pub fn from_crd(schema: &Value) -> Result<CrdSchema, Vec<SchemaError>> {
    todo!("{schema}")
}
