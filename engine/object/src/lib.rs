//! Kubernetes objects: identity, field paths, schemas, structured merge, patches, defaulting and validation.
//!
//! Absent by design: I/O, async, clocks, randomness, and any knowledge of units or of who calls. Timestamps that an API
//! server would write are parameters. A program that never heard of Mainstay can use this crate.

mod defaulting;
mod digest;
mod field_error;
mod fieldset;
mod kind;
mod managed;
pub mod merge;
mod object;
mod order;
pub mod patch;
mod path;
mod prune;
mod reference;
pub mod rules;
#[cfg(test)]
mod samples;
pub mod schema;
mod secret;
#[cfg(test)]
mod tests;
mod validate;

/// How deep objects, field sets and schemas may be nested. An API server's JSON reader stops earlier in practice; here
/// nothing deeper is walked.
pub const MAX_DEPTH: usize = 200;

pub use defaulting::{apply_defaults, complete, drop_nulls, normalize};
pub use digest::{Digest, DigestKey, canonical_bytes};
pub use field_error::{FieldError, FieldErrorKind};
pub use fieldset::{FieldFilter, FieldPattern, FieldSet, FieldSetError, PatternStep, extract, owned_digest};
pub use kind::{GroupKind, GroupVersion, GroupVersionKind};
pub use managed::{ManagedEntry, ManagedFields, ManagedFieldsError, Operation};
pub use object::{NotAnObject, Object};
pub use order::{compare_values, same_value};
pub use path::{FieldPath, PathElement};
pub use prune::{prune, unknown_fields};
pub use reference::ObjectKey;
pub use schema::{Kinds, Minor, TypeId, Types};
pub use serde_json::{Map, Value};
pub use validate::{validate, validate_status, validate_update};
