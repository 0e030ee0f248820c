use crate::state::{Removal, Render, State, UnitState, Wanted};
use crate::{Action, Phase, Record};
use mainstay_graph::of_reading_since;
use mainstay_object::ObjectKey;
use mainstay_plan::{Guard, declared, declares_nothing, removals};
use mainstay_unit::{
    Dependency, Inventory, Manifest, Reading, ReadingUnit, RenderState, Rendered, Target, Unit, UnitId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl State {
    /// Takes a revision over. A unit whose render failed keeps the objects of its last good one.
    pub(crate) fn read(&mut self, reading: Arc<Reading>) {
        if !self.recorded {
            self.reading = Some(reading);
            return;
        }
        let graph = of_reading_since(&reading, &self.graph);
        let mut reshaped = graph.is_some();
        self.graph = graph.unwrap_or_else(|| std::mem::take(&mut self.graph));
        let mut moved = Vec::new();
        let changed = self.changed(&reading);
        for &(id, read) in &changed {
            let shape = self.units.get(id).map(|state| state.shape());
            let state = self.units.entry(id.clone()).or_insert_with(|| Box::new(UnitState::new(id.clone())));
            if state.unit.as_ref().is_some_and(|old| *old != read.unit) {
                // A mended account or time limit is as good a reason to try again as other objects are.
                state.forgive();
                state.retry_hooks();
            }
            let renders = matches!(read.state, RenderState::Rendered(_));
            if renders && state.unit.as_ref().is_some_and(|old| is_another_try(old, &read.unit)) {
                state.take_up();
            }
            if !state.record.inventory.is_empty() && state.target() != read.unit.target {
                moved.push((id.clone(), state.target()));
            }
            let judged_anew =
                state.unit.as_ref().is_some_and(|old| old.health_checks != read.unit.health_checks);
            let before = state.unit.replace(read.unit.clone());
            if let (true, Some(before)) = (judged_anew, before) {
                let target = read.unit.target.clone();
                let keys = state.forget_verdicts(&before);
                let look = |(key, version)| Action::Look { target: target.clone(), key, version };
                self.actions.extend(keys.into_iter().map(look));
            }
            state.authorities.clone_from(&read.authorities);
            state.removal = None;
            state.record.describe(&read.unit);
            let above = reading.above(id);
            // So may be what those have above them whom this one has declared.
            reshaped |= state.record.above != above;
            state.record.above = above;
            match &read.state {
                RenderState::Rendered(rendered) => {
                    state.render = Render::Good;
                    want(state, rendered, &reading.revision);
                }
                RenderState::NotRendered { reason } => state.render = Render::NotRendered(reason.clone()),
                RenderState::Failed { first } => state.render = Render::Failed(first.to_string()),
            }
            reshaped |= shape != self.units.get(id).map(|state| state.shape());
        }
        // Units that are no longer declared are few, and among the units that there were.
        if self.units.len() != reading.units.len() || !self.units.keys().eq(reading.units.keys()) {
            reshaped = true;
            for (id, state) in &mut self.units {
                if !reading.units.contains_key(id) {
                    state.unit = None;
                }
            }
        }
        for (id, old) in moved {
            self.retarget(&id, &old);
        }
        let changed: Vec<UnitId> = changed.into_iter().map(|(id, _)| id.clone()).collect();
        self.reading = Some(reading);
        if reshaped {
            self.locate();
            self.index();
            self.meet();
            self.close_above(&changed);
            self.judge_removals();
            self.consider_all();
            return;
        }
        self.close_above(&changed);
        // Who wants what and who comes after whom is as it was: what is settled and as it was stays so.
        self.judge_removals();
        let unsettled = self.units.iter().filter(|(_, state)| !matches!(state.phase, Phase::Ready));
        self.queue.extend(unsettled.map(|(id, _)| id.clone()));
        self.queue.extend(changed);
    }

    /// The units of which a revision says anything new.
    fn changed<'a>(&self, reading: &'a Reading) -> Vec<(&'a UnitId, &'a ReadingUnit)> {
        let mut known = self.units.iter().peekable();
        let mut out = Vec::new();
        for (id, read) in &reading.units {
            while known.next_if(|(other, _)| *other < id).is_some() {}
            match known.next_if(|(other, _)| *other == id) {
                Some((_, state)) if state.is_as_read(read) => {}
                Some(_) | None => out.push((id, read)),
            }
        }
        out
    }

    /// What was applied last is known again where it is what the inventory says was sent: fields that were ours then and
    /// differ now are drift, not somebody else's.
    pub(crate) fn remember(&mut self, past: &Reading) {
        for (id, read) in &past.units {
            let (Some(state), RenderState::Rendered(rendered)) = (self.units.get_mut(id), &read.state) else {
                continue;
            };
            if let Some(whole) = rendered.digest {
                let revision = past.revision.clone();
                state.remember_good(Wanted { rendered: rendered.clone(), whole, revision });
            }
            // One revision may hold what was sent of some objects, another that of others.
            let known: Vec<Manifest> = state.applied.iter().flat_map(|r| &r.objects).cloned().collect();
            let keys: BTreeSet<ObjectKey> = known.iter().map(|d| d.key.clone()).collect();
            let sent = |desired: &&Manifest| {
                let entry = state.record.inventory.get(&desired.key);
                entry.is_some_and(|e| e.desired == Some(desired.digest)) && !keys.contains(&desired.key)
            };
            let mut objects: Vec<Manifest> = rendered.objects.iter().filter(sent).cloned().collect();
            let known_hooks = state.applied.as_ref().map(|applied| applied.hooks.clone()).unwrap_or_default();
            let hooks = match is_recorded(rendered, &state.record) {
                true => rendered.hooks.clone(),
                false => known_hooks,
            };
            if !objects.is_empty() || !hooks.is_empty() {
                objects.extend(known);
                state.applied = Some(Arc::new(Rendered::with_hooks(objects, hooks)));
            }
            let intended = |desired: &&Manifest| {
                let entry = state.record.inventory.get(&desired.key);
                entry.is_some_and(|e| e.intended.contains(&desired.digest))
            };
            let tried: Vec<Manifest> = rendered.objects.iter().filter(intended).cloned().collect();
            if !tried.is_empty() {
                state.tried.push(Arc::new(Rendered::of(tried)));
            }
        }
    }

    /// The same cluster is reached another way: what is owned there has to be seen that way before anything is decided.
    fn retarget(&mut self, id: &UnitId, old: &Target) {
        let Some(state) = self.units.get_mut(id) else { return };
        state.observed.clear();
        let new = state.target();
        let keys: Vec<_> = state.record.inventory.iter().map(|e| e.key.clone()).collect();
        for key in keys {
            self.disown(id, &(old.clone(), key.clone()));
            self.owners.entry((new.clone(), key)).or_default().insert(id.clone());
        }
    }

    /// Who wants and who checks which object: first in graph order owns what two units declare alike. What a unit wanted
    /// before it could no longer be rendered, or before it was rolled back, comes last: another one may have taken it over.
    pub(crate) fn index(&mut self) {
        self.wanted.clear();
        self.checked.clear();
        self.expressed.clear();
        let is_good = |id: &&UnitId| {
            let state = self.units.get(*id);
            state.is_some_and(|state| state.render == Render::Good && !state.is_rolled_back())
        };
        let (good, others): (Vec<&UnitId>, Vec<&UnitId>) =
            self.graph.ordered().into_iter().partition(is_good);
        for id in good.into_iter().chain(others) {
            let Some(state) = self.units.get(id) else { continue };
            let Some(unit) = &state.unit else { continue };
            for desired in state.desired.iter().flat_map(|d| &d.rendered.objects) {
                self.wanted.entry((unit.target.clone(), desired.key.clone())).or_insert_with(|| id.clone());
            }
            let expressed = unit.depends_on.iter().filter(|dependency| dependency.ready_expr.is_some());
            self.expressed.extend(expressed.map(|dependency| dependency.on.clone()));
            for check in unit.health_checks.iter().filter(|c| !c.key.name().is_empty()) {
                self.checked.entry((unit.target.clone(), check.key.clone())).or_default().insert(id.clone());
            }
        }
    }

    pub(crate) fn judge_removals(&mut self) {
        let Some(reading) = &self.reading else { return };
        if self.undeclared.is_empty() && !declares_nothing(reading) {
            self.held.clear();
            return;
        }
        let known: BTreeMap<UnitId, &Inventory> = self
            .units
            .iter()
            .filter(|(_, s)| !s.record.inventory.is_empty())
            .map(|(id, s)| (id.clone(), &s.record.inventory))
            .collect();
        let declared = declared(reading);
        let above = |id: &UnitId| self.units.get(id).map_or(&[][..], |state| state.record.above.as_slice());
        let guard = Guard {
            known: &known,
            declared: &declared,
            unread: &reading.unread,
            approved: &self.approved,
            above: &above,
        };
        let (remove, held) = removals(&guard);
        for (id, state) in &mut self.units {
            if state.unit.is_some() {
                continue;
            }
            let empty = state.record.inventory.is_empty();
            state.removal = if empty || remove.contains(id) || state.removal == Some(Removal::Now) {
                Some(Removal::Now)
            } else {
                held.iter().find(|h| h.unit == *id).cloned().map(Removal::Held)
            };
        }
        self.held = held;
    }
}

