use crate::state::State;
use crate::{Action, Observation};
use mainstay_object::{GroupVersionKind, ObjectKey};
use mainstay_unit::Target;

impl State {
    pub(crate) fn sync(&mut self, target: Target, kind: GroupVersionKind) {
        let waiting: Vec<_> =
            self.units.iter().filter(|(_, s)| s.target() == target).map(|(id, _)| id.clone()).collect();
        self.synced.insert((target, kind));
        self.queue.extend(waiting);
    }

    /// A watch's word. That something is gone may only mean that it lost our label: look before concluding.
    pub(crate) fn observe(&mut self, target: &Target, key: &ObjectKey, observation: Option<Observation>) {
        let place = (target.clone(), key.clone());
        for id in self.checked.get(&place).cloned().unwrap_or_default() {
            let owned = self.owners.get(&place) == Some(&id);
            if let Some(state) = self.units.get_mut(&id)
                && !owned
            {
                match &observation {
                    Some(seen) => {
                        state.observed.insert(key.clone(), seen.clone());
                    }
                    None => {
                        state.observed.remove(key);
                    }
                }
                self.queue.insert(id);
            }
        }
        let Some(id) = self.owners.get(&place).cloned() else { return };
        let Some(state) = self.units.get_mut(&id) else { return };
        match observation {
            Some(seen) => {
                if state.observed.get(key).is_some_and(|old| is_older(&seen, old)) {
                    return;
                }
                state.observed.insert(key.clone(), seen);
                self.queue.insert(id);
            }
            None => {
                let version = state.record.inventory.get(key).map(|e| e.version.clone()).unwrap_or_default();
                self.actions.push(Action::Look { target: target.clone(), key: key.clone(), version });
            }
        }
    }

    /// A look is the truth of its moment.
    pub(crate) fn look(&mut self, target: &Target, key: &ObjectKey, observation: Option<Observation>) {
        let Some(id) = self.owners.get(&(target.clone(), key.clone())).cloned() else { return };
        let Some(state) = self.units.get_mut(&id) else { return };
        match observation {
            Some(seen) => {
                if !state.observed.get(key).is_some_and(|old| is_older(&seen, old)) {
                    state.observed.insert(key.clone(), seen);
                }
            }
            None => {
                state.observed.remove(key);
            }
        }
        self.queue.insert(id);
    }
}

/// Resource versions of one object are ordered integers (KEP-5504); where a server breaks that, the later word counts.
pub(crate) fn is_older(new: &Observation, old: &Observation) -> bool {
    match (new.resource_version.parse::<u64>(), old.resource_version.parse::<u64>()) {
        (Ok(new_version), Ok(old_version)) => new.uid == old.uid && new_version < old_version,
        _ => false,
    }
}
