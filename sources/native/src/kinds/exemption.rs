use super::ObjectSelector;
use schemars::JsonSchema;
use serde::Deserialize;

/// Objects that a policy does not hold for, with a reason and an end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExemptionSpec {
    /// The policy's name.
    #[schemars(length(min = 1))]
    pub policy: String,
    /// Why: shown wherever the exemption counts.
    #[schemars(length(min = 1))]
    pub reason: String,
    /// The objects it holds for.
    #[schemars(length(min = 1))]
    pub objects: Vec<ObjectSelector>,
    /// Whose units; all if absent.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The last day it holds, as `2026-12-31`.
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub expires: String,
}
