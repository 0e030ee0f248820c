//! Objects that say they are ours and that no inventory holds: records were lost, or come from an older copy.
//!
//! A label is never proof. What is found by it alone is looked at once more, recorded with the unit that it names, and
//! held there until somebody approves that it goes; without its label it is nobody's.

use crate::state::{Reach, Render, State, UnitState};
use crate::{Action, Observation};
use mainstay_object::{GroupVersionKind, ObjectKey};
use mainstay_unit::{InventoryEntry, Target, UnitId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stray {
    version: String,
    /// It is being looked at.
    asked: bool,
}

impl State {
    /// Kinds that may have strays are watched, whether any unit has them or not.
    pub(crate) fn survey(&mut self, target: &Target, kinds: Vec<GroupVersionKind>) {
        // Late news of a connection that is gone: the next one surveys anew, and a watch now would follow nothing.
        if self.targets.get(target) != Some(&Reach::Up) {
            return;
        }
        for kind in kinds {
            if self.watched.insert((target.clone(), kind.clone())) {
                self.actions.push(Action::Watch { target: target.clone(), kind, bodies: false });
            }
        }
    }

    /// What a watch says of an object that no inventory holds.
    pub(crate) fn notice_stray(&mut self, place: &(Target, ObjectKey), observation: Option<&Observation>) {
        let claim = observation.filter(|seen| !seen.deleting).and_then(|seen| seen.claim.as_ref());
        let Some(claim) = claim else {
            self.forget_stray(place);
            return;
        };
        let stray = Stray { version: claim.version.clone(), asked: false };
        self.strays.entry(claim.unit.clone()).or_default().insert(place.clone(), stray);
        self.queue.insert(claim.unit.clone());
    }

    pub(crate) fn forget_stray(&mut self, place: &(Target, ObjectKey)) {
        if self.strays.is_empty() {
            return;
        }
        self.strays.retain(|_, strays| {
            strays.remove(place);
            !strays.is_empty()
        });
    }

    /// Looks at what names this unit, once it is certain that neither it nor any other wants it.
    pub(crate) fn look_at_strays(&mut self, id: &UnitId) {
        if !self.strays.contains_key(id) {
            return;
        }
        let target = match self.units.get(id).map_or(Whereabouts::Anywhere, |state| state.whereabouts()) {
            Whereabouts::Uncertain => return,
            Whereabouts::Anywhere => None,
            Whereabouts::On(target) => Some(target),
        };
        let Some(strays) = self.strays.get_mut(id) else { return };
        for (place, stray) in strays.iter_mut().filter(|(_, stray)| !stray.asked) {
            let elsewhere = target.as_ref().is_some_and(|target| *target != place.0);
            if elsewhere || self.wanted.contains_key(place) || self.owners.contains_key(place) {
                continue;
            }
            stray.asked = true;
            let (target, key) = place.clone();
            self.actions.push(Action::Look { target, key, version: stray.version.clone() });
        }
    }

    /// What a look found of an object that no inventory holds.
    pub(crate) fn recover(&mut self, place: &(Target, ObjectKey), observation: Option<&Observation>) {
        let named = self.strays.iter().find(|(_, strays)| strays.get(place).is_some_and(|s| s.asked));
        let Some(id) = named.map(|(id, _)| id.clone()) else { return };
        if self.owners.contains_key(place) || self.wanted.contains_key(place) {
            return;
        }
        self.forget_stray(place);
        let Some(seen) = observation.filter(|seen| !seen.deleting) else { return };
        let Some(claim) = seen.claim.clone().filter(|claim| claim.unit == id) else { return };
        let (target, key) = place.clone();
        let state = self.units.entry(id.clone()).or_insert_with(|| Box::new(UnitState::new(id.clone())));
        if state.unit.is_none() && state.record.inventory.is_empty() {
            state.record.set_target(&target);
        }
        // One record names one cluster.
        if state.target() != target {
            return;
        }
        let entry = InventoryEntry::recovered(key.clone(), claim.version.clone(), seen.uid.clone());
        state.record.inventory.insert(entry);
        let _no_check_names_it = state.see(&key, seen.clone());
        self.owners.entry(place.clone()).or_default().insert(id.clone());
        self.actions.push(Action::Tell {
            unit: id.clone(),
            warning: true,
            reason: "Recovered",
            message: format!(
                "{key} says that it is ours, and no record held it: it stays until its removal is approved"
            ),
        });
        if let Some(state) = self.units.get_mut(&id).filter(|state| state.unit.is_none()) {
            // What was decided, or approved, of a removal that is under way did not speak of this object.
            state.removal = None;
            self.locate();
            self.judge_removals();
        }
        self.queue.insert(id);
    }

    /// Found by what it said of itself, which it says no longer.
    pub(crate) fn unclaim(&mut self, id: &UnitId, key: &ObjectKey, observation: Option<&Observation>) {
        let Some(state) = self.units.get(id) else { return };
        let Some(entry) = state.record.inventory.get(key).filter(|entry| entry.recovered).cloned() else {
            return;
        };
        let claimed = observation.is_some_and(|seen| seen.claim.is_some() && seen.uid == entry.uid);
        if !claimed && state.token.is_none() {
            self.drop_entry(id, &entry);
            self.judge_removals();
        }
    }

    /// Whether a cluster has been told to be out of reach.
    pub(crate) fn is_down(&self, target: &Target) -> bool {
        matches!(self.targets.get(target), Some(Reach::Down(_)))
    }
}

/// Where objects that name a unit may be its own.
enum Whereabouts {
    /// It may want them yet.
    Uncertain,
    On(Target),
    /// Nothing is known of it.
    Anywhere,
}

impl UnitState {
    fn whereabouts(&self) -> Whereabouts {
        let certain = self.render == Render::Good && self.is_applied() && self.failures.is_empty();
        match &self.unit {
            _ if self.token.is_some() => Whereabouts::Uncertain,
            None if self.record.inventory.is_empty() => Whereabouts::Anywhere,
            None => Whereabouts::On(self.target()),
            Some(unit) if certain => Whereabouts::On(unit.target.clone()),
            Some(_) => Whereabouts::Uncertain,
        }
    }
}
