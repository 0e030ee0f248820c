use crate::event::Gone;
use crate::observe::{is_older, outdate_looks};
use crate::state::State;
use crate::{Action, ApplyResult, DeleteResult, Failure, FailureKind, Time, retry};
use mainstay_object::ObjectKey;
use mainstay_unit::{InventoryEntry, Target, UnitId};
use std::time::Duration;

impl State {
    /// The answer to an `Apply`: what succeeded is recorded object by object, whatever happened to the rest.
    pub(crate) fn applied(&mut self, id: &UnitId, token: u64, mut results: Vec<ApplyResult>, now: Time) {
        for result in &mut results {
            if let Ok(seen) = &mut result.outcome {
                self.by_rules(&result.key, seen);
            }
        }
        let Some(state) = self.units.get_mut(id) else { return };
        if state.test_token() == Some(token) {
            return self.test_made(id, results, now);
        }
        if state.token != Some(token) {
            return;
        }
        state.token = None;
        let outdated = state.sent.take() != state.desired.as_ref().map(|d| d.whole);
        let repairing = std::mem::take(&mut state.repairing);
        state.failures.retain(|key, _| state.contested.contains(key));
        let target = state.target();
        let mut checkers = Vec::new();
        let mut looks = Vec::new();
        let (mut shared, mut dropped) = (Vec::new(), Vec::new());
        let wanted = state.desired.clone();
        let version_of = |key: &ObjectKey| {
            let objects = &wanted.as_ref()?.rendered.objects;
            let at = objects.binary_search_by(|object| object.key.cmp(key)).ok()?;
            Some(objects[at].version.to_string())
        };
        let sent = results.len();
        for result in results {
            match result.outcome {
                Ok(seen) => {
                    if repairing.contains(&result.key) {
                        state.repairs.entry(result.key.clone()).or_default().push(now);
                    }
                    let place = (target.clone(), result.key.clone());
                    checkers.extend(self.checked.get(&place).into_iter().flatten());
                    outdate_looks(&mut self.looks, &place);
                    let version = version_of(&result.key);
                    let old = state.record.inventory.get(&result.key);
                    let hook = old.is_some_and(|entry| entry.hook);
                    let old = old.map(|entry| entry.version.clone());
                    state.record.inventory.insert(InventoryEntry {
                        key: result.key.clone(),
                        version: version.or(old).unwrap_or_default(),
                        uid: seen.uid.clone(),
                        desired: result.digest,
                        owned: seen.owned,
                        intended: Vec::new(),
                        recovered: false,
                        hook,
                    });
                    // Whoever has it as well learns of it here: a watch tells no news of what was answered.
                    let place = (target.clone(), result.key.clone());
                    if self.owners.get(&place).is_some_and(|owners| owners.len() > 1) {
                        shared.push((place.1, seen.clone()));
                    }
                    let older = state.observed.get(&result.key).is_some_and(|old| is_older(&seen, old));
                    if !older && state.see(&result.key, seen) {
                        let version = state.record.inventory.get(&result.key).map(|e| e.version.clone());
                        looks.push((result.key, version.unwrap_or_default()));
                    }
                }
                Err(failure) if matches!(failure.kind, FailureKind::Released | FailureKind::Deployed) => {
                    if state.is_upgrade(&result.key, failure.kind == FailureKind::Deployed) {
                        dropped.push((target.clone(), result.key));
                    }
                }
                // What was wrong with what is no longer wanted holds nothing up.
                Err(_) if outdated => {}
                Err(failure) => {
                    state.failures.insert(result.key, failure);
                }
            }
        }
        if state.failures.len() > state.contested.len() {
            let new = state.failures.iter().filter(|(key, _)| !state.contested.contains(*key));
            let worst = new.map(|(_, f)| f.kind).max_by_key(|k| patience(*k));
            let limit = state.unit.as_ref().map_or(Duration::from_secs(60), |u| u.timing.retry_interval);
            let kind = worst.unwrap_or(FailureKind::Unavailable);
            state.retry_at = Some(retry::next(id, kind, state.attempt, limit, now));
            state.attempt = if sent > state.failures.len() { 0 } else { state.attempt.saturating_add(1) };
        } else {
            state.attempt = 0;
            state.retry_at = None;
        }
        let look = |(key, version)| Action::Look { target: target.clone(), key, version };
        self.actions.extend(looks.into_iter().map(look));
        self.queue.extend(checkers.into_iter().cloned());
        self.queue.insert(id.clone());
        self.reconsider_transfers(id);
        for place in dropped {
            self.disown(id, &place);
        }
        for (key, seen) in shared {
            self.observe(&target, &key, Some(seen));
        }
    }

