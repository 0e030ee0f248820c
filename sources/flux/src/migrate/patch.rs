//! JSON merge patches (RFC 7386). Each takes effect only on the very state that was looked at.

use super::{Applier, Before, Live, MEMORY, REQUEST};
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
    let spec = match live.applier {
        Applier::Kustomization => {
            json!({"suspend": before.suspend, "prune": before.prune, "deletionPolicy": before.deletion_policy})
        }
        Applier::HelmRelease => json!({"suspend": before.suspend}),
    };
    let metadata = json!({"resourceVersion": live.resource_version, "annotations": {MEMORY: null}});
    json!({"metadata": metadata, "spec": spec})
}

/// Suspended it deletes nothing with itself already; this holds even if somebody resumes it at that moment. The policy is
/// written only where there is one: older versions do not know the field, and without it `prune` decides. A HelmRelease has
/// no such field: it uninstalls nothing for as long as it is suspended, and is deleted as what was seen to be so.
pub fn retain(live: &Live) -> Value {
    let mut spec = json!({"suspend": true});
    if live.applier == Applier::Kustomization {
        spec["prune"] = json!(false);
    }
    if live.deletion_policy.is_some() {
        spec["deletionPolicy"] = json!("Orphan");
    }
    json!({"metadata": {"resourceVersion": live.resource_version}, "spec": spec})
}
