//! What an object asks of those who apply it, by annotations or labels, in Mainstay's spelling or in the one that users
//! of Flux and Helm know.

use mainstay_object::Value;

/// Each is looked for under both prefixes.
const PREFIXES: [&str; 2] = ["mainstay.dev/", "kustomize.toolkit.fluxcd.io/"];
/// Helm's way to keep an object.
const HELM_KEEP: (&str, &str) = ("helm.sh/resource-policy", "keep");

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    pub applying: Applying,
    /// Replace the object where an immutable field differs.
    pub replace: bool,
    /// Never delete it: what says so.
    pub keep: Option<String>,
}

/// When an object is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Applying {
    #[default]
    Always,
    /// Made once; whatever becomes of it then is somebody else's business, until it is gone.
    IfNotPresent,
    Never,
}

impl Policy {
    /// Values are compared without regard to case, and one that is unknown changes nothing.
    pub fn of(object: &Value) -> Self {
        // Few objects say anything.
        if !speaks(object) {
            return Self::default();
        }
        let says = |name: &str, value: &str| {
            PREFIXES.map(|prefix| format!("{prefix}{name}")).into_iter().find(|key| has(object, key, value))
        };
        let never = says("reconcile", "disabled").or_else(|| says("ssa", "ignore")).is_some();
        let applying = match says("ssa", "ifnotpresent") {
            _ if never => Applying::Never,
            Some(_) => Applying::IfNotPresent,
            None => Applying::Always,
        };
        let (helm, keep) = HELM_KEEP;
        let kept = says("prune", "disabled").map(|key| format!("{key}: disabled"));
        Self {
            applying,
            replace: says("force", "enabled").is_some(),
            keep: kept.or_else(|| has(object, helm, keep).then(|| format!("{helm}: {keep}"))),
        }
    }
}

fn speaks(object: &Value) -> bool {
    let metadata = object.get("metadata");
    let places = ["annotations", "labels"].into_iter().filter_map(|place| metadata?.get(place)?.as_object());
    places
        .flat_map(|map| map.keys())
        .any(|key| key == HELM_KEEP.0 || PREFIXES.iter().any(|prefix| key.starts_with(prefix)))
}

fn has(object: &Value, key: &str, value: &str) -> bool {
    ["annotations", "labels"].into_iter().any(|place| {
        let text = object.get("metadata").and_then(|m| m.get(place)?.get(key)?.as_str());
        text.is_some_and(|text| text.eq_ignore_ascii_case(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(place: &str, key: &str, value: &str) -> Policy {
        Policy::of(&json!({"metadata": {place: {key: value}}}))
    }

    #[test]
    fn both_spellings_and_both_places_are_read_and_case_does_not_matter() {
        for prefix in PREFIXES {
            for place in ["annotations", "labels"] {
                let of = |name: &str, value: &str| of(place, &format!("{prefix}{name}"), value);
                assert_eq!(of("ssa", "IfNotPresent").applying, Applying::IfNotPresent);
                assert_eq!(of("ssa", "Ignore").applying, Applying::Never);
                assert_eq!(of("reconcile", "disabled").applying, Applying::Never);
                assert_eq!(of("ssa", "Merge"), Policy::default());
                assert_eq!(of("ssa", "Override"), Policy::default());
                assert!(of("force", "Enabled").replace && of("prune", "disabled").keep.is_some());
            }
        }
        let kept = of("annotations", "helm.sh/resource-policy", "keep").keep;
        assert_eq!(kept.as_deref(), Some("helm.sh/resource-policy: keep"));
    }

    #[test]
    fn an_unknown_value_or_another_prefix_changes_nothing() {
        assert_eq!(of("annotations", "mainstay.dev/ssa", "sometimes"), Policy::default());
        assert_eq!(of("annotations", "example.com/prune", "disabled"), Policy::default());
        assert_eq!(Policy::of(&json!({"metadata": {"annotations": null}})), Policy::default());
    }
}
