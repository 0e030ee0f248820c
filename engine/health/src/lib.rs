//! Health is a pure function of an object. Unknown is not healthy.
//!
//! The order of the questions: is it being deleted; has its controller seen this generation; what does its kind say; what
//! do the conditions known to mean readiness say. Where nothing answers, the answer is Unknown, or Healthy only for a
//! kind that declares no status at all.

mod builtin;
mod conditions;
#[cfg(test)]
mod tests;
mod workload;

use mainstay_object::Value;
use mainstay_unit::Health;

/// What an object says of itself.
///
/// `declares_status` is what the object's definition says: `Some(false)` for a custom kind whose schema has no status,
/// `None` where that is not known. Kinds of Kubernetes itself need no answer.
pub fn assess(object: &Value, declares_status: Option<bool>) -> Health {
    let fields = Fields(object);
    if !fields.text("/metadata/deletionTimestamp").is_empty() {
        let finalizers: Vec<&str> =
            fields.list("/metadata/finalizers").iter().filter_map(Value::as_str).collect();
        return Health::progressing(match finalizers.as_slice() {
            [] => "is being deleted".to_owned(),
            names => format!("is being deleted; waits for {}", names.join(", ")),
        });
    }
    if let (Some(generation), Some(observed)) =
        (fields.number("/metadata/generation"), fields.number("/status/observedGeneration"))
        && observed < generation
    {
        return Health::progressing(format!("generation {observed} of {generation} has been observed"));
    }
    let (group, _) = fields.text("/apiVersion").split_once('/').unwrap_or(("", ""));
    if let Some(health) = builtin::assess(group, fields.text("/kind"), &fields) {
        return health;
    }
    if builtin::is_passive(group, fields.text("/kind")) {
        return Health::healthy("passive, accepted");
    }
    conditions::assess(&fields, declares_status)
}

/// JSON pointers into an object that may have any shape.
pub(crate) struct Fields<'a>(pub &'a Value);

impl<'a> Fields<'a> {
    pub fn text(&self, pointer: &str) -> &'a str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn number(&self, pointer: &str) -> Option<i64> {
        self.0.pointer(pointer).and_then(Value::as_i64)
    }

    pub fn count(&self, pointer: &str) -> i64 {
        self.number(pointer).unwrap_or_default()
    }

    pub fn flag(&self, pointer: &str) -> bool {
        self.0.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
    }

    pub fn list(&self, pointer: &str) -> &'a [Value] {
        self.0.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn has(&self, pointer: &str) -> bool {
        self.0.pointer(pointer).is_some_and(|v| !v.is_null())
    }

    /// `(status, reason, message)` of a condition.
    pub fn condition(&self, kind: &str) -> Option<Condition<'a>> {
        let item = self
            .list("/status/conditions")
            .iter()
            .find(|c| c.get("type").and_then(Value::as_str) == Some(kind))?;
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        Some(Condition { status: text("status"), reason: text("reason"), message: text("message") })
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Condition<'a> {
    pub status: &'a str,
    pub reason: &'a str,
    pub message: &'a str,
}

impl Condition<'_> {
    /// The message, or the reason where there is none.
    pub fn why(&self) -> String {
        match (self.reason, self.message) {
            ("", message) => message.to_owned(),
            (reason, "") => reason.to_owned(),
            (reason, message) => format!("{reason}: {message}"),
        }
    }
}
