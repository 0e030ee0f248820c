//! Kubernetes objects: identity, field paths, schemas, structured merge, patches, defaulting and validation.
//!
//! Absent by design: I/O, async, clocks, randomness, and any knowledge of units or of who calls. Timestamps that an API
//! server would write are parameters. A program that never heard of Mainstay can use this crate.

mod digest;
mod kind;
mod object;
mod reference;
#[cfg(test)]
mod tests;

pub use digest::{Digest, canonical_bytes};
pub use kind::{GroupKind, GroupVersion, GroupVersionKind};
pub use object::{NotAnObject, Object};
pub use reference::ObjectKey;
pub use serde_json::{Map, Value};
