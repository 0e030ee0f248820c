use crate::state::{State, UnitState};
use crate::{Time, Wait};
use mainstay_object::ObjectKey;
use mainstay_unit::{Gate, Health, HealthStatus, Missing, UnitId};

/// Shown where a user's own expression decides: unproven is not healthy.
const NOT_EVALUATED: &str = "CEL expressions are not evaluated yet";

impl UnitState {
    /// The unit's health is that of its worst object or check, named.
    pub(crate) fn assess(&self) -> Health {
        let mut worst = Health::healthy("");
        let mut count = 0usize;
        let mut consider = |name: String, health: &Health| {
            count += 1;
            if health.status > worst.status {
                worst = Health::new(health.status, format!("{name}: {}", health.message));
            }
        };
        // Before the first good render of this run, what is recorded is what there should be.
        let keys: Vec<ObjectKey> = match &self.desired {
            Some(wanted) => wanted.rendered.objects.iter().map(|d| d.object.key()).collect(),
            None => self.record.inventory.iter().map(|e| e.key.clone()).collect(),
        };
        if self.desired.is_none() && keys.is_empty() {
            return Health::unknown("nothing has been applied yet");
        }
        for key in keys {
            match (self.observed.get(&key), self.failures.get(&key)) {
                (_, Some(failure)) => consider(key.to_string(), &Health::degraded(failure.message.clone())),
                (Some(seen), None) if seen.deleting => {
                    consider(key.to_string(), &Health::progressing("is being deleted"))
                }
                (Some(seen), None) => consider(key.to_string(), &seen.health),
                (None, None) if self.seen || self.record.inventory.get(&key).is_none() => {
                    consider(key.to_string(), &Health::missing("does not exist"))
                }
                (None, None) => consider(key.to_string(), &Health::unknown("not looked at yet")),
            }
        }
        for check in self.unit.iter().flat_map(|u| &u.health_checks).filter(|c| !c.key.name.is_empty()) {
            match self.observed.get(&check.key) {
                Some(seen) => consider(check.key.to_string(), &seen.health),
                None => consider(check.key.to_string(), &Health::missing("does not exist")),
            }
        }
        if self.has_expressions() {
            consider("health check".into(), &Health::unknown(NOT_EVALUATED));
        }
        if worst.status == HealthStatus::Healthy {
            worst.message = match count {
                1 => "1 object is healthy".into(),
                n => format!("{n} objects are healthy"),
            };
        }
        worst
    }

    /// Whether the user said in CEL what healthy means: nothing else may stand in for that.
    fn has_expressions(&self) -> bool {
        let checks = self.unit.iter().flat_map(|u| &u.health_checks);
        checks.into_iter().any(|c| c.current.is_some() || c.in_progress.is_some() || c.failed.is_some())
    }

    /// Health of the named checks alone.
    fn checks_healthy(&self) -> bool {
        !self.has_expressions()
            && self.unit.iter().flat_map(|u| &u.health_checks).all(|check| {
                check.key.name.is_empty()
                    || self.observed.get(&check.key).is_some_and(|o| o.health.status.is_healthy())
            })
    }

    /// Whether dependents may start: only what is applied as wanted opens a gate.
    pub(crate) fn open(&self) -> bool {
        let Some(unit) = &self.unit else { return false };
        if !self.is_applied() || !self.failures.is_empty() || self.render != crate::state::Render::Good {
            return false;
        }
        match unit.gate {
            Gate::Applied => true,
            Gate::Checks => self.checks_healthy(),
            Gate::Healthy => self.health.status.is_healthy(),
        }
    }
}

impl State {
    /// What a unit waits on before it may apply a change.
    pub(crate) fn waits(&self, id: &UnitId, _now: Time) -> Vec<Wait> {
        let Some(unit) = self.units.get(id).and_then(|s| s.unit.as_ref()) else { return Vec::new() };
        let mut out: Vec<Wait> = Vec::new();
        for dependency in &unit.depends_on {
            let defined = self.units.get(&dependency.on).is_some_and(|s| s.unit.is_some());
            if !defined {
                let why = match dependency.missing {
                    Missing::Error | Missing::Wait => "is not declared",
                };
                out.push(Wait::Unit { id: dependency.on.clone(), why: why.into() });
            } else if dependency.ready_expr.is_some() {
                let why = format!("its readyExpr decides, and {NOT_EVALUATED}");
                out.push(Wait::Unit { id: dependency.on.clone(), why });
            }
        }
        for (on, _) in self.graph.dependencies(id) {
            match self.units.get(on) {
                Some(state) if state.gate => {}
                Some(state) => out.push(Wait::Unit { id: on.clone(), why: state.phase.why_closed() }),
                None => out.push(Wait::Unit { id: on.clone(), why: "is not declared".into() }),
            }
        }
        out
    }
}
