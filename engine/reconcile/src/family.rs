//! Units that declare units. With `wait`, a Kustomization of Flux is healthy once what it declares is ready too: the
//! objects of Flux are never applied, so that their units are asked in their stead.

use crate::Phase;
use crate::state::{State, UnitState};
use mainstay_unit::{Dialect, Gate, Health, HealthStatus, Unit, UnitId};

/// What the units say that a unit has declared, as far as its own health asks for them.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub count: usize,
    /// The first of those in the worst state.
    pub worst: Option<(UnitId, Health)>,
}

pub(crate) fn waits_for_family(unit: &Unit) -> bool {
    unit.dialect == Dialect::Flux && unit.gate == Gate::Healthy
}

impl State {
    pub(crate) fn family(&self, id: &UnitId) -> Family {
        let mut out = Family::default();
        let waits = self.units.get(id).and_then(|state| state.unit.as_deref()).is_some_and(waits_for_family);
        let children = self.families.get(id).filter(|_| waits);
        for child in children.into_iter().flatten() {
            let Some(state) = self.units.get(child).filter(|state| state.unit.is_some()) else { continue };
            out.count += 1;
            let health = state.as_child();
            let worst = out.worst.as_ref().map_or(HealthStatus::Healthy, |(_, worst)| worst.status);
            if health.status > worst {
                out.worst = Some((child.clone(), health));
            }
        }
        out
    }

    /// Whoever has declared the unit and waits for it decides anew.
    pub(crate) fn consider_parent(&mut self, id: &UnitId) {
        let Some(parent) = self.reading.as_ref().and_then(|reading| reading.units.get(id)?.parent.as_ref())
        else {
            return;
        };
        let unit = self.units.get(parent).and_then(|state| state.unit.as_deref());
        if unit.is_some_and(waits_for_family) {
            self.queue.insert(parent.clone());
        }
    }

    /// Closes the gates of those who wait for units that are to be applied, so that nobody goes through before they know.
    pub(crate) fn close_above(&mut self, changed: &[UnitId]) {
        let Some(reading) = self.reading.clone() else { return };
        for id in changed {
            if self.units.get(id).is_none_or(|state| state.is_applied()) {
                continue;
            }
            let mut at = id;
            while let Some(parent) = reading.units.get(at).and_then(|unit| unit.parent.as_ref()) {
                let Some(state) = self.units.get_mut(parent) else { break };
                if !state.unit.as_deref().is_some_and(waits_for_family) || !state.gate {
                    break;
                }
                state.gate = false;
                self.queue.insert(parent.clone());
                at = parent;
            }
        }
    }

    /// Who has declared whom.
    pub(crate) fn meet(&mut self) {
        self.families.clear();
        let Some(reading) = self.reading.clone() else { return };
        for (id, unit) in &reading.units {
            if let Some(parent) = &unit.parent {
                self.families.entry(parent.clone()).or_default().push(id.clone());
                if let Some(state) = self.units.get_mut(id) {
                    state.record.above = reading.above(id);
                }
            }
        }
    }
}

impl UnitState {
    /// As Flux's own object would show it. After a start, what is recorded holds until more is known.
    fn as_child(&self) -> Health {
        if self.record.suspended || self.unit.as_ref().is_some_and(|unit| unit.suspend) {
            // As it was when it was suspended; what never ran is not there.
            return match self.record.applied {
                Some(_) => Health::healthy(""),
                None => Health::progressing("is suspended, and was never applied"),
            };
        }
        match &self.phase {
            Phase::Failed { .. } => Health::degraded(self.phase.why()),
            _ if self.is_applied() && self.record.phase == Phase::Ready.word() => Health::healthy(""),
            phase => Health::progressing(phase.why_closed()),
        }
    }
}
