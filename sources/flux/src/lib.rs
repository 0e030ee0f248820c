//! The Flux dialect: Flux's objects, field by field, as units, sources and artifacts.
//!
//! Absent by design: rendering, fetching, files, clocks. A field that is not understood is never skipped: it is an
//! error with its position. This is the one crate that names Flux's API groups.

mod artifact;
mod chart;
mod compose;
mod exclude;
mod expression;
mod fields;
mod glob;
mod helmrelease;
mod installation;
mod kind;
mod kustomization;
mod legacy;
pub mod migrate;
mod read;
mod shape;
mod source;
mod tables;
#[cfg(test)]
mod tests;

pub use artifact::{Artifact, Copy, CopyStrategy, Generator, GeneratorSource};
pub use compose::{ComposeError, Composed, compose};
pub use exclude::{Exclusion, IgnoreFiles, artifact_of, without_ignored};
pub use glob::Glob;
pub use installation::{SUBSTITUTE_SWITCH, is_installation};
pub use kind::{KUSTOMIZE, Kind, Recognised, SOURCE, recognise};
pub use read::{Declaration, Place, Read, read};
pub use source::{Access, SourceDeclaration, SourceSpec};

/// The entry of a repository that Flux follows: `flux bootstrap` names it so.
pub const ENTRY_NAMESPACE: &str = "flux-system";
pub const ENTRY_NAME: &str = "flux-system";
