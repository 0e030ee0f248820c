use crate::family::{Family, waits_for_family};
use crate::state::{State, UnitState};
use crate::{Observation, Time, Wait, expression};
use mainstay_graph::Reason;
use mainstay_object::ObjectKey;
use mainstay_unit::{Gate, Health, HealthCheck, HealthStatus, Missing, Unit, UnitId};
use std::collections::BTreeSet;
use std::fmt::Display;

impl UnitState {
    /// The unit's health is that of its worst object or check, named.
    pub(crate) fn assess(&self, family: &Family) -> Health {
        let mut worst = Worst { health: Health::healthy(""), count: 0 };
        // Before the first good render of this run, what is recorded is what there should be.
        match &self.desired {
            Some(wanted) => wanted.applied().for_each(|object| self.weigh(&object.key, &mut worst)),
            None if self.record.inventory.is_empty() => {
                return Health::unknown("nothing has been applied yet");
            }
            None => {
                let own = self.record.inventory.iter().filter(|entry| !entry.hook);
                own.for_each(|entry| self.weigh(&entry.key, &mut worst));
            }
        }
        for check in self.unit.iter().flat_map(|u| &u.health_checks).filter(|c| !c.key.name().is_empty()) {
            match self.observed.get(&check.key) {
                Some(seen) => worst.consider(&check.key, &seen.health),
                None => worst.consider(&check.key, &Health::missing("does not exist")),
            }
        }
        if let Some((child, health)) = &family.worst {
            worst.consider(child, health);
        }
        let Worst { mut health, count } = worst;
        if health.status == HealthStatus::Healthy {
            health.message = match (count, family.count) {
                (1, 0) => "1 object is healthy".into(),
                (n, 0) => format!("{n} objects are healthy"),
                (0, 1) => "the unit that it declares is ready".into(),
                (0, n) => format!("the {n} units that it declares are ready"),
                (n, 1) => format!("{n} objects are healthy, the unit that it declares is ready"),
                (n, m) => format!("{n} objects are healthy, the {m} units that it declares are ready"),
            };
        }
        health
    }

    fn weigh(&self, key: &ObjectKey, worst: &mut Worst) {
        match (self.observed.get(key), self.failures.get(key)) {
            (_, Some(failure)) => worst.consider(key, &Health::degraded(failure.message.clone())),
            (Some(seen), None) if seen.deleting => {
                worst.consider(key, &Health::progressing("is being deleted"));
            }
            (Some(seen), None) => worst.consider(key, &seen.health),
            (None, None) if self.seen || self.record.inventory.get(key).is_none() => {
                worst.consider(key, &Health::missing("does not exist"));
            }
            (None, None) => worst.consider(key, &Health::unknown("not looked at yet")),
        }
    }

    /// The check whose expressions judge an object: one that names it, else one for its kind.
    fn check(&self, key: &ObjectKey) -> Option<&HealthCheck> {
        let checks = self.unit.iter().flat_map(|u| &u.health_checks).filter(|check| has_expressions(check));
        let fits = |check: &HealthCheck| {
            check.key.group() == key.group() && check.key.kind() == key.kind() && check.key.name().is_empty()
        };
        let mut checks = checks.filter(|check| check.key == *key || fits(check));
        let first = checks.next()?;
        if first.key == *key { Some(first) } else { checks.find(|check| check.key == *key).or(Some(first)) }
    }

    /// Keeps what was seen of an object, judged by the unit's own expressions; true if it has to be looked at for that.
    #[must_use]
    pub(crate) fn see(&mut self, key: &ObjectKey, mut seen: Observation) -> bool {
        let body = seen.body.take();
        seen.claim = None;
        let known = self.observed.get(key);
        if let Some(old) = known.filter(|old| old.judged > seen.judged && is_same(old, &seen)) {
            // The same object, judged by rules that hold no more.
            (seen.health, seen.judged) = (old.health.clone(), old.judged);
            self.observed.insert(key.clone(), seen);
            return false;
        }
        let mut look = false;
        if let Some(check) = self.check(key) {
            let known = self.observed.get(key);
            match (body, known) {
                (Some(object), _) => seen.health = expression::health(check, &object, &seen.health),
                (None, Some(old)) if is_same(old, &seen) => {
                    seen.health = old.health.clone();
                }
                (None, _) => {
                    seen.health = Health::unknown("is being looked at for its check");
                    look = true;
                }
            }
        }
        self.observed.insert(key.clone(), seen);
        look
    }

    /// Expressions have changed: what they judge, and what they judged, has to be looked at again.
    pub(crate) fn forget_verdicts(&mut self, before: &Unit) -> Vec<(ObjectKey, String)> {
        let after = self.unit.as_ref().map(|unit| &unit.health_checks);
        let checks = before.health_checks.iter().chain(after.into_iter().flatten());
        let checks: Vec<HealthCheck> = checks.filter(|check| has_expressions(check)).cloned().collect();
        let mut out = Vec::new();
        for (key, seen) in &mut self.observed {
            let check = checks
                .iter()
                .find(|check| check.key.group() == key.group() && check.key.kind() == key.kind());
            let Some(check) = check else { continue };
            seen.health = Health::unknown("is being looked at for its check");
            seen.resource_version.clear();
            let version = self.record.inventory.get(key).map_or(&check.version, |entry| &entry.version);
            out.push((key.clone(), version.clone()));
        }
        out
    }

