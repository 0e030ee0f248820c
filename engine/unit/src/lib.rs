//! Names, references, units, variables and the small value types in which health, inventories and needs travel.
//!
//! Absent by design: how a unit was written (dialects), how it is rendered, where it is applied from. No I/O, no clock.

mod artifact;
mod chart;
mod condition;
mod content;
mod counterpart;
mod declared_chart;
mod duration;
mod health;
mod helm_run;
mod hook;
mod id;
mod ignore;
mod inventory;
mod manifest;
mod need;
mod policy;
mod release;
mod rendering;
mod rules;
mod selector;
#[cfg(test)]
mod tests;
pub mod tree;
mod unit;
mod variables;
mod veil;

pub use artifact::{ArtifactRequest, OciArtifact};
pub use chart::{
    Capabilities, ChartArchive, ChartCredentials, ChartRequest, ChartVersion, Lookup, OidcIdentity, Registry,
    Verification,
};
pub use condition::{Condition, Truth};
pub use content::{Content, NotText};
pub use counterpart::Counterpart;
pub use declared_chart::{Chart, Crds, ReleaseOptions, Renderer, ValuesSource};
pub use duration::parse_duration;
pub use health::{Health, HealthStatus};
pub use helm_run::{HelmGiven, HelmRun};
pub use hook::{Hook, HookDeletion, Moment};
pub use id::{InvalidUnitId, UnitId};
pub use ignore::{FieldIgnore, NameMatch};
pub use inventory::{Inventory, InventoryEntry, NotAnEntry};
pub use manifest::{Manifest, Pattern, Secrecy};
pub use need::{
    Authority, Claim, GitCredentials, GitReference, GitVerification, Need, Reference, ReferenceKind,
    Signable, SourceId, WebFile,
};
pub use policy::{Applying, Policy};
pub use release::Release;
pub use rendering::{
    CouldDeclare, Desired, Footprint, Reading, ReadingUnit, RenderState, Rendered, Tests, Unread,
};
pub use rules::{HealthRules, RuleFiles};
pub use selector::{NotASelector, Selector};
pub use unit::{
    Decryption, DeletionPolicy, Dependency, Dialect, DriftMode, Gate, HealthCheck, Missing, Overlay, Role,
    ServiceAccount, Source, Substitution, SubstitutionSource, Target, Timing, Unit, Workload,
};
pub use variables::{Layer, Variable, VariableType, Variables};
