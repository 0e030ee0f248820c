//! Patch fields that older versions have, written as `patches`.
use crate::fields::Fields;
use serde_json::{Value, json};

/// JSON is YAML, so that a patch given as a value can be given as text.
pub(crate) fn patches(spec: Fields<'_>) -> Vec<Value> {
    let mut out: Vec<Value> = spec.list("patches").map(|(_, patch)| patch.0.clone()).collect();
    out.extend(spec.list("patchesStrategicMerge").map(|(_, patch)| json!({ "patch": patch.0.to_string() })));
    out.extend(spec.list("patchesJson6902").map(
        |(_, patch)| json!({ "patch": patch.at("patch").0.to_string(), "target": patch.at("target").0 }),
    ));
    out
}
