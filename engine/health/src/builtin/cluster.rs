use crate::fields::{Condition, Fields};
use mainstay_object::Value;
use mainstay_unit::Health;

pub(super) fn namespace(f: &Fields<'_>) -> Health {
    match f.text("/status/phase") {
        "Active" => Health::healthy("it is active"),
        "" => Health::progressing("nobody has looked at it yet"),
        phase => {
            let holds = [
                "NamespaceDeletionDiscoveryFailure",
                "NamespaceDeletionGroupVersionParsingFailure",
                "NamespaceDeletionContentFailure",
                "NamespaceFinalizersRemaining",
                "NamespaceContentRemaining",
            ];
            let why = holds.iter().find_map(|k| f.condition(k).filter(Condition::is_true));
            Health::progressing(match why {
                Some(condition) => format!("its phase is {phase}: {}", condition.message),
                None => format!("its phase is {phase}"),
            })
        }
    }
}

pub(super) fn node(f: &Fields<'_>) -> Health {
    for kind in ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"] {
        if let Some(pressed) = f.condition(kind).filter(Condition::is_true) {
            return Health::degraded(pressed.describe(kind));
        }
    }
    match f.condition("Ready") {
        Some(c) if c.is_true() && f.flag("/spec/unschedulable") => Health::suspended("it is cordoned"),
        Some(c) if c.is_true() => Health::healthy("Ready is true"),
        Some(c) if c.is_false() => Health::progressing(c.describe("Ready")),
        Some(c) => Health::degraded(c.describe("Ready")),
        None => Health::progressing("the condition Ready is missing"),
    }
}

/// A budget that allows no disruption now does what it is for; one whose pods are too few waits for them.
pub(super) fn disruption_budget(f: &Fields<'_>) -> Health {
    if !f.has("/status/observedGeneration") {
        return Health::progressing("its controller has not looked at it yet");
    }
    if let Some(c) = f.condition("DisruptionAllowed")
        && c.is_false()
        && c.reason == "SyncFailed"
    {
        return Health::degraded(c.why());
    }
    let (healthy, wanted) = (f.count("/status/currentHealthy"), f.count("/status/desiredHealthy"));
    if healthy < wanted && f.count("/status/expectedPods") > 0 {
        return Health::progressing(format!("{healthy} of {wanted} pods that it asks for are healthy"));
    }
    Health::healthy(format!("{} disruptions are allowed", f.count("/status/disruptionsAllowed")))
}

pub(super) fn autoscaler(f: &Fields<'_>) -> Health {
    let told = conditions_of_version_one(f);
    let read = told.as_ref().map(Fields);
    let f = read.as_ref().map_or(f, |read| read);
    let failing = ["AbleToScale", "ScalingActive"]
        .into_iter()
        .find_map(|k| f.condition(k).filter(|c| c.is_false() && c.reason != "ScalingDisabled"));
    match failing {
        Some(c) => Health::degraded(c.why()),
        None if f.condition("AbleToScale").is_some_and(|c| c.is_true()) => {
            Health::healthy("it is able to scale")
        }
        None => Health::progressing("nobody has looked at it yet"),
    }
}

/// `autoscaling/v1` has no conditions; the API server shows them in an annotation.
fn conditions_of_version_one(f: &Fields<'_>) -> Option<Value> {
    const LONGEST: usize = 64 << 10;
    let text = f.text("/metadata/annotations/autoscaling.alpha.kubernetes.io~1conditions");
    if text.is_empty() || text.len() > LONGEST || f.has("/status/conditions") {
        return None;
    }
    let conditions: Value = serde_json::from_str(text).ok()?;
    Some(serde_json::json!({ "status": { "conditions": conditions } }))
}

pub(super) fn signing_request(f: &Fields<'_>) -> Health {
    for kind in ["Denied", "Failed"] {
        if let Some(condition) = f.condition(kind).filter(Condition::is_true) {
            return Health::degraded(condition.describe(kind));
        }
    }
    match f.condition("Approved") {
        Some(c) if c.is_true() && f.has("/status/certificate") => Health::healthy("it is issued"),
        Some(c) if c.is_true() => Health::progressing("it is approved and not issued yet"),
        Some(_) | None => Health::progressing("it waits for approval"),
    }
}

pub(super) fn resource_claim(f: &Fields<'_>) -> Health {
    if f.has("/status/allocation") {
        return Health::healthy("it is allocated");
    }
    Health::progressing("it is not allocated yet")
}
