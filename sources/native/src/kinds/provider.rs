use super::{Check, DependencyRef, Duration, Source, Values};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A controller that creates infrastructure or clusters, and its CRDs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProviderSpec {
    #[serde(rename = "type")]
    pub kind: ProviderType,
    /// The provider's version.
    #[serde(default)]
    pub version: Option<String>,
    /// Where its manifests are.
    pub source: Source,
    /// Versions of its parts by name.
    #[serde(default)]
    pub components: BTreeMap<String, String>,
    /// Variables of the highest layer.
    #[serde(default)]
    pub variables: Values,
    #[serde(default)]
    pub depends_on: Vec<DependencyRef>,
    /// Objects and kinds whose health decides.
    #[serde(default)]
    pub health_checks: Vec<Check>,
    /// The cluster that it runs on; the management cluster if absent.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Whose: the tenant of the file's path if absent.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The Platform's default if absent.
    #[serde(default)]
    pub timeout: Option<Duration>,
    #[serde(default)]
    pub suspend: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProviderType {
    Core,
    Bootstrap,
    ControlPlane,
    Infrastructure,
    Addon,
    Ipam,
    Crossplane,
    Operator,
}
