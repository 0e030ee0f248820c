use crate::state::{Places, State, UnitState};
use crate::{Action, Observation};
use mainstay_object::{GroupVersionKind, ObjectKey};
use mainstay_unit::{Health, Target, UnitId};

/// Looks at an object that have not been answered yet.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    under_way: u32,
    /// The object was made, or changed, since one of them was asked for: it may have been looked for before that.
    outdated: bool,
}

/// An apply was answered: what is being looked at may be older.
pub(crate) fn outdate_looks(looks: &mut Places<Looks>, place: &(Target, ObjectKey)) {
    if let Some(looks) = looks.get_mut(place) {
        looks.outdated = true;
    }
}

impl State {
    pub(crate) fn count_looks(&mut self) {
        for action in &self.actions {
            if let Action::Look { target, key, .. } = action {
                self.looks.entry((target.clone(), key.clone())).or_default().under_way += 1;
            }
        }
    }

    /// Whether the answer to a look may be older than what is known.
    fn is_outdated(&mut self, place: &(Target, ObjectKey)) -> bool {
        let Some(looks) = self.looks.get_mut(place) else { return false };
        looks.under_way = looks.under_way.saturating_sub(1);
        let outdated = looks.outdated;
        // After an outdated one another is asked for, and counts.
        if outdated || looks.under_way == 0 {
            self.looks.remove(place);
        }
        outdated
    }

    pub(crate) fn sync(&mut self, target: Target, kind: GroupVersionKind) {
        self.queue.extend(self.residents.get(&target).into_iter().flatten().cloned());
        self.blind.remove(&(target.clone(), kind.clone()));
        self.synced.insert((target, kind));
    }

    /// Nobody sees any more what becomes of objects: they are as good as before a first look.
    pub(crate) fn unwatch(
        &mut self,
        target: Target,
        kind: GroupVersionKind,
        object: Option<ObjectKey>,
        why: &str,
    ) {
        for id in self.residents.get(&target).into_iter().flatten() {
            let Some(state) = self.units.get_mut(id) else { continue };
            match &object {
                Some(key) => {
                    if let Some(seen) = state.observed.get_mut(key) {
                        seen.health = Health::unknown(format!("can't be looked at: {why}"));
                        // The same version, told again, is judged again.
                        seen.resource_version.clear();
                    }
                }
                None => {
                    state.observed.retain(|key, _| (key.group(), key.kind()) != (&*kind.group, &*kind.kind));
                }
            }
            self.queue.insert(id.clone());
        }
        if object.is_none() {
            let why = format!("{} objects can't be watched: {why}", kind.kind);
            let place = (target, kind);
            self.synced.remove(&place);
            self.blind.insert(place, why);
        }
    }

    /// A watch's word. That something is gone may only mean that it lost our label: look before concluding.
    pub(crate) fn observe(&mut self, target: &Target, key: &ObjectKey, mut observation: Option<Observation>) {
        if let Some(seen) = &mut observation {
            self.by_rules(key, seen);
        }
        let place = (target.clone(), key.clone());
        let mut look = None;
        for id in self.checked.get(&place).cloned().unwrap_or_default() {
            let owned = self.owners.get(&place).is_some_and(|o| o.contains(&id));
            if let Some(state) = self.units.get_mut(&id)
                && !owned
            {
                match &observation {
                    Some(seen) => {
                        if state.see(key, seen.clone()) {
                            look = state.checked_version(key);
                        }
                    }
                    None => {
                        state.observed.remove(key);
                    }
                }
                self.queue.insert(id);
            }
        }
        let owners = self.owners.get(&place).cloned().unwrap_or_default();
        if owners.is_empty() {
            self.notice_stray(&place, observation.as_ref());
        }
        for id in owners {
            let Some(state) = self.units.get_mut(&id) else { continue };
            let entry = state.record.inventory.get(key);
            let unclaimed = entry.is_some_and(|entry| entry.recovered)
                && observation.as_ref().is_some_and(|seen| seen.claim.is_none());
            let version = state.record.inventory.get(key).map(|e| e.version.clone()).unwrap_or_default();
            match &observation {
                Some(seen) => match state.observed.get(key) {
                    Some(old) if is_older(seen, old) => {}
                    // Late news of an object that has been made anew since, or a server that counts from the start.
                    Some(old) if old.uid != seen.uid && is_behind(seen, old) => look = Some(version),
                    Some(_) | None => {
                        if state.see(key, seen.clone()) || unclaimed {
                            look = Some(version);
                        }
                        self.queue.insert(id);
                    }
                },
                None => look = Some(version),
            }
        }
        if let Some(version) = look {
            self.actions.push(Action::Look { target: target.clone(), key: key.clone(), version });
        }
    }

