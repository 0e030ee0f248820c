//! The record that Helm keeps of a release, where a unit is one: written once what is wanted is there, and taken away with
//! it. Nothing waits for it.

use crate::state::State;
use crate::{Action, Failure, FailureKind, Time, retry};
use mainstay_object::Digest;
use mainstay_unit::{Release, UnitId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// What Helm was told of a unit last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    pub name: String,
    pub namespace: String,
    /// What it was told.
    pub release: Digest,
    /// Helm's number of it; none where it could not be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
}

/// What is to become of Helm's records.
#[derive(Debug, Clone)]
pub enum Storing {
    /// A new one is deployed, those before it are superseded.
    Deployed(Arc<Release>),
    /// The release is gone, and its history with it.
    Gone { name: String, namespace: String },
}

impl State {
    /// Tells Helm of what is there now.
    pub(crate) fn store_release(&mut self, id: &UnitId, now: Time) {
        let Some(state) = self.units.get_mut(id) else { return };
        let Some(wanted) = state.desired.clone() else { return };
        let Some(release) = wanted.rendered.release.clone() else { return };
        let told = state.record.stored.as_ref();
        if state.storing || told.is_some_and(|stored| stored.release == release.digest) {
            return;
        }
        if let Some(at) = state.store_at.filter(|at| *at > now) {
            self.wake_at(id, at);
            return;
        }
        state.storing = true;
        let (target, account) = (state.target(), state.record.account());
        let what = Storing::Deployed(release);
        self.actions.push(Action::Store { unit: id.clone(), target, service_account: account, what });
    }

    /// Takes Helm's records away; true while that is under way.
    pub(crate) fn unstore(&mut self, id: &UnitId, now: Time) -> bool {
        let Some(state) = self.units.get_mut(id) else { return false };
        let Some(stored) = &state.record.stored else { return false };
        if state.storing {
            return true;
        }
        if let Some(at) = state.store_at.filter(|at| *at > now) {
            self.wake_at(id, at);
            return true;
        }
        state.storing = true;
        let what = Storing::Gone { name: stored.name.clone(), namespace: stored.namespace.clone() };
        let (target, account) = (state.target(), state.record.account());
        self.actions.push(Action::Store { unit: id.clone(), target, service_account: account, what });
        true
    }

    pub(crate) fn stored(
        &mut self,
        id: &UnitId,
        what: &Storing,
        outcome: Result<Option<u64>, Failure>,
        now: Time,
    ) {
        let Some(state) = self.units.get_mut(id) else { return };
        state.storing = false;
        self.queue.insert(id.clone());
        let limit = state.unit.as_ref().map_or(Duration::from_secs(60), |unit| unit.timing.retry_interval);
        let (revision, why) = match outcome {
            Ok(revision) => (revision, None),
            // Nobody but a person mends that, and no object lacks anything.
            Err(failure) if matches!(failure.kind, FailureKind::Forbidden | FailureKind::Invalid) => {
                (None, Some(failure.message))
            }
            Err(failure) => {
                state.store_at = Some(retry::next(id, failure.kind, state.store_attempt, limit, now));
                state.store_attempt = state.store_attempt.saturating_add(1);
                return;
            }
        };
        (state.store_at, state.store_attempt) = (None, 0);
        state.record.stored = match what {
            Storing::Deployed(release) => Some(Box::new(Stored {
                name: release.name.clone(),
                namespace: release.namespace.clone(),
                release: release.digest,
                revision,
            })),
            Storing::Gone { .. } => None,
        };
        if let Some(why) = why {
            let message = format!("Helm's record of the release could not be written: {why}");
            self.actions.push(Action::Tell {
                unit: id.clone(),
                warning: true,
                reason: "ReleaseRecord",
                message,
            });
        }
    }
}
