use crate::due::{Due, due};
use crate::forms::Forms;
use crate::gate::has_expressions;
use crate::hooks::Side;
use crate::state::{Reach, Render, State, UnitState};
use crate::{Action, ApplyItem, DeleteItem, FailureKind, Phase, Record, Time, Wait};
use mainstay_object::{GroupVersionKind, ObjectKey};
use mainstay_plan::deletion_rank;
use mainstay_unit::{Gate, InventoryEntry, Target, Unit, UnitId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Said of a target between the first question and its answer.
pub(crate) const CONNECTING: &str = "connecting";

impl State {
    /// Decides what a unit does next. Reads nothing but the state; asked twice, it answers the same.
    pub(crate) fn advance(&mut self, id: &UnitId, now: Time) {
        self.decide(id, now);
        self.look_at_strays(id);
    }

    fn decide(&mut self, id: &UnitId, now: Time) {
        self.borrow_checks(id);
        let (seen, family) = (self.is_seen(id), self.family(id));
        let Some(state) = self.units.get_mut(id) else { return };
        state.seen = seen;
        state.health = state.assess(&family);
        // What a test is making is waited for before anything is let go.
        let token = state.token.or_else(|| state.test_token().filter(|_| state.unit.is_none()));
        let phase = match (token, state.unit.clone()) {
            (Some(_), Some(_)) => applying(state),
            (Some(_), None) => Phase::Deleting { why: "its objects are being deleted or let go".into() },
            (None, None) => match self.remove(id, now) {
                Some(phase) => phase,
                None => return,
            },
            (None, Some(unit)) => self.drive(id, &unit, now),
        };
        let catching_up = self.units.get(id).is_some_and(|state| is_catching_up(state, &phase));
        self.test(id, &phase, catching_up, now);
        self.settle_unit(id, phase, now);
    }

    fn drive(&mut self, id: &UnitId, unit: &Arc<Unit>, now: Time) -> Phase {
        let Some(state) = self.units.get(id) else { return Phase::Applying };
        let render = state.render.clone();
        if unit.suspend || state.record.suspended {
            self.keep_watching(id, unit);
            return Phase::Suspended;
        }
        if let Some(phase) = self.left_to_another(id) {
            self.keep_watching(id, unit);
            return phase;
        }
        if self.graph.in_cycle(id) {
            let message = "it depends on itself, through other units".to_owned();
            return Phase::Failed { reason: "DependencyCycle".into(), message };
        }
        match render {
            Render::Good => {}
            Render::NotRendered(why) => {
                self.keep_watching(id, unit);
                return Phase::NotRendered { why };
            }
            Render::Failed(message) => {
                let failed = Phase::Failed { reason: "RenderFailed".into(), message };
                self.keep_watching(id, unit);
                return self.hold_last_good(id, unit, now).unwrap_or(failed);
            }
        }
        let Some(state) = self.units.get(id) else { return Phase::Applying };
        if let (None, Some(given_up)) = (&state.desired, &state.record.given_up) {
            let (revision, why) = (&given_up.revision, &given_up.why);
            let message = format!(
                "revision {revision} has failed: {why}; what it was rolled back to can't be rendered any more, and stays as it is"
            );
            self.keep_watching(id, unit);
            return Phase::Failed { reason: "RolledBack".into(), message };
        }
        if state.desired.is_none() {
            return Phase::NotRendered { why: "nothing has been rendered yet".into() };
        }
        // A way back waits for nobody.
        if !state.is_applied() && !state.is_rolled_back() {
            let waits = self.waits(id, now);
            if !waits.is_empty() {
                return Phase::Waiting { on: waits };
            }
        }
        if let Err(wait) = self.reachable(&unit.target) {
            return Phase::Waiting { on: vec![wait] };
        }
        self.watch(id, unit);
        if let Some(wait) = self.unseen(id, &unit.target) {
            return Phase::Waiting { on: vec![wait] };
        }
        let phase = self.work(id, unit, now);
        self.remedy(id, unit, phase, now)
    }

    /// A unit that is not worked on is still looked at: its health is shown, and true.
    fn keep_watching(&mut self, id: &UnitId, unit: &Arc<Unit>) {
        let owns = self.units.get(id).is_some_and(|s| !s.record.inventory.is_empty());
        if owns && self.reachable(&unit.target).is_ok() {
            self.watch(id, unit);
        }
    }

    /// The last good objects of a unit whose render failed are put back where they drift; nothing else is done.
    fn hold_last_good(&mut self, id: &UnitId, unit: &Arc<Unit>, now: Time) -> Option<Phase> {
        let state = self.units.get(id)?;
        if !state.is_applied() || !state.seen {
            return None;
        }
        if let Some(at) = state.retry_at.filter(|at| *at > now) {
            self.wake_at(id, at);
            return None;
        }
        let state = self.units.get_mut(id)?;
        let Due { items, notices } = due(state, unit, &self.wanted, &BTreeMap::new(), now);
        self.tell_all(id, notices);
        (!items.is_empty()).then(|| self.start_apply(id, unit, items, now))
    }

    /// Applies, prunes or waits for health, whichever comes first.
    fn work(&mut self, id: &UnitId, unit: &Arc<Unit>, now: Time) -> Phase {
        let inherited = self.inherited(id, unit);
        let Some(state) = self.units.get_mut(id) else { return Phase::Applying };
        if let Some(at) = state.retry_at {
            if at > now {
                let failed = failed(state);
                self.wake_at(id, at);
                return failed;
            }
            state.retry_at = None;
        }
        if let Some(phase) = self.run_hooks(id, Side::Before, now) {
            return phase;
        }
        let Some(state) = self.units.get_mut(id) else { return Phase::Applying };
        let Due { items, notices } = due(state, unit, &self.wanted, &inherited, now);
        self.tell_all(id, notices);
        let Some(state) = self.units.get_mut(id) else { return Phase::Applying };
        if !items.is_empty() {
            let deleting = items.iter().find_map(|item| {
                let place = (unit.target.clone(), item.desired.key.clone());
                self.deleting.get(&place).map(|(by, _)| (by.clone(), place.1))
            });
            return match deleting {
                Some((by, key)) => Phase::Waiting {
                    on: vec![Wait::Unit { id: by, why: format!("is still deleting {key}") }],
                },
                None => self.start_apply(id, unit, items, now),
            };
        }
        // The order in which a removal walks back is that of the newest revision.
        state.record.depends_on = self.graph.dependencies(id).map(|(on, _)| on.clone()).collect();
        state.failures.retain(|key, _| state.contested.contains(key));
        if !state.failures.is_empty() {
            return failed(state);
        }
        if let Some(wanted) = &state.desired
            && state.record.applied.as_ref() != Some(&wanted.whole)
        {
            state.record.applied = Some(wanted.whole);
            state.record.revision.clone_from(&wanted.revision);
            let wanted = wanted.clone();
            state.keep_applied(&wanted.rendered);
            state.deadline = Some(now.after(unit.timing.timeout));
        }
        if let Some(phase) = self.prune(id, unit) {
            return phase;
        }
        self.judge_health(id, unit, now)
    }

    fn tell_all(&mut self, id: &UnitId, notices: Vec<String>) {
        self.actions.extend(notices.into_iter().map(|message| Action::Tell {
            unit: id.clone(),
            warning: true,
            reason: "LeftAlone",
            message,
        }));
    }

    /// Objects that this unit takes over, as their unit sent them: what was ours there is ours here.
    fn inherited(&self, id: &UnitId, unit: &Unit) -> BTreeMap<ObjectKey, Forms> {
        let Some(state) = self.units.get(id).filter(|state| !state.is_applied()) else {
            return BTreeMap::new();
        };
        let sent =
            |key: &ObjectKey| state.record.inventory.get(key).is_some_and(|entry| entry.desired.is_some());
        let keys = state.desired.iter().flat_map(|d| &d.rendered.objects).map(|d| d.key.clone());
        let new = keys.filter(|key| !sent(key));
        new.filter_map(|key| {
            let owners = self.owners.get(&(unit.target.clone(), key.clone()))?;
            let others = owners.iter().filter(|other| *other != id).filter_map(|other| self.units.get(other));
            let forms = others.map(|other| other.sent_of(&key)).fold(Forms::default(), Forms::or);
            (!forms.is_empty()).then_some((key, forms))
        })
        .collect()
    }

    fn judge_health(&mut self, id: &UnitId, unit: &Arc<Unit>, now: Time) -> Phase {
        let Some(state) = self.units.get_mut(id) else { return Phase::Applying };
        let satisfied = match unit.gate {
            Gate::Healthy => state.health.status.is_healthy(),
            Gate::Checks | Gate::Applied => state.is_satisfied(),
        };
        if satisfied {
            state.deadline = None;
            if let Some(phase) = self.run_hooks(id, Side::After, now) {
                return phase;
            }
            if let Some(state) = self.units.get_mut(id) {
                state.note_good(unit);
            }
            self.store_release(id, now);
            return Phase::Ready;
        }
        let why = state.health.to_string();
        match state.deadline {
            Some(at) if at > now => {
                self.wake_at(id, at);
                Phase::Checking { why }
            }
            // Once it was healthy and is no more, or the time is up: both are failures, and both end by themselves
            // when the objects recover.
            Some(_) => {
                let seconds = unit.timing.timeout.as_secs();
                Phase::Failed {
                    reason: "HealthCheckFailed".into(),
                    message: format!("not healthy after {seconds} s: {why}"),
                }
            }
            None => {
                state.deadline = Some(now.after(unit.timing.timeout));
                self.wake_at(id, now.after(unit.timing.timeout));
                Phase::Checking { why }
            }
        }
    }

    fn start_apply(&mut self, id: &UnitId, unit: &Arc<Unit>, items: Vec<ApplyItem>, now: Time) -> Phase {
        let token = self.next_token();
        let depends_on: Vec<UnitId> = self.graph.dependencies(id).map(|(on, _)| on.clone()).collect();
        let Some(state) = self.units.get_mut(id) else { return Phase::Applying };
        state.token = Some(token);
        state.sent = state.desired.as_ref().map(|d| d.whole);
        state.keep_tried();
        state.record.set_target(&unit.target);
        state.record.depends_on = depends_on;
        for item in &items {
            let key = item.desired.key.clone();
            // Intent first: whatever the next request makes is already in the inventory.
            state.record.inventory.intend(&key, &item.desired.version, item.digest, false);
            let place = (unit.target.clone(), key);
            if let Some(strays) = self.strays.get_mut(id) {
                strays.remove(&place);
            }
            self.owners.entry(place).or_default().insert(id.clone());
        }
        let phase = applying(state);
        state.record.show(&phase, &state.health, (unit.gate, false), now);
        state.saved = Some(state.record.clone());
        let record = Box::new(state.record.clone());
        self.actions.push(Action::Apply {
            unit: id.clone(),
            token,
            target: unit.target.clone(),
            service_account: unit.service_account.clone(),
            authorities: state.authorities.clone(),
            ignore: unit.drift_ignore.clone(),
            items,
            record,
        });
        phase
    }

    /// Objects that the unit owned and no longer wants.
    fn prune(&mut self, id: &UnitId, unit: &Arc<Unit>) -> Option<Phase> {
        let state = self.units.get(id)?;
        let gone = state.no_longer_wanted();
        if gone.is_empty() {
            if let Some(state) = self.units.get_mut(id) {
                state.record.held = None;
            }
            return None;
        }
        let mut delete = Vec::new();
        for entry in gone {
            match self.wanted.get(&(unit.target.clone(), entry.key.clone())) {
                // Transferred: it stays in this inventory until the other unit has it in its own.
                Some(other) if other != id => {
                    let taken = self.has_taken(id, other, &entry);
                    if taken {
                        self.drop_entry(id, &entry);
                    }
                }
                Some(_) | None => delete.push(entry),
            }
        }
        if delete.is_empty() {
            return None;
        }
        // Nor is it let go: who takes it over would find it as nobody's.
        if let Some(why) = self.could_be_wanted(id, &unit.target) {
            return Some(Phase::Held { why });
        }
        if !unit.prune {
            return Some(self.start_delete(id, delete, true));
        }
        let state = self.units.get_mut(id)?;
        let wanted: BTreeSet<ObjectKey> =
            state.desired.iter().flat_map(|d| &d.rendered.objects).map(|d| d.key.clone()).collect();
        if let Some(held) = mainstay_plan::held_prune(id, &wanted, &delete, &self.approved) {
            state.record.held.clone_from(&held.hash);
            let how =
                held.hash.as_ref().map(|h| format!("; to go on: mainstay approve {h}")).unwrap_or_default();
            let why = format!("{}{how}", held.why);
            self.held.retain(|h| h.unit != *id);
            self.held.push(held);
            return Some(Phase::Held { why });
        }
        state.record.held = None;
        Some(self.start_delete(id, delete, false))
    }

    /// `release`: they stay, and are nobody's from then on.
    pub(crate) fn start_delete(&mut self, id: &UnitId, entries: Vec<InventoryEntry>, release: bool) -> Phase {
        self.push_delete(id, entries, release, None);
        let what = if release { "let go" } else { "deleted" };
        Phase::Deleting { why: format!("objects that are no longer declared are being {what}") }
    }

    /// Nobody else applies these objects meanwhile. `record` is written before the first request.
    pub(crate) fn push_delete(
        &mut self,
        id: &UnitId,
        entries: Vec<InventoryEntry>,
        release: bool,
        record: Option<Box<Record>>,
    ) {
        let token = self.next_token();
        if let Some(state) = self.units.get_mut(id) {
            state.token = Some(token);
        }
        self.push_delete_as(id, token, entries, release, record);
    }

    /// `token`: which of the unit's requests it is.
    pub(crate) fn push_delete_as(
        &mut self,
        id: &UnitId,
        token: u64,
        entries: Vec<InventoryEntry>,
        release: bool,
        record: Option<Box<Record>>,
    ) {
        let Some(state) = self.units.get(id) else { return };
        let target = state.target();
        for entry in &entries {
            self.deleting.insert((target.clone(), entry.key.clone()), (id.clone(), token));
        }
        let item = |entry: InventoryEntry| DeleteItem { rank: deletion_rank(&entry.key), entry, release };
        let mut items: Vec<DeleteItem> = entries.into_iter().map(item).collect();
        items.sort_by(|a, b| (a.rank, &a.entry.key).cmp(&(b.rank, &b.entry.key)));
        self.actions.push(Action::Delete {
            unit: id.clone(),
            token,
            target,
            service_account: state.record.account(),
            items,
            record,
        });
    }

    /// A unit that was not rendered may have taken the object over, and so may one whose declaration was not read: that is
    /// not known, so nothing is pruned.
    pub(crate) fn could_be_wanted(&self, id: &UnitId, target: &Target) -> Option<String> {
        let declared_here = |other: &UnitId| {
            let declared = self.units.get(other).and_then(|s| s.unit.as_ref());
            declared.is_some_and(|u| u.target == *target)
        };
        let mut others = self.broken.iter().filter(|other| *other != id && other.tenant == id.tenant);
        if let Some(broken) = others.find(|other| declared_here(other)) {
            return Some(format!(
                "{broken} could not be rendered, so it is not known whether it takes over what left this unit"
            ));
        }
        let mut unread = self.reading.iter().flat_map(|reading| &reading.unread);
        let what = unread.find(|unread| unread.could_take_from(id)).map(|unread| unread.what.clone());
        let mut gone = self.undeclared.iter().filter(|other| *other != id && other.tenant == id.tenant);
        let lost = gone.find(|other| {
            self.units.get(*other).is_some_and(|state| state.target() == *target && state.is_unread())
        });
        let what = what.or_else(|| lost.map(ToString::to_string))?;
        Some(format!(
            "not everything was read ({what}), so it is not known whether something takes over what left this unit"
        ))
    }

    /// Asks for watches on every kind that the unit has or wants, and on the objects that its checks name.
    fn watch(&mut self, id: &UnitId, unit: &Arc<Unit>) {
        let Some(state) = self.units.get(id) else { return };
        let wanted = state.desired.iter().flat_map(|d| &d.rendered.footprint.kinds).cloned();
        let mut kinds: BTreeSet<GroupVersionKind> = wanted.chain(inventory_kinds(state)).collect();
        // Objects of other units that this one judges in its own words.
        let others = unit.health_checks.iter().filter(|check| {
            has_expressions(check) && self.wanted.contains_key(&(unit.target.clone(), check.key.clone()))
        });
        let judged: BTreeSet<GroupVersionKind> = others
            .map(|check| GroupVersionKind::new(check.key.group(), &*check.version, check.key.kind()))
            .collect();
        kinds.extend(judged.iter().cloned());
        kinds.extend(state.tested_kinds());
        for kind in kinds {
            let place = (unit.target.clone(), kind.clone());
            let bodies = judged.contains(&kind) || state.judged(&kind.group, &kind.kind);
            // An expression that came later needs more than the watch tells that is there: a new one takes its place.
            if self.watched.insert(place.clone()) | (bodies && self.bodied.insert(place)) {
                self.actions.push(Action::Watch { target: unit.target.clone(), kind, bodies });
            }
        }
        // What was there before us carries no label of ours.
        let foreign = state.record.inventory.iter().filter(|e| e.desired.is_some() && e.owned.is_none());
        for entry in foreign {
            let kind = format!("{} {}", entry.key.kind(), entry.key);
            let watched = GroupVersionKind::new(entry.key.group(), &*entry.version, kind);
            if self.watched.insert((unit.target.clone(), watched)) {
                let (key, version) = (entry.key.clone(), entry.version.clone());
                self.actions.push(Action::WatchObject { target: unit.target.clone(), key, version });
            }
        }
        for check in unit.health_checks.iter().filter(|c| !c.key.name().is_empty()) {
            let place = (unit.target.clone(), check.key.clone());
            let version = GroupVersionKind::new(
                check.key.group(),
                &*check.version,
                format!("{} {}", check.key.kind(), check.key),
            );
            if !self.wanted.contains_key(&place) && self.watched.insert((unit.target.clone(), version)) {
                let (key, version) = (check.key.clone(), check.version.clone());
                self.actions.push(Action::WatchObject { target: unit.target.clone(), key, version });
            }
        }
    }

    /// A kind of the inventory whose objects have not been listed yet: nothing is decided before.
    fn unseen(&self, id: &UnitId, target: &Target) -> Option<Wait> {
        let state = self.units.get(id)?;
        let places = inventory_kinds(state).into_iter().map(|kind| (target.clone(), kind));
        let place = places.into_iter().find(|place| !self.synced.contains(place))?;
        Some(match self.blind.get(&place) {
            Some(why) => Wait::Target { name: target.name().to_owned(), why: why.clone() },
            None => Wait::Observation { kind: place.1.kind },
        })
    }

    fn is_seen(&self, id: &UnitId) -> bool {
        let Some(state) = self.units.get(id) else { return false };
        let target = state.target();
        self.targets.get(&target) == Some(&Reach::Up) && self.unseen(id, &target).is_none()
    }

    fn settle_unit(&mut self, id: &UnitId, phase: Phase, now: Time) {
        let Some(state) = self.units.get_mut(id) else { return };
        let before = state.gate;
        state.gate = state.open();
        // Connecting and listing after a start is no news: what was recorded holds until more is known.
        // While it is being applied, those who wait keep the last reason: it opens or fails soon enough.
        let news = !matches!(phase, Phase::Applying) && state.phase.why_closed() != phase.why_closed();
        let passing = is_catching_up(state, &phase);
        let again = matches!(phase, Phase::Ready) && state.record.phase == phase.word();
        if !passing
            && !again
            && state.phase != phase
            && (state.phase.word() != phase.word() || matches!(phase, Phase::Failed { .. }))
        {
            let warning = matches!(phase, Phase::Failed { .. } | Phase::Held { .. });
            let why = phase.why();
            let message = if why.is_empty() { state.health.to_string() } else { why };
            self.actions.push(Action::Tell { unit: id.clone(), warning, reason: phase.word(), message });
        }
        let moved = state.phase != phase;
        state.phase = phase;
        if state.seen {
            state.record.simulated = state.observed.values().any(|o| o.simulated);
        }
        let gate = state.unit.as_ref().map_or(Gate::Applied, |u| u.gate);
        if !passing {
            state.record.show(&state.phase, &state.health, (gate, state.gate), now);
        }
        let changed = state.saved.as_ref() != Some(&state.record);
        if state.token.is_none() && changed {
            state.saved = Some(state.record.clone());
            self.actions.push(Action::Save(Box::new(state.record.clone())));
        }
        if state.gate != before || news && !state.gate || changed && self.expressed.contains(id) {
            self.consider_dependents(id);
        }
        if moved || changed {
            self.consider_parent(id);
        }
    }
}

fn is_catching_up(state: &UnitState, phase: &Phase) -> bool {
    let Phase::Waiting { on } = phase else { return false };
    let passing = |wait: &Wait| match wait {
        Wait::Observation { .. } => true,
        Wait::Target { why, .. } => why == CONNECTING,
        Wait::Unit { .. } => false,
    };
    state.saved.is_some() && state.is_applied() && on.iter().all(passing)
}

/// The kinds of what exists of the inventory: it is sorted by them.
fn inventory_kinds(state: &UnitState) -> Vec<GroupVersionKind> {
    let mut kinds: Vec<GroupVersionKind> = Vec::new();
    for entry in state.record.inventory.iter().filter(|entry| !entry.uid.is_empty()) {
        let same = |kind: &GroupVersionKind| {
            *kind.kind == *entry.key.kind()
                && *kind.group == *entry.key.group()
                && *kind.version == *entry.version
        };
        if !kinds.last().is_some_and(same) {
            kinds.push(GroupVersionKind::new(entry.key.group(), &*entry.version, entry.key.kind()));
        }
    }
    kinds
}

/// A failure stays in sight while it is being tried again.
fn applying(state: &UnitState) -> Phase {
    if state.failures.is_empty() { Phase::Applying } else { failed(state) }
}

fn failed(state: &UnitState) -> Phase {
    // The cause before its consequences.
    let first = state.failures.iter().min_by_key(|(_, failure)| failure.kind == FailureKind::NotSent);
    let message = match (first, state.failures.len()) {
        (None, _) => state.health.to_string(),
        (Some((key, failure)), 1) => format!("{key}: {}", failure.message),
        (Some((key, failure)), n) => format!("{key}: {} (and {} more)", failure.message, n - 1),
    };
    let contested = first.is_some_and(|(key, _)| state.contested.contains(key));
    Phase::Failed { reason: if contested { "Contested" } else { "ApplyFailed" }.into(), message }
}
