//! Structured merge: what server-side apply and every other write do to an object and to the record of its owners.
//!
//! No clock: the time of a write is a parameter. No identity checks, admission or storage: those are an API server's.

mod apply;
mod combine;
mod compare;
mod completed;
mod conflict;
pub mod golang;
mod last_applied;
mod list;
mod owners;
mod prune;
mod reconcile;
mod remove;
mod settled;
#[cfg(test)]
mod tests;
mod typed;
mod update;
mod write;

pub use apply::apply;
pub use compare::Comparison;
pub use conflict::Conflict;
pub use update::update;
pub use write::same_but_times;

use crate::{FieldFilter, ManagedFieldsError, TypeId, Types};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
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
    /// The type in the version of this request.
    pub type_id: TypeId,
    /// Fields that nobody comes to own through this endpoint. `None`: every field may be owned.
    pub resets: Option<&'a Resets>,
    /// The kind in its other versions.
    pub versions: &'a dyn Versions,
    /// Runs on a merged object before it is stored: what the kind holds no more than nothing is dropped, schema and kind
    /// defaults are set. `None` for the former alone, by the schema.
    pub default: Option<&'a dyn Fn(&mut Value)>,
}

/// Which fields an endpoint leaves to be owned: it resets `status` on the object itself; `spec`, `metadata` and the like
/// on the status subresource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resets {
    /// In these versions, by their own names of the fields.
    pub by_version: BTreeMap<String, FieldFilter>,
    /// In every other version.
    pub otherwise: Option<FieldFilter>,
}

impl Resets {
    fn at(&self, api_version: &str) -> Option<&FieldFilter> {
        self.by_version.get(api_version).or(self.otherwise.as_ref())
    }
}

/// A kind in several versions, all in one [`Types`] arena. Entries of `managedFields` name fields in the version that
/// they were written in.
pub trait Versions {
    /// The type in another version; `None` when it is served no more, whereupon entries in it are dropped.
    fn type_at(&self, api_version: &str) -> Option<TypeId>;
    /// The object in that version, `apiVersion` included.
    fn convert(&self, object: &Value, api_version: &str) -> Value;
    /// Brings an object into the form in which the kind holds it, with what it has though nobody wrote it. False where
    /// that is the form of its schema.
    fn complete(&self, _: &mut Value) -> bool {
        false
    }
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
            map.insert("apiVersion".to_owned(), api_version.into());
        }
        object
    }
}

/// The object to store.
#[derive(Debug, Clone, PartialEq)]
pub struct Written<'l> {
    /// With `metadata.managedFields`. The live object itself where nothing but timestamps of managed fields would differ.
    pub object: Cow<'l, Value>,
}

impl Written<'_> {
    pub fn changed(&self) -> bool {
        matches!(self.object, Cow::Owned(_))
    }
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum WriteError {
    /// Others own what is applied otherwise, and the applier did not force. Sorted by manager.
    #[error("{}", conflict::message(.0))]
    Conflicts(Vec<Conflict>),
    /// The applied object does not fit its type: duplicate or missing keys, wrong kinds of values, undeclared fields.
    #[error("failed to create typed patch object ({object}): {}", typed::text(.errors))]
    Applied { object: String, errors: Vec<String> },
    /// The live object does not fit its type.
    #[error("failed to create typed live object ({object}): {}", typed::text(.errors))]
    Live { object: String, errors: Vec<String> },
    /// As `Live`, for an object that nobody tracked so far.
    #[error(
        "failed to create manager for existing fields: failed to convert new object ({object}) to smd typed: {}",
        typed::text(.errors)
    )]
    Untracked { object: String, errors: Vec<String> },
    /// An object does not fit the type in another version that a manager wrote in.
    #[error("{what}{}", typed::text(.errors))]
    Converted { what: String, errors: Vec<String> },
    /// What is applied must not say who owns it.
    #[error("metadata.managedFields must be nil")]
    ManagedFieldsApplied,
    #[error("failed to decode managed fields: {0}")]
    ManagedFields(#[from] ManagedFieldsError),
    #[error("objects are nested deeper than {}", crate::MAX_DEPTH)]
    Depth,
}

impl fmt::Debug for WriteContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteContext")
            .field("manager", &self.manager)
            .field("subresource", &self.subresource)
            .field("now", &self.now)
            .field("type_id", &self.type_id)
            .field("resets", &self.resets)
            .finish_non_exhaustive()
    }
}
