use super::{Check, DependencyRef, Drift, Duration, LabelSelector, ServiceAccountRef, Source, Values};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Manifests for one or many clusters. A Module times its matching clusters gives one unit each.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModuleSpec {
    /// Whose: the tenant of the file's path if absent.
    #[serde(default)]
    pub tenant: Option<String>,
    pub source: Source,
    /// Where to; the management cluster if absent.
    #[serde(default)]
    pub clusters: Option<ClusterSelection>,
    /// CEL over `cluster.name`, `cluster.labels` and `cluster.variables`: only clusters for which it is true. A label or
    /// variable that a cluster lacks is an error; `has(cluster.labels.zone)` and `cluster.labels.?zone` ask for one.
    #[serde(default)]
    pub when: Option<String>,
    /// Values of a chart.
    #[serde(default)]
    pub values: Map<String, Value>,
    /// Variables of the highest layer.
    #[serde(default)]
    pub variables: Values,
    #[serde(default)]
    pub depends_on: Vec<DependencyRef>,
    /// Objects and kinds whose health decides.
    #[serde(default)]
    pub health_checks: Vec<Check>,
    /// The namespace that all namespaced objects are put into; each object's own if absent.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Whether objects that left the unit are deleted. The Platform's default if absent, which is true.
    #[serde(default)]
    pub prune: Option<bool>,
    /// Whether dependents wait for the health of all objects. The Platform's default if absent, which is true.
    #[serde(default)]
    pub wait: Option<bool>,
    /// How long from the first request to health. The Platform's default if absent, which is `5m`.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// The Platform's default if absent, which is `10m`.
    #[serde(default)]
    pub interval: Option<Duration>,
    /// The Platform's default if absent, which is `30s`.
    #[serde(default)]
    pub retry_interval: Option<Duration>,
    /// Replace objects whose immutable fields differ.
    #[serde(default)]
    pub force: bool,
    /// Leave the unit alone.
    #[serde(default)]
    pub suspend: bool,
    /// The service account that it is applied as; the Tenant's if absent.
    #[serde(default)]
    pub service_account: Option<ServiceAccountRef>,
    /// What becomes of the objects when the Module is gone: `MirrorPrune` (the default) deletes them if the unit
    /// prunes.
    #[serde(default)]
    pub deletion_policy: Option<DeletionPolicyName>,
    #[serde(default)]
    pub drift: Option<Drift>,
    /// How a change walks across the clusters; all at once if absent.
    #[serde(default)]
    pub rollout: Option<Rollout>,
}

/// Exactly one of the three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterSelection {
    /// Clusters by name.
    #[serde(default)]
    pub names: Option<Vec<String>>,
    /// Clusters by their labels; an empty selector selects every cluster.
    #[serde(default)]
    pub selector: Option<LabelSelector>,
    /// The management cluster.
    #[serde(default)]
    pub management: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum DeletionPolicyName {
    MirrorPrune,
    Delete,
    Orphan,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rollout {
    /// How many clusters change at a time: a number, or a share such as `25%`; 1 if absent.
    #[serde(default)]
    #[schemars(regex(pattern = r"^[1-9][0-9]*%?$"))]
    pub max_concurrent: Option<String>,
    /// How long a step must stay healthy before the next begins.
    #[serde(default)]
    pub soak: Option<Duration>,
    /// Clusters that go first, by their labels.
    #[serde(default)]
    pub first: Option<LabelSelector>,
}
