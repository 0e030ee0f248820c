//! A release that fails is given up for the one that was good before it, where its unit asks for that. It is applied like
//! any other, with the hooks of a rollback; what was given up is tried again once it is something else, or once somebody
//! asks.

use crate::state::{State, UnitState, Wanted};
use crate::{Action, FailureKind, Phase, Run, RunKind, Time};
use mainstay_object::{Digest, ObjectKey};
use mainstay_unit::{Source, Unit, UnitId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A release that was once ready, with everything that it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Good {
    /// The revision that it appeared in: there it is read again after a restart.
    pub revision: String,
    pub release: Digest,
    /// How often a later one was rolled back to it.
    #[serde(default)]
    pub rollbacks: u32,
}

/// A release that has failed and is not applied any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    pub revision: String,
    pub release: Digest,
    pub why: String,
}

impl Good {
    fn new(wanted: &Wanted) -> Self {
        Self { revision: wanted.revision.clone(), release: wanted.whole, rollbacks: 0 }
    }
}

impl GivenUp {
    /// For people: what failed, why, and what is there instead.
    pub fn told(&self, good: Option<&Good>) -> String {
        let to = good.map_or_else(String::new, |good| format!(" to revision {}", good.revision));
        format!("revision {} has failed and is rolled back{to}: {}", self.revision, self.why)
    }
}

/// Whether what fails is to be rolled back.
fn asks(unit: &Unit) -> bool {
    match &unit.source {
        Source::Chart(chart) => chart.release.rollback,
        Source::Folder { .. } | Source::Objects(_) => false,
    }
}

impl UnitState {
    pub(crate) fn is_rolled_back(&self) -> bool {
        self.record.given_up.is_some()
    }

    /// What Git wants, whether it is applied or was given up.
    pub(crate) fn declared(&self) -> Option<&Arc<Wanted>> {
        self.refused.as_ref().or(self.desired.as_ref())
    }

    /// Notes what is ready: a later release is rolled back to it.
    pub(crate) fn note_good(&mut self, unit: &Unit) {
        if self.is_rolled_back() {
            return;
        }
        let wanted = self.desired.as_ref().filter(|wanted| wanted.rendered.release.is_some());
        self.good = wanted.cloned();
        let (wanted, old) = (wanted.filter(|_| asks(unit)), self.record.good.take());
        self.record.good = wanted.map(|wanted| match old.filter(|old| old.release == wanted.whole) {
            Some(old) => old,
            None => Box::new(Good::new(wanted)),
        });
    }

    /// What a revision says, unless it is what was given up: then that stays so.
    pub(crate) fn unless_given_up(&mut self, wanted: Wanted) -> Option<Wanted> {
        let Some(given_up) = self.record.given_up.as_ref().filter(|old| old.release == wanted.whole) else {
            (self.refused, self.record.given_up) = (None, None);
            return Some(wanted);
        };
        self.refused = Some(Arc::new(Wanted { revision: given_up.revision.clone(), ..wanted }));
        if self.desired.is_none()
            && let Some(good) = self.good.clone()
        {
            if self.record.applied == Some(good.whole) {
                self.applied = Some(good.rendered.clone());
            }
            self.desired = Some(good);
        }
        None
    }

    /// What was given up is wanted again.
    pub(crate) fn take_up(&mut self) -> bool {
        let had = self.record.given_up.take().is_some();
        if let Some(refused) = self.refused.take() {
            // What its hooks made at the last attempt is not of this one.
            let run = self.run(RunKind::Upgrade, Some(refused.whole), refused.revision.clone());
            self.record.hooks = (!refused.rendered.hooks.is_empty()).then(|| Box::new(run));
            self.desired = Some(refused);
        }
        had
    }

    /// The hooks of a rollback to a release, if there is one.
    pub(crate) fn way_back(&self, release: Option<Digest>) -> Option<Run> {
        let given_up = self.record.given_up.as_ref()?;
        Some(self.run(RunKind::Rollback, release, given_up.revision.clone()))
    }

    fn run(&self, kind: RunKind, release: Option<Digest>, revision: String) -> Run {
        let attempt = self.record.good.as_ref().map_or(0, |good| good.rollbacks);
        Run { release, kind, revision, attempt, ..Run::default() }
    }

