//! Desired against observed gives a plan: a value with a reason per step.
//!
//! Absent by design: executing it, reading anything, the clock. Secret values never enter a plan: of a Secret it says
//! that a key changed, never from what or to what.

mod between;
mod compare;
mod display;
mod drift;
mod guard;
mod left;
mod order;
#[cfg(test)]
mod tests;

use mainstay_object::{Digest, ObjectKey, Value};
use mainstay_unit::{Target, UnitId};
use serde::Serialize;

pub use between::between;
pub use compare::{changes, normalise, sensitive_changes};
pub use display::{markdown, text};
pub use drift::Sent;
pub use guard::{Guard, Held, declared, declares_nothing, held_prune, removals};
pub use left::Left;
pub use order::{deletion_rank, rank};

/// Everything a revision would do, units in dependency order.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Plan {
    pub revision: String,
    pub units: Vec<UnitPlan>,
    /// Removals that wait for an approval, and why.
    pub held: Vec<Held>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitPlan {
    pub id: UnitId,
    pub target: Target,
    pub wave: usize,
    pub verdict: Verdict,
    pub steps: Vec<Step>,
    /// Objects that stay as they are.
    pub unchanged: usize,
}

/// What the plan says of a unit as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "state", content = "why")]
pub enum Verdict {
    /// Its steps are known.
    Planned,
    /// Part of the plan, its objects are not: a chart, a source that can't be reached.
    NotRendered(String),
    /// The user's error: the last good revision stays.
    Failed(String),
    Suspended,
    /// Another tool applies it: its steps are what would be done once that one is suspended.
    Managed(String),
    /// The target could not be asked.
    NotEvaluated(String),
    /// No longer declared.
    Removed,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub action: Action,
    pub key: ObjectKey,
    pub reason: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Create,
    Change,
    Replace,
    Delete,
    /// Left where it is although nothing declares it any more.
    Keep,
    /// A hook of the release.
    Run,
    /// Cannot be done as written: a conflict, an invalid object.
    Blocked,
}

/// One field. `None` is absence; the values of a Secret are never here.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    pub create: usize,
    pub change: usize,
    pub replace: usize,
    pub delete: usize,
    pub keep: usize,
    pub run: usize,
    pub blocked: usize,
    pub unchanged: usize,
}

impl Plan {
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        let own = |unit: &&UnitPlan| !matches!(unit.verdict, Verdict::Managed(_));
        for unit in self.units.iter().filter(own) {
            counts.unchanged += unit.unchanged;
            for step in &unit.steps {
                *match step.action {
                    Action::Create => &mut counts.create,
                    Action::Change => &mut counts.change,
                    Action::Replace => &mut counts.replace,
                    Action::Delete => &mut counts.delete,
                    Action::Run => &mut counts.run,
                    Action::Keep => &mut counts.keep,
                    Action::Blocked => &mut counts.blocked,
                } += 1;
            }
        }
        counts
    }

    /// Whether a cluster is otherwise than it should be: carrying the plan out would change it, or can't.
    pub fn has_changes(&self) -> bool {
        let c = self.counts();
        c.create + c.change + c.replace + c.delete + c.run + c.blocked > 0 || !self.held.is_empty()
    }

    /// Units of which nobody knows what would be done.
    pub fn unknown(&self) -> usize {
        let unknown =
            |unit: &&UnitPlan| matches!(unit.verdict, Verdict::NotRendered(_) | Verdict::NotEvaluated(_));
        self.units.iter().filter(unknown).count()
    }

    /// What an approval names: it covers targets, steps and their content, not the commit that led to them.
    pub fn hash(&self) -> Digest {
        let units: Vec<_> = self.units.iter().filter(|u| !u.steps.is_empty()).map(UnitPlan::hash).collect();
        Digest::of_value(&serde_json::json!(units))
    }
}

impl UnitPlan {
    pub fn hash(&self) -> Digest {
        let mut steps: Vec<_> =
            self.steps.iter().map(|s| serde_json::json!([s.action, s.key, s.changes])).collect();
        steps.sort_by_key(ToString::to_string);
        Digest::of_value(&serde_json::json!({"unit": self.id, "target": self.target, "steps": steps}))
    }
}
