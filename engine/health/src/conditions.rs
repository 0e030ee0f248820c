//! Kinds that no rule knows: their conditions, as the API conventions and kstatus read them. Nothing but a condition
//! that means readiness proves health here; much else disproves it.

use crate::fields::{Condition, Fields};
use mainstay_unit::Health;

/// Conditions that mean readiness, in the order in which they are believed.
const READY: [&str; 3] = ["Ready", "Available", "Healthy"];
/// Conditions whose truth is a failure or work in progress (kstatus' abnormal-true polarity).
const STALLED: [&str; 4] = ["Stalled", "Failed", "Degraded", "Error"];
const BUSY: [&str; 3] = ["Reconciling", "Progressing", "Terminating"];
const PAUSED: [&str; 2] = ["Paused", "Suspended"];
/// Conditions that say beside readiness that the last attempt to bring the object up to date failed.
const SYNCED: [&str; 4] = ["Synced", "Succeeded", "Valid", "Reconciled"];

pub(crate) fn assess(fields: &Fields<'_>, declares_status: Option<bool>) -> Health {
    for kind in STALLED {
        if let Some(condition) = fields.condition(kind).filter(Condition::is_true) {
            return Health::degraded(condition.why());
        }
    }
    let ready = READY.iter().find_map(|kind| fields.condition(kind).map(|condition| (*kind, condition)));
    let busy = BUSY.iter().find_map(|k| fields.condition(k).filter(Condition::is_true));
    if let Some((kind, condition)) = ready {
        if !condition.is_true() {
            return Health::progressing(condition.describe(kind));
        }
        if let (Some(generation), Some(observed)) =
            (fields.number("/metadata/generation"), condition.observed)
            && observed < generation
        {
            return Health::progressing(format!("{kind} speaks of generation {observed} of {generation}"));
        }
        if let Some(busy) = busy {
            return Health::progressing(busy.why());
        }
        return disproved(fields).unwrap_or_else(|| Health::healthy(format!("{kind} is true")));
    }
    if let Some(busy) = busy {
        return Health::progressing(busy.why());
    }
    let empty =
        fields.0.get("status").is_none_or(|s| s.is_null() || s.as_object().is_some_and(|m| m.is_empty()));
    match (declares_status, empty) {
        (Some(false), true) => Health::healthy("passive, accepted"),
        (Some(true) | None, true) => Health::progressing("its status is empty: nobody has looked at it yet"),
        // Where no status was declared and there is one, the definition has changed since it was read.
        (Some(_) | None, false) => {
            Health::unknown("no rule knows this kind, and no condition says that it is ready")
        }
    }
}

/// What else an object may say that does not go with being ready.
fn disproved(fields: &Fields<'_>) -> Option<Health> {
    for kind in PAUSED {
        if let Some(condition) = fields.condition(kind).filter(Condition::is_true) {
            return Some(Health::suspended(condition.describe(kind)));
        }
    }
    if ["/spec/suspend", "/spec/suspended", "/spec/paused"].iter().any(|field| fields.flag(field)) {
        return Some(Health::suspended("it is suspended"));
    }
    if let Some(condition) = fields.condition("Progressing")
        && condition.is_false()
        && condition.reason.ends_with("DeadlineExceeded")
    {
        return Some(Health::degraded(condition.why()));
    }
    for kind in READY.iter().chain(&SYNCED) {
        if let Some(condition) = fields.condition(kind).filter(|c| !c.is_true()) {
            return Some(Health::progressing(condition.describe(kind)));
        }
    }
    ["/status/phase", "/status/state"]
        .iter()
        .find_map(|field| phase(fields.text(field)))
        .or_else(|| replicas(fields))
}

fn phase(text: &str) -> Option<Health> {
    let said = format!("its phase is {text}");
    match text.to_ascii_lowercase().as_str() {
        "failed" | "failure" | "error" | "degraded" | "invalid" | "lost" => Some(Health::degraded(said)),
        "pending" | "provisioning" | "creating" | "initializing" | "progressing" | "updating"
        | "upgrading" | "reconciling" | "deleting" | "terminating" | "scaling" | "scalingup"
        | "scalingdown" => Some(Health::progressing(said)),
        "paused" | "suspended" => Some(Health::suspended(said)),
        "unknown" => Some(Health::unknown(said)),
        _ => None,
    }
}

/// Kinds that have Kubernetes' own counts mean them as Kubernetes does.
fn replicas(fields: &Fields<'_>) -> Option<Health> {
    let wanted = fields.number("/spec/replicas")?;
    for (field, word) in
        [("updatedReplicas", "updated"), ("readyReplicas", "ready"), ("availableReplicas", "available")]
    {
        if let Some(have) = fields.number(&format!("/status/{field}")).filter(|have| *have < wanted) {
            return Some(Health::progressing(format!("{have} of {wanted} replicas are {word}")));
        }
    }
    None
}