    /// A look is the truth of its moment.
    pub(crate) fn look(&mut self, target: &Target, key: &ObjectKey, mut observation: Option<Observation>) {
        if let Some(seen) = &mut observation {
            self.by_rules(key, seen);
        }
        let place = (target.clone(), key.clone());
        if self.is_outdated(&place) && observation.is_none() {
            let mut owners = self.owners.get(&place).into_iter().flatten();
            let entry = owners.find_map(|id| self.units.get(id)?.record.inventory.get(key));
            if let Some(version) = entry.map(|entry| entry.version.clone()) {
                return self.actions.push(Action::Look { target: place.0, key: place.1, version });
            }
        }
        self.recover(&place, observation.as_ref());
        for id in self.owners.get(&place).cloned().unwrap_or_default() {
            self.unclaim(&id, key, observation.as_ref());
            let Some(state) = self.units.get_mut(&id) else { continue };
            match &observation {
                Some(seen) => {
                    if !state.observed.get(key).is_some_and(|old| is_older(seen, old)) {
                        // A look brings the object: another would bring no more.
                        let _again = state.see(key, seen.clone());
                    }
                }
                None => {
                    state.observed.remove(key);
                }
            }
            self.queue.insert(id);
        }
        for id in self.checked.get(&place).cloned().unwrap_or_default() {
            if let (Some(state), Some(seen)) = (self.units.get_mut(&id), &observation)
                && state.judged(key.group(), key.kind())
            {
                let _again = state.see(key, seen.clone());
            }
            self.queue.insert(id);
        }
    }

    /// Health checks on objects of other units: their owner is told of them, once, and may have been long ago.
    pub(crate) fn borrow_checks(&mut self, id: &UnitId) {
        let Some(state) = self.units.get(id) else { return };
        let Some(unit) = state.unit.clone() else { return };
        for check in unit.health_checks.iter().filter(|c| !c.key.name().is_empty()) {
            let place = (unit.target.clone(), check.key.clone());
            let Some(owners) = self.owners.get(&place) else { continue };
            if owners.contains(id) {
                continue;
            }
            let seen = owners.iter().find_map(|o| self.units.get(o)?.observed.get(&check.key)).cloned();
            let Some(state) = self.units.get_mut(id) else { return };
            match seen {
                // The owner's verdict is not this unit's, where this one has expressions of its own.
                Some(seen) => {
                    if state.see(&check.key, seen) {
                        let (target, key) = place;
                        let version = check.version.clone();
                        self.actions.push(Action::Look { target, key, version });
                    }
                }
                None => {
                    state.observed.remove(&check.key);
                }
            }
        }
    }
}

impl UnitState {
    /// The version in which the check that names an object asks for it.
    fn checked_version(&self, key: &ObjectKey) -> Option<String> {
        let mut checks = self.unit.iter().flat_map(|unit| &unit.health_checks);
        checks.find(|check| check.key == *key).map(|check| check.version.clone())
    }
}

/// Resource versions of one object are ordered integers (KEP-5504); where a server breaks that, the later word counts.
pub(crate) fn is_older(new: &Observation, old: &Observation) -> bool {
    new.uid == old.uid && is_behind(new, old)
}

fn is_behind(new: &Observation, old: &Observation) -> bool {
    match (new.resource_version.parse::<u64>(), old.resource_version.parse::<u64>()) {
        (Ok(new_version), Ok(old_version)) => new_version < old_version,
        _ => false,
    }
}
