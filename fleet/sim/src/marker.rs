//! The condition that says "simulated", and that remembers since when.

use mainstay_apiserver::core::Now;
use serde_json::{Value, json};

/// The type of the status condition on everything that a simulator made ready.
pub const CONDITION: &str = "Simulated";

/// Whether a simulator wrote the object's status.
pub fn is_simulated(object: &Value) -> bool {
    find(&object["status"], CONDITION).is_some_and(|c| c["status"] == "True")
}

/// The change that is being rolled out, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rollout {
    pub(crate) generation: i64,
    /// Digest of the pod template, so that scaling is told from a new version.
    pub(crate) template: String,
    pub(crate) since: Now,
}

impl Rollout {
    /// What the last step remembered.
    pub(crate) fn remembered(status: &Value) -> Option<Self> {
        let message = find(status, CONDITION)?["message"].as_str()?;
        let rest = message.strip_prefix("generation ")?;
        let (generation, rest) = rest.split_once(" of template ")?;
        let (template, rest) = rest.split_once(" since ")?;
        let since = rest.split(' ').next()?;
        Some(Self {
            generation: generation.parse().ok()?,
            template: template.to_owned(),
            since: Now::parse(since)?,
        })
    }

    /// Writes the condition into `status`.
    pub(crate) fn remember(&self, status: &mut Value, fails: Option<&str>, now: Now) {
        let mut message = format!(
            "generation {} of template {} since {}",
            self.generation,
            self.template,
            self.since.rfc3339_micros()
        );
        if let Some(reason) = fails {
            message.push_str(&format!(" fails as asked: {reason}"));
        }
        set(status, now, Condition { kind: CONDITION, status: "True", reason: CONDITION, message: &message });
    }
}

pub(crate) struct Condition<'a> {
    pub(crate) kind: &'a str,
    pub(crate) status: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
}

pub(crate) fn find<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    status["conditions"].as_array()?.iter().find(|c| c["type"] == kind)
}

/// Sets a condition; what is so already keeps its times, and foreign conditions stay.
pub(crate) fn set(status: &mut Value, now: Now, condition: Condition<'_>) {
    let Condition { kind, status: state, reason, message } = condition;
    let old = find(status, kind).cloned();
    let same = |field: &str, value: &str| old.as_ref().is_some_and(|c| c[field] == value);
    let time = Value::from(now.rfc3339());
    if same("status", state) && same("reason", reason) && same("message", message) {
        return;
    }
    let since = match &old {
        Some(old) if same("status", state) => old["lastTransitionTime"].clone(),
        Some(_) | None => time,
    };
    let new = json!({
        "type": kind, "status": state, "reason": reason, "message": message, "lastTransitionTime": since,
    });
    remove(status, kind);
    match status["conditions"].as_array_mut() {
        Some(conditions) => conditions.push(new),
        None => status["conditions"] = json!([new]),
    }
}

pub(crate) fn remove(status: &mut Value, kind: &str) {
    if let Some(conditions) = status["conditions"].as_array_mut() {
        conditions.retain(|c| c["type"] != kind);
    }
}
