//! Health is a pure function of an object. Unknown is not healthy.
//!
//! The order of the questions: is it being deleted; has its controller seen this generation; what does its kind say
//! (the user's rules, Kubernetes' own kinds, the rule files below `rules/`); what do the conditions known to mean
//! readiness say. Where nothing answers, the answer is Unknown, or Healthy only for a kind that declares no status.
//!
//! No rule, whoever wrote it, can call healthy what is being deleted or what its controller has not looked at. No rule
//! is read or compiled while an object is judged. No expression runs beyond its budget.

mod builtin;
mod conditions;
mod fields;
mod rules;
#[cfg(test)]
mod tests;

use builtin::passive::is_passive;
use fields::{Fields, outdated};
use mainstay_object::Value;
use mainstay_unit::{Health, HealthStatus};
use rules::evaluate::Judged;

pub use rules::{Limits, Rules};

/// What is said of an object, and by which rules: `kubernetes`, a rule file's project, or none where only its
/// conditions were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub health: Health,
    pub rule: Option<String>,
}

/// What an object says of itself.
///
/// `declares_status` is what the object's definition says: `Some(false)` for a custom kind whose schema has no status,
/// `None` where that is not known. Kinds of Kubernetes itself need no answer.
pub fn assess(object: &Value, declares_status: Option<bool>) -> Health {
    judge(Rules::none(), object, declares_status).health
}

/// [`assess`] with rules of the user's own, which win over those that Mainstay has.
pub fn judge(own: &Rules, object: &Value, declares_status: Option<bool>) -> Verdict {
    let fields = Fields(object);
    let (group, _) = fields.text("/apiVersion").split_once('/').unwrap_or(("", ""));
    let kind = fields.text("/kind");
    let (said, rule) = say(own, group, kind, object, declares_status);
    let health = if fields.has("/metadata/deletionTimestamp") {
        deleting(&fields, said)
    } else {
        match outdated(object) {
            // A controller that was told to stop observes nothing any more.
            Some(_) if said.health.status == HealthStatus::Suspended => said.health,
            Some((observed, generation)) => {
                Health::progressing(format!("generation {observed} of {generation} has been observed"))
            }
            None => said.health,
        }
    };
    // What others say instead of rules that can't be read proves nothing.
    let health = match &own.unknown {
        Some(why) if health.status.is_healthy() => Health::unknown(why.clone()),
        Some(_) | None => health,
    };
    Verdict { health: Health::new(health.status, one_line(&health.message)), rule }
}

fn say(
    own: &Rules,
    group: &str,
    kind: &str,
    object: &Value,
    declares_status: Option<bool>,
) -> (Judged, Option<String>) {
    if let Some(rule) = own.find(group, kind) {
        return (rule.judge(object), Some(rule.project.clone()));
    }
    let kubernetes = || Some("kubernetes".to_owned());
    let fields = Fields(object);
    if let Some(health) = builtin::assess(group, kind, &fields) {
        return (Judged::plain(health), kubernetes());
    }
    if is_passive(group, kind) {
        return (Judged::plain(Health::healthy("passive, accepted")), kubernetes());
    }
    if let Some(rule) = Rules::shipped().find(group, kind) {
        return (rule.judge(object), Some(rule.project.clone()));
    }
    (Judged::plain(conditions::assess(&fields, declares_status)), None)
}

/// Never Healthy. What a rule file knows to be broken or halted says why the deletion does not go on.
fn deleting(fields: &Fields<'_>, said: Judged) -> Health {
    let finalizers: Vec<&str> =
        fields.list("/metadata/finalizers").iter().filter_map(Value::as_str).collect();
    let waits = match finalizers.as_slice() {
        [] => "is being deleted".to_owned(),
        names => format!("is being deleted; waits for {}", names.join(", ")),
    };
    match said.health.status {
        HealthStatus::Degraded | HealthStatus::Suspended if said.by_rule => {
            Health::new(said.health.status, format!("{waits}; {}", said.health.message))
        }
        HealthStatus::Healthy
        | HealthStatus::Suspended
        | HealthStatus::Progressing
        | HealthStatus::Unknown
        | HealthStatus::Missing
        | HealthStatus::Degraded => Health::progressing(waits),
    }
}

/// A controller's message may hold a whole stack trace.
fn one_line(message: &str) -> String {
    const LONGEST: usize = 500;
    let mut line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    line
}
