use crate::{FieldSet, FieldSetError};
use serde_json::Value;
use std::fmt;
use thiserror::Error;

/// `metadata.managedFields`: who owns what. At most one entry per (manager, operation, subresource, and for updates
/// apiVersion).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ManagedFields {
    pub entries: Vec<ManagedEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedEntry {
    pub manager: String,
    pub operation: Operation,
    pub api_version: String,
    /// Empty for the object itself.
    pub subresource: String,
    /// RFC 3339, to the second.
    pub time: Option<String>,
    pub fields: FieldSet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    Apply,
    Update,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ManagedFieldsError {
    #[error("metadata.managedFields[{index}]: {problem}")]
    Entry { index: usize, problem: String },
    #[error("metadata.managedFields[{index}].fieldsV1: {error}")]
    Fields { index: usize, error: FieldSetError },
}

impl ManagedFields {
    /// Of an object; empty when it has none.
    pub fn of(object: &Value) -> Result<Self, ManagedFieldsError> {
        todo!("{object}")
    }

    /// The entries as JSON, sorted as an API server sorts them.
    pub fn encode(&self) -> Value {
        todo!()
    }

    /// The union of what a manager owns through any entry.
    pub fn owned_by(&self, manager: &str) -> FieldSet {
        self.entries
            .iter()
            .filter(|entry| entry.manager == manager)
            .fold(FieldSet::default(), |set, entry| set.union(&entry.fields))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        })
    }
}
