use super::{ServiceAccountRef, Values};
use schemars::JsonSchema;
use serde::Deserialize;

/// Who owns units, and what these may do.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantSpec {
    /// Folders of the platform repository that are the tenant's: documents there belong to it.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Namespaces that its units may use. If there are any, cluster-scoped objects are refused, but for these
    /// namespaces themselves. Without any, nothing is restricted.
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// The service account that its units are applied as.
    #[serde(default)]
    pub service_account: Option<ServiceAccountRef>,
    /// Kinds that its units may render; all if absent.
    #[serde(default)]
    pub allowed_kinds: Vec<AllowedKind>,
    #[serde(default)]
    pub quotas: Quotas,
    /// Variables above the Platform's.
    #[serde(default)]
    pub variables: Values,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AllowedKind {
    /// Empty for the core group; `*` for every group.
    #[serde(default)]
    pub group: String,
    /// `*` for every kind of the group.
    #[schemars(length(min = 1))]
    pub kind: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quotas {
    /// Units at most.
    #[serde(default)]
    pub units: Option<u32>,
    /// Objects of all its units together at most.
    #[serde(default)]
    pub objects: Option<u32>,
}