    /// Whether the unit's expressions judge objects of that kind.
    pub(crate) fn judged(&self, group: &str, kind: &str) -> bool {
        let checks = self.unit.iter().flat_map(|u| &u.health_checks).filter(|check| has_expressions(check));
        checks.into_iter().any(|check| check.key.group() == group && check.key.kind() == kind)
    }

    /// Health of the named checks alone.
    fn checks_healthy(&self) -> bool {
        self.unit.iter().flat_map(|u| &u.health_checks).all(|check| {
            check.key.name().is_empty()
                || self.observed.get(&check.key).is_some_and(|o| o.health.status.is_healthy())
        })
    }

    /// Whether dependents may start: only what is applied as wanted, with all its hooks, opens a gate.
    pub(crate) fn open(&self) -> bool {
        self.is_satisfied() && !self.awaits_hooks() && !self.is_rolled_back()
    }

    /// Whether its objects are there as wanted, healthy or not.
    fn is_there(&self) -> bool {
        self.is_applied() && self.failures.is_empty() && self.render == crate::state::Render::Good
    }

    /// Whether the objects are as the gate asks.
    pub(crate) fn is_satisfied(&self) -> bool {
        let Some(unit) = self.unit.as_ref().filter(|_| self.is_there()) else { return false };
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
            } else if let Some(expression) = &dependency.ready_expr
                && let (Some(this), Some(on)) = (self.units.get(id), self.units.get(&dependency.on))
                && let Err(why) = expression::is_ready(expression, this, on)
            {
                out.push(Wait::Unit { id: dependency.on.clone(), why });
            }
        }
        // Where an expression says when a dependency is ready, its gate does not; a second reason to wait still does.
        let expressed = |on: &UnitId, reason: Reason| {
            reason == Reason::Declared
                && unit
                    .depends_on
                    .iter()
                    .any(|dependency| dependency.on == *on && dependency.ready_expr.is_some())
        };
        for (on, reason) in self.graph.dependencies(id) {
            if expressed(on, reason) {
                continue;
            }
            match self.units.get(on) {
                Some(state) if state.gate || self.need_not_be_healthy(id, state, reason) => {}
                Some(state) => out.push(Wait::Unit { id: on.clone(), why: state.phase.why_closed() }),
                None => out.push(Wait::Unit { id: on.clone(), why: "is not declared".into() }),
            }
        }
        out
    }

    /// Whether it is enough that another unit is applied. What declares a unit, or its namespace, is its ground, not its
    /// dependency: whoever declares a release may well check the Deployments that the release makes, and would wait for
    /// ever. Who defines kinds is waited for with everything that serves them, unless it asks for objects of this unit.
    fn need_not_be_healthy(&self, id: &UnitId, on: &UnitState, reason: Reason) -> bool {
        if !on.is_there() || on.is_rolled_back() {
            return false;
        }
        let all_healthy = |group: &str, kind: &str| {
            let entries = on.record.inventory.iter();
            let mut entries = entries.filter(|entry| (entry.key.group(), entry.key.kind()) == (group, kind));
            entries
                .all(|entry| on.observed.get(&entry.key).is_some_and(|seen| seen.health.status.is_healthy()))
        };
        match reason {
            Reason::Declared | Reason::Target => false,
            Reason::Parent => true,
            Reason::Namespace => all_healthy("", "Namespace"),
            Reason::Definition => {
                all_healthy("apiextensions.k8s.io", "CustomResourceDefinition") && self.is_asked_for(id, on)
            }
        }
    }

    /// Whether the gate of `on` asks for this unit, or for one that comes after this one: for its objects, by a check, or
    /// because `on` has declared it.
    fn is_asked_for(&self, id: &UnitId, on: &UnitState) -> bool {
        let Some(unit) = &on.unit else { return false };
        let owners = unit.health_checks.iter().filter_map(|check| {
            self.wanted.get(&(unit.target.clone(), check.key.clone())).filter(|owner| **owner != unit.id)
        });
        let is_named = |child: &UnitId| {
            let mut units = unit
                .health_checks
                .iter()
                .filter(|c| (c.key.group(), c.key.kind()) == ("mainstay.dev", "Unit"));
            units.any(|check| check.key.name() == child.object_name())
        };
        let family = self.families.get(&unit.id).into_iter().flatten();
        let family = family.filter(|child| waits_for_family(unit) || is_named(child));
        let mut ahead: Vec<&UnitId> = owners.chain(family).collect();
        let mut seen = BTreeSet::new();
        while let Some(asked) = ahead.pop() {
            if asked == id {
                return true;
            }
            if *asked != unit.id && seen.insert(asked) {
                ahead.extend(self.graph.dependencies(asked).map(|(on, _)| on));
            }
        }
        false
    }
}

struct Worst {
    health: Health,
    count: usize,
}

impl Worst {
    fn consider(&mut self, key: &dyn Display, health: &Health) {
        self.count += 1;
        if health.status > self.health.status {
            self.health = Health::new(health.status, format!("{key}: {}", health.message));
        }
    }
}

fn is_same(old: &Observation, seen: &Observation) -> bool {
    old.uid == seen.uid && old.resource_version == seen.resource_version
}

pub(crate) fn has_expressions(check: &HealthCheck) -> bool {
    check.current.is_some() || check.in_progress.is_some() || check.failed.is_some()
}
