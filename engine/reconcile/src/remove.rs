use crate::hooks::Side;
use crate::state::{Removal, State, UnitState};
use crate::{Phase, Time, Wait};
use mainstay_unit::{InventoryEntry, UnitId};

impl State {
    /// A unit that is no longer declared. `None`: it is gone for good.
    pub(crate) fn remove(&mut self, id: &UnitId, now: Time) -> Option<Phase> {
        let state = self.units.get_mut(id)?;
        match &state.removal {
            None => return Some(Phase::Held { why: "it is not known yet whether it is gone".into() }),
            Some(Removal::Held(held)) => {
                state.record.held.clone_from(&held.hash);
                let how = held
                    .hash
                    .as_ref()
                    .map(|h| format!("; to go on: mainstay approve {h}"))
                    .unwrap_or_default();
                return Some(Phase::Held { why: format!("{}{how}", held.why) });
            }
            Some(Removal::Now) => state.record.held = None,
        }
        if state.record.suspended {
            return Some(Phase::Suspended);
        }
        if let Some(phase) = self.left_to_another(id) {
            return Some(phase);
        }
        let state = self.units.get(id)?;
        let target = state.target();
        let orphan = state.record.orphans();
        let entries: Vec<InventoryEntry> = state.record.inventory.iter().cloned().collect();
        let (mut delete, mut release) = (Vec::new(), Vec::new());
        for entry in entries {
            let place = (target.clone(), entry.key.clone());
            match self.wanted.get(&place) {
                Some(other) if other != id => {
                    let taken = self.has_taken(id, other, &entry);
                    if !taken {
                        let on =
                            vec![Wait::Unit { id: other.clone(), why: format!("takes over {}", entry.key) }];
                        return Some(Phase::Waiting { on });
                    }
                    self.drop_entry(id, &entry);
                }
                Some(_) | None if orphan || entry.hook => release.push(entry),
                Some(_) | None => delete.push(entry),
            }
        }
        // What is out of reach can't be told that it is nobody's, and stays all the same.
        if self.is_down(&target) {
            for entry in std::mem::take(&mut release) {
                self.drop_entry(id, &entry);
            }
        }
        let hooks = self.units.get(id).is_some_and(|state| state.awaits_last_hooks());
        let told = !orphan && self.units.get(id).is_some_and(|state| state.record.stored.is_some());
        if delete.is_empty() && release.is_empty() && !hooks && !told {
            self.forget(id);
            self.consider_dependents(id);
            return None;
        }
        let undeclared =
            self.undeclared.iter().filter(|other| *other != id).filter_map(|o| Some((o, self.units.get(o)?)));
        let later: Vec<Wait> = undeclared
            .filter(|(_, s)| s.record.depends_on.contains(id) && !s.record.inventory.is_empty())
            .map(|(other, _)| Wait::Unit { id: other.clone(), why: "is removed first".into() })
            .collect();
        if !later.is_empty() {
            return Some(Phase::Waiting { on: later });
        }
        if let Err(wait) = self.reachable(&target) {
            return Some(Phase::Waiting { on: vec![wait] });
        }
        let state = self.units.get_mut(id)?;
        if let Some(at) = state.retry_at {
            if at > now {
                self.wake_at(id, at);
                let state = self.units.get(id)?;
                let why = state.failures.iter().next().map_or_else(
                    || "waits for the next attempt".into(),
                    |(key, f)| format!("{key}: {}", f.message),
                );
                return Some(Phase::Deleting { why });
            }
            state.retry_at = None;
            state.failures.clear();
        }
        if let Some(why) = self.could_be_wanted(id, &target) {
            return Some(Phase::Held { why });
        }
        let side = if delete.is_empty() { Side::After } else { Side::Before };
        if (hooks || !delete.is_empty())
            && let Some(phase) = self.run_last_hooks(id, side, now)
        {
            return Some(phase);
        }
        if !delete.is_empty() {
            return Some(self.start_delete(id, delete, false));
        }
        if told && self.unstore(id, now) {
            return Some(Phase::Deleting { why: "Helm's records of it are being deleted".into() });
        }
        if !release.is_empty() {
            return Some(self.start_delete(id, release, true));
        }
        // The last of its hooks has left nothing.
        self.forget(id);
        self.consider_dependents(id);
        None
    }

    /// Whether another unit has this very object of one's own. An entry of an earlier object of that name proves nothing,
    /// nor does what the other one has seen, where one has seen otherwise oneself.
    pub(crate) fn has_taken(&self, id: &UnitId, other: &UnitId, entry: &InventoryEntry) -> bool {
        let Some(state) = self.units.get(other) else { return false };
        let Some(theirs) = state.record.inventory.get(&entry.key) else { return false };
        let seen_by = |state: &UnitState| state.observed.get(&entry.key).map(|seen| seen.uid == theirs.uid);
        let mine = self.units.get(id).and_then(|state| seen_by(state));
        let current = seen_by(state) == Some(true) && mine != Some(false);
        !theirs.uid.is_empty() && (theirs.uid == entry.uid || current)
    }

    pub(crate) fn drop_entry(&mut self, id: &UnitId, entry: &InventoryEntry) {
        if let Some(state) = self.units.get_mut(id) {
            let place = (state.target(), entry.key.clone());
            state.record.inventory.remove(&entry.key);
            self.disown(id, &place);
        }
    }
}