/// Everything of a unit that decides about others: who wants, checks and expresses what, and where.
struct Shape {
    unit: Option<Arc<Unit>>,
    keys: Vec<ObjectKey>,
    broken: bool,
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        // Where a dependency is written decides nothing: it moves with the length of what is around it.
        let same = |(a, b): (&Dependency, &Dependency)| {
            a.on == b.on && a.ready_expr == b.ready_expr && a.missing == b.missing
        };
        let alike = |a: &Unit, b: &Unit| {
            a.target == b.target
                && a.depends_on.len() == b.depends_on.len()
                && a.depends_on.iter().zip(&b.depends_on).all(same)
                && a.health_checks == b.health_checks
        };
        let units = match (&self.unit, &other.unit) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) || alike(a, b),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        units && self.keys == other.keys && self.broken == other.broken
    }
}

impl UnitState {
    /// Whether a revision says the very same as the one before.
    fn is_as_read(&self, read: &ReadingUnit) -> bool {
        let rendered = match &read.state {
            RenderState::Rendered(rendered) => rendered,
            RenderState::NotRendered { .. } | RenderState::Failed { .. } => return false,
        };
        self.unit.as_ref().is_some_and(|unit| Arc::ptr_eq(unit, &read.unit))
            && self.declared().is_some_and(|wanted| Arc::ptr_eq(&wanted.rendered, rendered))
            && self.authorities == read.authorities
            && self.record.above.first() == read.parent.as_ref()
            && self.render == Render::Good
            && self.removal.is_none()
    }

