use super::{DependencyRef, Duration, Values};
use schemars::JsonSchema;
use serde::Deserialize;

/// A cluster that units go to. Modules select clusters by the labels in `metadata.labels`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterSpec {
    /// `embedded`: a logical cluster of the embedded control plane. `existing`: made by others, reached through its
    /// kubeconfig. `clusterAPI`: made by Cluster API from the objects at `path`.
    pub class: ClusterClass,
    /// The Kubernetes version, such as `v1.34.1`.
    #[serde(default)]
    pub version: Option<String>,
    /// Where its kubeconfig is. For `existing` it must be set; for the other classes it is the Secret
    /// `<name>-kubeconfig` in `mainstay-system` (embedded) or in `namespace` (clusterAPI), under the key `value`.
    #[serde(default)]
    pub kubeconfig: Option<Kubeconfig>,
    /// A folder of the platform repository with the objects that make the cluster: class `clusterAPI` only.
    #[serde(default)]
    pub path: Option<String>,
    /// The namespace of those objects; `default` if absent.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Variables above the Tenant's, for every unit on this cluster.
    #[serde(default)]
    pub variables: Values,
    /// Whose cluster it is: the tenant of the file's path if absent. A tenant's modules see its own clusters and the
    /// platform's.
    #[serde(default)]
    pub tenant: Option<String>,
    #[serde(default)]
    pub depends_on: Vec<DependencyRef>,
    /// How long it may take to come up; the Platform's default if absent.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// Leave the cluster alone.
    #[serde(default)]
    pub suspend: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ClusterClass {
    #[serde(rename = "embedded")]
    Embedded,
    #[serde(rename = "existing")]
    Existing,
    #[serde(rename = "clusterAPI")]
    ClusterApi,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kubeconfig {
    /// A Secret of the management cluster.
    pub secret: SecretKey,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretKey {
    /// `mainstay-system` if absent.
    #[serde(default)]
    pub namespace: Option<String>,
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Without a key: `value`, then `value.yaml`.
    #[serde(default)]
    pub key: Option<String>,
}
