//! JSON merge patches (RFC 7386). Each takes effect only on the very state that was looked at.

use super::{Before, Live, MEMORY, REQUEST};
use mainstay_object::Value;
use serde_json::json;

/// Suspends, remembers what was before, and asks for an answer: `token` comes back in the status.
pub fn suspend(live: &Live, before: &Before, token: &str) -> Value {
    json!({
        "metadata": {
            "resourceVersion": live.resource_version,
            "annotations": {MEMORY: before.to_text(), REQUEST: token},
        },
        "spec": {"suspend": true},
    })
}

/// Gives back what was before, and forgets it.
pub fn restore(live: &Live, before: &Before) -> Value {
    json!({
        "metadata": {"resourceVersion": live.resource_version, "annotations": {MEMORY: null}},
        "spec": {"suspend": before.suspend, "prune": before.prune, "deletionPolicy": before.deletion_policy},
    })
}

/// Suspended it deletes nothing with itself already; this holds even if somebody resumes it at that moment. The policy is
/// written only where there is one: older versions do not know the field, and without it `prune` decides.
pub fn retain(live: &Live) -> Value {
    let mut spec = json!({"suspend": true, "prune": false});
    if live.deletion_policy.is_some() {
        spec["deletionPolicy"] = json!("Orphan");
    }
    json!({"metadata": {"resourceVersion": live.resource_version}, "spec": spec})
}