    /// Units that hold an object for this one until it has it in its own inventory.
    fn reconsider_transfers(&mut self, id: &UnitId) {
        let Some(state) = self.units.get(id) else { return };
        let target = state.target();
        let places = state.record.inventory.iter().map(|e| (target.clone(), e.key.clone()));
        let owners = places.filter_map(|place| self.owners.get(&place)).filter(|owners| owners.len() > 1);
        self.queue.extend(owners.flatten().filter(|other| *other != id).cloned());
    }

    pub(crate) fn deleted(&mut self, id: &UnitId, token: u64, results: Vec<DeleteResult>, now: Time) {
        self.no_longer_deleting(token);
        let Some(state) = self.units.get_mut(id) else { return };
        if state.test_token() == Some(token) {
            return self.tested_deleted(id, results, now);
        }
        if state.token != Some(token) {
            return;
        }
        state.token = None;
        let target = state.target();
        let mut failed: Vec<(ObjectKey, Failure)> = Vec::new();
        let mut gone_places = Vec::new();
        for result in results {
            match result.outcome {
                Ok(gone) => {
                    state.record.inventory.remove(&result.key);
                    state.observed.remove(&result.key);
                    gone_places.push(((target.clone(), result.key.clone()), gone == Gone::Deleted));
                    if let Gone::NotOurs(why) = gone {
                        self.actions.push(crate::Action::Tell {
                            unit: id.clone(),
                            warning: true,
                            reason: "LeftAlone",
                            message: format!("{} stays: {why}", result.key),
                        });
                    }
                }
                Err(failure) => failed.push((result.key, failure)),
            }
        }
        if failed.is_empty() {
            state.attempt = 0;
            state.retry_at = None;
            state.failures.retain(|key, _| state.contested.contains(key));
        } else {
            let limit = state.unit.as_ref().map_or(Duration::from_secs(30), |u| u.timing.retry_interval);
            let kind = failed
                .iter()
                .map(|(_, f)| f.kind)
                .min_by_key(|k| patience(*k))
                .unwrap_or(FailureKind::Unavailable);
            state.retry_at = Some(retry::next(id, kind, state.attempt, limit, now));
            state.attempt = state.attempt.saturating_add(1);
            state.failures.extend(failed);
        }
        for (place, deleted) in gone_places {
            self.lose(id, &place, deleted);
        }
        self.queue.insert(id.clone());
        if self.units.get(id).is_some_and(|s| s.unit.is_none()) {
            self.consider_dependents(id);
        }
    }

    /// An object is this unit's no longer; `deleted`: nor is it there.
    pub(crate) fn lose(&mut self, id: &UnitId, place: &(Target, ObjectKey), deleted: bool) {
        self.disown(id, place);
        // Whoever has it in its inventory too would take it for the next one of its name.
        for other in self.owners.get(place).into_iter().flatten().filter(|_| deleted) {
            if let Some(state) = self.units.get_mut(other) {
                state.observed.remove(&place.1);
                self.queue.insert(other.clone());
            }
        }
    }

    /// A request to delete was answered: whoever wants what it named may go on.
    fn no_longer_deleting(&mut self, token: u64) {
        let (wanted, queue) = (&self.wanted, &mut self.queue);
        self.deleting.retain(|place, (_, by)| {
            if *by == token {
                queue.extend(wanted.get(place).cloned());
            }
            *by != token
        });
    }
}

/// The failure that needs the most patience decides the pace.
fn patience(kind: FailureKind) -> u8 {
    match kind {
        FailureKind::NoKind | FailureKind::NotSent | FailureKind::Released | FailureKind::Deployed => 0,
        FailureKind::Unavailable => 1,
        FailureKind::Blocked => 2,
        FailureKind::Conflict => 3,
        FailureKind::Forbidden => 4,
        FailureKind::Invalid => 5,
    }
}