    fn shape(&self) -> Shape {
        let objects = self.desired.iter().flat_map(|wanted| &wanted.rendered.objects);
        Shape {
            unit: self.unit.clone(),
            keys: objects.map(|object| object.key.clone()).collect(),
            broken: self.render != Render::Good || self.is_rolled_back(),
        }
    }
}

/// Whether what was given up may go better with a unit that is declared otherwise. Where it is declared says nothing.
fn is_another_try(old: &Unit, new: &Unit) -> bool {
    old.source != new.source
        || old.target != new.target
        || old.timing != new.timing
        || old.gate != new.gate
        || old.health_checks != new.health_checks
        || old.service_account != new.service_account
        || old.force != new.force
}

/// Whether a unit's objects are those that a record says were applied.
pub fn is_recorded(rendered: &Rendered, record: &Record) -> bool {
    record.applied.is_some() && record.applied == rendered.digest
}

fn want(state: &mut UnitState, rendered: &Arc<Rendered>, revision: &str) {
    if !state.is_rolled_back() && state.desired.as_ref().is_some_and(|d| Arc::ptr_eq(&d.rendered, rendered)) {
        return;
    }
    let Some(whole) = rendered.digest else { return };
    let wanted = Wanted { rendered: rendered.clone(), whole, revision: revision.to_owned() };
    let Some(wanted) = state.unless_given_up(wanted) else { return };
    if let Some(old) = &mut state.desired
        && old.whole == whole
    {
        Arc::make_mut(old).rendered = rendered.clone();
        return;
    }
    // At the first reading after a restart the recorded revision is the one in which these objects appeared.
    let revision = if state.record.applied.as_ref() == Some(&whole) {
        state.applied = Some(rendered.clone());
        state.record.revision.clone()
    } else {
        wanted.revision.clone()
    };
    state.desired = Some(Arc::new(Wanted { revision, ..wanted }));
    state.forgive();
}
