//! Structured merge: what server-side apply and every other write do to an object and to the record of its owners.

use crate::{FieldPath, FieldSet, ManagedFieldsError, Operation, TypeId, Types};
use serde_json::Value;
use std::fmt;
use thiserror::Error;

/// Who writes, and by what rules.
#[derive(Clone, Copy)]
pub struct WriteContext<'a> {
    /// The field manager; "unknown" is recorded for an empty name.
    pub manager: &'a str,
    /// Empty for the object itself, else `status`, `scale`, ...
    pub subresource: &'a str,
    /// RFC 3339, to the second, in UTC.
    pub now: &'a str,
    pub types: &'a Types,
    pub type_id: TypeId,
    /// Fields that this endpoint resets: nobody owns them through it (`status` on the object itself, everything but
    /// `status` on the status subresource).
    pub reset: Option<&'a FieldSet>,
    /// The kind in its other versions.
    pub versions: &'a dyn Versions,
    /// Runs on a merged object before it is compared with the live one: schema and kind defaults. `None` for none.
    pub default: Option<&'a dyn Fn(&mut Value)>,
}

/// A kind in several versions. Entries of `managedFields` speak of fields in the version they were written in.
pub trait Versions {
    /// The type in another version; `None` when it is served no more (its entries are dropped).
    fn type_at(&self, api_version: &str) -> Option<TypeId>;
    /// The object in that version, `apiVersion` included.
    fn convert(&self, object: &Value, api_version: &str) -> Value;
}

/// One type for every version, no conversion but of `apiVersion`: a custom resource with conversion strategy `None`
/// whose versions share a schema, or a caller that knows no other version.
pub struct SameInAllVersions(pub TypeId);

impl Versions for SameInAllVersions {
    fn type_at(&self, _: &str) -> Option<TypeId> {
        Some(self.0)
    }
    fn convert(&self, object: &Value, api_version: &str) -> Value {
        let mut object = object.clone();
        if let Some(map) = object.as_object_mut() {
            map.insert("apiVersion".into(), api_version.into());
        }
        object
    }
}

/// The object to store.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// With `metadata.managedFields`.
    pub object: Value,
    /// False: nothing but timestamps would differ from the live object, which is returned as it is.
    pub changed: bool,
}

/// A field manager that owns fields which the applier wants otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub manager: String,
    pub operation: Operation,
    pub api_version: String,
    pub subresource: String,
    pub time: Option<String>,
    pub fields: Vec<FieldPath>,
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum WriteError {
    /// Apply was not told to force.
    #[error("{}", conflicts_text(.0))]
    Conflicts(Vec<Conflict>),
    /// An object does not fit its type: duplicate or missing keys, wrong types, undeclared fields.
    #[error("failed to create typed patch object ({object}): {}", .errors.join("\n"))]
    Typed { object: String, errors: Vec<String> },
    /// `metadata.managedFields` must be absent from what is applied.
    #[error("metadata.managedFields must be nil")]
    ManagedFieldsApplied,
    #[error("{0}")]
    ManagedFields(#[from] ManagedFieldsError),
    #[error("objects are nested deeper than {0}")]
    Depth(usize),
}

fn conflicts_text(conflicts: &[Conflict]) -> String {
    todo!("{conflicts:?}")
}

impl fmt::Debug for WriteContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteContext").field("manager", &self.manager).finish_non_exhaustive()
    }
}

/// Server-side apply: merges `applied` into `live` (`None` creates) and returns what to store. Neither identity nor
/// resourceVersion is checked here: that is the API server's work.
pub fn apply(
    live: Option<&Value>,
    applied: &Value,
    force: bool,
    context: &WriteContext<'_>,
) -> Result<Written, WriteError> {
    todo!("{live:?} {applied} {force} {context:?}")
}

/// Every other write: `new` is what is to be stored, defaulted; `live` is `None` on create. Returns it with its
/// `managedFields`. `new`'s own managedFields, if they can be read, replace the live ones first, as an API server lets
/// clients edit them; an empty list resets them.
pub fn update(live: Option<&Value>, new: &Value, context: &WriteContext<'_>) -> Result<Written, WriteError> {
    todo!("{live:?} {new} {context:?}")
}
