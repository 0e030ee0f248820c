use super::{DriftModeName, Duration, Values};
use crate::SYSTEM_NAMESPACE;
use mainstay_unit::{Reference, ReferenceKind};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What holds for the whole platform. A repository has at most one.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlatformSpec {
    /// Variables of the lowest layer.
    #[serde(default)]
    pub variables: Values,
    /// Versions that were tested together.
    #[serde(default)]
    pub versions: Vec<VersionSet>,
    /// Reconcile objectives that the fleet is measured against.
    #[serde(default)]
    pub objectives: Vec<Objective>,
    /// What units take that don't say otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    #[serde(default)]
    pub sharding: Sharding,
    /// Files of health rules, and folders of such files, from the repository's root. They say what the status of kinds
    /// means that Mainstay does not know, or better than it does, and hold for every tenant and cluster. No tenant's
    /// paths may hold them.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 1024)))]
    pub health_rules: Vec<String>,
    /// What kustomizations may take from outside of their repository, every unit's, tenants' included.
    #[serde(default)]
    pub kustomize: Kustomize,
    /// What charts may do, every unit's, tenants' included.
    #[serde(default)]
    pub helm: Helm,
    /// What Kustomizations of Flux decrypt with whose `decryption` names no Secret, as kustomize-controller does where it
    /// runs with `--sops-age-secret`; but only those that run as Mainstay itself. Who is in a Tenant's paths, names a
    /// service account or is declared by what has one must name a Secret: else whoever may commit there could decrypt
    /// what was encrypted for the platform. Nothing if absent.
    #[serde(default)]
    pub decryption: Option<Decryption>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Decryption {
    pub provider: DecryptionProvider,
    /// A Secret of the management cluster with age identities under `*.agekey`.
    pub secret_ref: DecryptionKeys,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DecryptionProvider {
    Sops,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecryptionKeys {
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// `mainstay-system` if absent.
    #[serde(default)]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

impl Decryption {
    /// The Secret that holds the keys.
    pub fn keys(&self) -> Reference {
        let DecryptionKeys { name, namespace } = self.secret_ref.clone();
        let namespace = namespace.unwrap_or_else(|| SYSTEM_NAMESPACE.to_owned());
        Reference { kind: ReferenceKind::Secret, namespace, name }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Helm {
    /// Whether a chart that asks for it (`renderer: exec`) is rendered by the real Helm, which whoever starts Mainstay
    /// names with `--helm`; false if absent.
    #[serde(default)]
    pub exec: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kustomize {
    /// Whether charts that `helmCharts` names are rendered, and fetched where the tree does not have them; false if
    /// absent, as Flux has it.
    #[serde(default)]
    pub helm_charts: bool,
    /// URLs of Git repositories, or of what they are below (`https://github.com/acme/`), whose folders may be bases,
    /// resources and components, at commits that are named whole (`?ref=` and 40 hexadecimal digits). They are fetched
    /// without credentials. None if absent.
    #[serde(default)]
    #[schemars(length(max = 100), inner(regex(pattern = r"^https?://[^/@?#%\\\s]+(/[^@?#%\\\s]*)?$")))]
    pub remote_bases: Vec<String>,
    /// Files of the web that kustomizations may name by their URL, such as a release's manifests, each with the digest of
    /// what must be in it. They are fetched without credentials. None if absent.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub remote_files: Vec<RemoteFile>,
}

/// A file of the web.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoteFile {
    /// As kustomizations write it.
    #[schemars(length(max = 2000), regex(pattern = r"^https?://[^/@#\\\s]+/[^@#\\\s]+$"))]
    pub url: String,
    /// Of its content, as `sha256sum` prints it.
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub sha256: String,
}

/// A row of the version matrix.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VersionSet {
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// The Kubernetes version, such as `v1.34.1`.
    #[serde(default)]
    pub kubernetes: Option<String>,
    /// Versions of providers and other components by name.
    #[serde(default)]
    pub components: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Objective {
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// A reconcile counts as good if it converges within this time.
    pub within: Duration,
    /// The share of good reconciles, in percent: 99.5.
    #[schemars(range(min = 0, max = 100))]
    pub target: f64,
    /// The time that the share is taken over; 28 days (`672h`) if absent.
    #[serde(default)]
    pub window: Option<Duration>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// How often a unit is reconciled without an event; `10m` if absent.
    #[serde(default)]
    pub interval: Option<Duration>,
    /// How soon a failed unit is tried again; `30s` if absent.
    #[serde(default)]
    pub retry_interval: Option<Duration>,
    /// How long a unit may take from its first request to health; `5m` if absent.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// Whether objects that left a unit are deleted; true if absent.
    #[serde(default)]
    pub prune: Option<bool>,
    /// Whether a unit's gate waits for the health of all its objects; true if absent.
    #[serde(default)]
    pub wait: Option<bool>,
    /// `correct` if absent.
    #[serde(default)]
    pub drift_mode: Option<DriftModeName>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sharding {
    /// Into how many shards tenants and clusters are divided; 1 if absent.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1024))]
    pub shards: Option<u32>,
}
