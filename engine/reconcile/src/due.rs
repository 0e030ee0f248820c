//! What of a unit's objects needs a request.

use crate::forms::Forms;
use crate::state::{Places, UnitState};
use crate::{ApplyItem, Observation, Time};
use mainstay_object::{Digest, ObjectKey};
use mainstay_plan::rank;
use mainstay_unit::{Applying, DriftMode, InventoryEntry, Unit, UnitId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Three repairs of one object within this time are a fight: we stop.
const CONTEST: Duration = Duration::from_secs(600);
const REPAIRS: usize = 3;
/// The objects that need a request: new ones, changed ones, drifted ones. What is as it should be is not sent.
pub(crate) fn due(
    state: &mut UnitState,
    unit: &Unit,
    owners: &Places<UnitId>,
    inherited: &BTreeMap<ObjectKey, Forms>,
    now: Time,
) -> Due {
    state.repairing.clear();
    let Some(wanted) = state.desired.clone() else { return Due::default() };
    let (mut items, mut notices) = (Vec::new(), Vec::new());
    for desired in &wanted.rendered.objects {
        let (key, policy, digest) = (desired.key.clone(), &desired.policy, &desired.digest);
        if state.contested.contains(&key) {
            continue;
        }
        let need = need(state.record.inventory.get(&key), state.observed.get(&key), digest, policy.applying);
        match need {
            Need::Nothing => {
                state.noticed.remove(&key);
                continue;
            }
            Need::Wait => continue,
            Need::Paused => {
                notices.extend(state.notice(&key, "says in the cluster that it is not to be applied"));
                continue;
            }
            // What was rolled back takes nothing from who has it by now.
            Need::Apply
                if state.is_rolled_back()
                    && owners.get(&(unit.target.clone(), key.clone())).is_some_and(|o| *o != unit.id) =>
            {
                continue;
            }
            Need::Apply => {}
            Need::Repair => {
                let wanted = match unit.drift {
                    DriftMode::Correct => true,
                    DriftMode::Warn | DriftMode::Ignore => !state.observed.contains_key(&key),
                };
                if !wanted && unit.drift == DriftMode::Warn {
                    notices.extend(state.notice(&key, "was changed by somebody else, and is left so"));
                }
                // Of units that share an object, the first repairs it.
                let first = owners.get(&(unit.target.clone(), key.clone())).is_none_or(|o| *o == unit.id);
                if !wanted || !first {
                    continue;
                }
                if is_contest(state, &key, now) {
                    continue;
                }
            }
        }
        items.push(ApplyItem {
            sent: Forms::default(),
            desired: desired.clone(),
            digest: *digest,
            rank: rank(&desired.key.group_kind()),
            replace: unit.force || policy.replace,
            absent_only: policy.applying == Applying::IfNotPresent,
            fresh: None,
        });
    }
    if !items.is_empty() {
        let known = state.known();
        for item in &mut items {
            let key = &item.desired.key;
            let own = state.record.inventory.get(key).map(|entry| known.of(entry)).unwrap_or_default();
            item.sent = own.or(inherited.get(key).cloned().unwrap_or_default());
        }
    }
    items.sort_by_key(|i| i.rank);
    Due { items, notices }
}

/// What is to be sent, and what is to be told of what is not.
#[derive(Default)]
pub(crate) struct Due {
    pub items: Vec<ApplyItem>,
    pub notices: Vec<String>,
}

impl UnitState {
    /// A sentence on an object that is not applied; nothing if it was told of the object as it is now.
    fn notice(&mut self, key: &ObjectKey, what: &str) -> Option<String> {
        let owned = self.observed.get(key).and_then(|seen| seen.owned);
        let news = self.noticed.insert(key.clone(), owned) != Some(owned);
        news.then(|| format!("{key} {what}"))
    }
}

enum Need {
    Nothing,
    /// It is on its way out.
    Wait,
    Paused,
    Apply,
    Repair,
}

fn need(
    entry: Option<&InventoryEntry>,
    seen: Option<&Observation>,
    digest: &Digest,
    applying: Applying,
) -> Need {
    if applying == Applying::Never {
        return Need::Nothing;
    }
    let Some(entry) = entry else { return Need::Apply };
    let made_once = applying == Applying::IfNotPresent && entry.desired.is_some();
    let need = match seen {
        Some(_) if made_once => Need::Nothing,
        Some(_) | None if entry.desired.as_ref() != Some(digest) => Need::Apply,
        // It will come back once it has gone; until then nothing can be done.
        Some(seen) if seen.deleting => Need::Wait,
        Some(seen) if seen.uid == entry.uid && seen.owned == entry.owned => Need::Nothing,
        Some(_) | None => Need::Repair,
    };
    match need {
        Need::Apply | Need::Repair if seen.is_some_and(|seen| seen.paused) => Need::Paused,
        need => need,
    }
}

/// Whether an object has been repaired too often. Only repairs that the server took count, in `answer`.
fn is_contest(state: &mut UnitState, key: &ObjectKey, now: Time) -> bool {
    let repairs = state.repairs.entry(key.clone()).or_default();
    repairs.retain(|t| now.since(*t) < CONTEST);
    if repairs.len() >= REPAIRS {
        let message = format!(
            "was changed back by someone else {REPAIRS} times within ten minutes; it is left alone until the next revision"
        );
        state.failures.insert(key.clone(), crate::Failure { kind: crate::FailureKind::Conflict, message });
        state.contested.insert(key.clone());
        return true;
    }
    state.repairing.insert(key.clone());
    false
}
