use crate::tree::TreePath;
use crate::{Chart, Counterpart, Desired, FieldIgnore, Reference, SourceId, UnitId, Variables};
use mainstay_diagnostic::Location;
use mainstay_object::{Map, ObjectKey, Value};
use serde::{Serialize, Serializer};
use std::sync::Arc;
use std::time::Duration;

/// The smallest thing that is planned, applied, checked and reported: what to render, where to put it, when.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    pub id: UnitId,
    pub role: Role,
    pub dialect: Dialect,
    pub declared_at: Location,
    pub target: Target,
    pub source: Source,
    pub depends_on: Vec<Dependency>,
    pub health_checks: Vec<HealthCheck>,
    pub gate: Gate,
    pub prune: bool,
    pub timing: Timing,
    /// Replace an object whose immutable fields differ.
    pub force: bool,
    pub suspend: bool,
    pub service_account: Option<ServiceAccount>,
    pub deletion_policy: DeletionPolicy,
    pub drift: DriftMode,
    pub drift_ignore: Vec<FieldIgnore>,
    pub variables: Variables,
    /// Whoever else applies it.
    pub counterpart: Option<Box<Counterpart>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Role {
    Cluster,
    Provider,
    Module,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Dialect {
    Native,
    Flux,
}

/// The cluster that a unit's objects go to. Clones share their text: whatever is known of an object names its target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub enum Target {
    #[default]
    Management,
    Workload(#[serde(serialize_with = "shared")] Arc<Workload>),
}

/// A cluster that is reached through the kubeconfig in a Secret of the management cluster. Without a key: `value`, then
/// `value.yaml`, as Cluster API and Flux write it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Workload {
    pub name: String,
    pub secret_namespace: String,
    pub secret_name: String,
    pub key: Option<String>,
}

fn shared<S: Serializer>(workload: &Arc<Workload>, serializer: S) -> Result<S::Ok, S::Error> {
    workload.serialize(serializer)
}

impl Target {
    /// Empty for the management cluster.
    pub fn name(&self) -> &str {
        match self {
            Self::Management => "",
            Self::Workload(workload) => &workload.name,
        }
    }
}

impl From<Workload> for Target {
    fn from(workload: Workload) -> Self {
        Self::Workload(Arc::new(workload))
    }
}

/// What a unit renders.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A folder of manifests, with or without a kustomization.
    Folder {
        source: SourceId,
        path: TreePath,
        overlay: Box<Overlay>,
    },
    Chart(Box<Chart>),
    /// Objects that the declaration itself spells out.
    Objects(Vec<Desired>),
}

/// What a declaration adds to the kustomization of its folder, before and after the build.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overlay {
    /// Fields merged into the root kustomization: namespace, namePrefix, nameSuffix, patches, images, components.
    pub kustomization: Map<String, Value>,
    /// Labels and annotations set on every object after the build.
    pub labels: Vec<(String, String)>,
    pub annotations: Vec<(String, String)>,
    pub substitution: Option<Substitution>,
    pub decryption: Option<Decryption>,
    /// Names no longer read from the folder's tree: Flux's `spec.ignoreMissingComponents`.
    pub ignore_missing_components: bool,
}

/// The unit has encrypted files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decryption {
    /// `sops`.
    pub provider: String,
    /// The Secret that holds the keys.
    pub keys: Option<Reference>,
}

/// Variables replaced in the built objects: `${name}`, `${name:=default}` and the other forms of envsubst.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Substitution {
    pub inline: Vec<(String, String)>,
    /// Later ones win over earlier ones, inline ones over all.
    pub from: Vec<SubstitutionSource>,
    /// A variable without value and default is an error instead of an empty string.
    pub strict: bool,
    /// Also where there is not a single variable: expressions still come to their defaults.
    pub always: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubstitutionSource {
    pub reference: Reference,
    pub optional: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub on: UnitId,
    /// CEL over `self` and `dep`; without one, the dependency's gate decides.
    pub ready_expr: Option<String>,
    pub missing: Missing,
    pub location: Location,
}

/// What an undefined dependency means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Error,
    Wait,
}

/// An object, not necessarily one of the unit's, that must be healthy too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    pub key: ObjectKey,
    pub version: String,
    /// CEL conditions that replace the kind's own rule. A check with an empty name applies to every object of its kind
    /// in the unit.
    pub current: Option<String>,
    pub in_progress: Option<String>,
    pub failed: Option<String>,
}

/// What releases a unit's dependents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Gate {
    /// Everything applied and everything healthy.
    Healthy,
    /// Everything applied and the named health checks, not the other objects, healthy.
    Checks,
    /// Everything applied.
    Applied,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    pub interval: Duration,
    pub retry_interval: Duration,
    /// How long the unit may take from its first request to health.
    pub timeout: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(600),
            retry_interval: Duration::from_secs(30),
            timeout: Duration::from_secs(300),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ServiceAccount {
    pub namespace: String,
    pub name: String,
}

/// What becomes of a unit's objects when the unit is gone from Git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum DeletionPolicy {
    /// Delete if the unit prunes, else leave.
    MirrorPrune,
    Delete,
    Orphan,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum DriftMode {
    Correct,
    Warn,
    Ignore,
}
