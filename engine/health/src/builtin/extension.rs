//! What extends the API server itself.

use crate::fields::{Condition, Fields};
use mainstay_unit::Health;

pub(super) fn definition(f: &Fields<'_>) -> Health {
    if let Some(c) = f.condition("NamesAccepted").filter(Condition::is_false) {
        return Health::degraded(format!("its names are not accepted: {}", c.message));
    }
    if let Some(c) = f.condition("NonStructuralSchema").filter(Condition::is_true) {
        return Health::degraded(format!("its schema is not structural: {}", c.message));
    }
    if let Some(c) = f.condition("KubernetesAPIApprovalPolicyConformant").filter(Condition::is_false) {
        return Health::degraded(format!("its group is protected: {}", c.message));
    }
    if let Some(c) = f.condition("Terminating").filter(Condition::is_true) {
        return Health::progressing(c.describe("Terminating"));
    }
    match f.condition("Established") {
        Some(c) if c.is_true() => Health::healthy("it is established"),
        Some(c) if c.is_false() && c.reason != "Installing" => {
            Health::degraded(format!("it is not established: {}", c.why()))
        }
        Some(_) | None => Health::progressing("it is not established yet"),
    }
}

/// Annotations by which cert-manager is asked to write the bundle. Until then no call to the webhook succeeds.
const INJECTED: [&str; 3] = ["inject-ca-from", "inject-ca-from-secret", "inject-apiserver-ca"];

pub(super) fn webhooks(f: &Fields<'_>) -> Health {
    let injected =
        INJECTED.iter().any(|name| f.has(&format!("/metadata/annotations/cert-manager.io~1{name}")));
    let bare = f.list("/webhooks").iter().map(Fields).find(|w| w.text("/clientConfig/caBundle").is_empty());
    match bare {
        Some(webhook) if injected => {
            Health::progressing(format!("{} waits for its CA bundle", webhook.text("/name")))
        }
        Some(_) | None => Health::healthy("passive, accepted"),
    }
}

pub(super) fn admission_policy(f: &Fields<'_>) -> Health {
    match f.list("/status/typeChecking/expressionWarnings") {
        [] => Health::healthy("passive, accepted"),
        [first, ..] => {
            let first = Fields(first);
            Health::degraded(format!("{}: {}", first.text("/fieldRef"), first.text("/warning")))
        }
    }
}

pub(super) fn flow_schema(f: &Fields<'_>) -> Health {
    match f.condition("Dangling").filter(Condition::is_true) {
        Some(c) => Health::degraded(c.describe("Dangling")),
        None => Health::healthy("passive, accepted"),
    }
}

pub(super) fn migration(f: &Fields<'_>) -> Health {
    if let Some(failed) = f.condition("Failed").filter(Condition::is_true) {
        return Health::degraded(failed.describe("Failed"));
    }
    match f.condition("Succeeded") {
        Some(c) if c.is_true() => Health::healthy("it has succeeded"),
        Some(_) | None => Health::progressing("it has not succeeded yet"),
    }
}