    /// After a restart: of an earlier revision, the release that was good.
    pub(crate) fn remember_good(&mut self, wanted: Wanted) {
        if self.record.good.as_ref().is_some_and(|good| good.release == wanted.whole) {
            self.good = Some(Arc::new(wanted));
        }
    }

    /// Whether waiting longer would mend it: a server that does not answer is no fault of the release.
    fn has_failed(&mut self, unit: &Unit, reason: &str, now: Time) -> Result<(), Option<Time>> {
        match reason {
            "HookFailed" | "HealthCheckFailed" => Ok(()),
            "ApplyFailed" => {
                let until = *self.trial_until.get_or_insert(now.after(unit.timing.timeout));
                let away = |kind| {
                    matches!(kind, FailureKind::Unavailable | FailureKind::Released | FailureKind::Deployed)
                };
                match self.failures.values().any(|failure| away(failure.kind)) {
                    true => Err(None),
                    false if until > now => Err(Some(until)),
                    false => Ok(()),
                }
            }
            _ => Err(None),
        }
    }
}

impl State {
    /// What becomes of a unit's phase where it was rolled back, or is to be now.
    pub(crate) fn remedy(&mut self, id: &UnitId, unit: &Arc<Unit>, phase: Phase, now: Time) -> Phase {
        let Some(state) = self.units.get_mut(id) else { return phase };
        if let Some(given_up) = &state.record.given_up {
            let told = given_up.told(state.record.good.as_deref());
            let failed = |message| Phase::Failed { reason: "RolledBack".into(), message };
            return match phase {
                Phase::Ready => failed(told),
                Phase::Failed { message, .. } => failed(format!("{told}; nor is that one well: {message}")),
                Phase::Waiting { .. }
                | Phase::Applying
                | Phase::Checking { .. }
                | Phase::Suspended
                | Phase::NotRendered { .. }
                | Phase::Held { .. }
                | Phase::Deleting { .. } => phase,
            };
        }
        let Phase::Failed { reason, message } = &phase else { return phase };
        if !asks(unit) || state.token.is_some() {
            return phase;
        }
        let Some(good) = state.good.clone() else { return phase };
        let Some(wanted) = state.desired.clone().filter(|wanted| wanted.whole != good.whole) else {
            return phase;
        };
        match state.has_failed(unit, reason, now) {
            Ok(()) => {}
            Err(until) => {
                if let Some(until) = until {
                    self.wake_at(id, until);
                }
                return phase;
            }
        }
        if let Some((key, other)) = self.taken(id, unit, &good) {
            let message = format!("{message}; it can't be rolled back, because {key} is {other}'s now");
            return Phase::Failed { reason: reason.clone(), message };
        }
        let given_up =
            GivenUp { revision: wanted.revision.clone(), release: wanted.whole, why: message.clone() };
        self.roll_back(id, given_up, wanted, good)
    }

    /// An object of a release that another unit wants by now.
    fn taken(&self, id: &UnitId, unit: &Unit, good: &Wanted) -> Option<(ObjectKey, UnitId)> {
        good.rendered.objects.iter().find_map(|object| {
            let by = self.wanted.get(&(unit.target.clone(), object.key.clone()))?;
            (by != id).then(|| (object.key.clone(), by.clone()))
        })
    }

    fn roll_back(&mut self, id: &UnitId, given_up: GivenUp, wanted: Arc<Wanted>, good: Arc<Wanted>) -> Phase {
        let Some(state) = self.units.get_mut(id) else { return Phase::Applying };
        let known = state.record.good.take().filter(|known| known.release == good.whole);
        let known = known.map_or_else(|| Good::new(&good), |known| *known);
        let to = Good { rollbacks: known.rollbacks.saturating_add(1), ..known };
        let told = given_up.told(Some(&to));
        state.record.good = Some(Box::new(to));
        state.record.given_up = Some(Box::new(given_up));
        state.refused = Some(wanted);
        state.desired = Some(good);
        state.forgive();
        self.actions.push(Action::Tell {
            unit: id.clone(),
            warning: true,
            reason: "RolledBack",
            message: told.clone(),
        });
        self.rewant();
        Phase::Checking { why: told }
    }

    /// Somebody asks: what was given up is tried once more.
    pub(crate) fn try_again(&mut self, id: &UnitId) {
        if self.units.get_mut(id).is_some_and(|state| state.take_up()) {
            self.rewant();
        }
    }
}
