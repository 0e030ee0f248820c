use crate::advance::CONNECTING;
use crate::counterpart::Counterparts;
use crate::observe::Looks;
use crate::owners::Owners;
use crate::recover::Stray;
use crate::testing::Testing;
use crate::{Action, Event, Failure, Observation, Phase, Record, Time, Wait};
use mainstay_graph::Graph;
use mainstay_health::Rules;
use mainstay_object::{Digest, GroupKind, GroupVersionKind, ObjectKey};
use mainstay_plan::Held;
use mainstay_unit::{
    Applying, Counterpart, Health, InventoryEntry, Manifest, Reading, Rendered, Target, Unit, UnitId,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

/// Forms of a unit that were sent and not applied whole are remembered, at most: the newest.
const TRIED: usize = 4;

/// By object. Never walked through: no order of it is seen. Its keys are hashed without a secret, so that a run can be
/// repeated; who gives objects names that collide slows his own shard.
pub(crate) type Places<T> = HashMap<(Target, ObjectKey), T, BuildHasherDefault<DefaultHasher>>;

/// All units of one shard.
#[derive(Default)]
pub struct State {
    /// Boxed, because half of a map's places may be empty.
    pub units: BTreeMap<UnitId, Box<UnitState>>,
    pub graph: Graph,
    /// Removals that wait for somebody.
    pub held: Vec<Held>,
    pub(crate) reading: Option<Arc<Reading>>,
    pub(crate) rules: Arc<Rules>,
    /// Kinds whose rule has changed, and the number of the rules since when.
    pub(crate) ruled_anew: BTreeMap<GroupKind, u64>,
    pub(crate) recorded: bool,
    pub(crate) targets: BTreeMap<Target, Reach>,
    pub(crate) watched: BTreeSet<(Target, GroupVersionKind)>,
    /// Kinds of which the objects themselves are told.
    pub(crate) bodied: BTreeSet<(Target, GroupVersionKind)>,
    pub(crate) synced: BTreeSet<(Target, GroupVersionKind)>,
    /// Kinds that were told once and can't be watched any more, and why.
    pub(crate) blind: BTreeMap<(Target, GroupVersionKind), String>,
    /// Who has an object in its inventory: more than one where units share a namespace.
    pub(crate) owners: Places<Owners>,
    /// Who is deleting an object right now, and by which request: nobody applies it meanwhile.
    pub(crate) deleting: BTreeMap<(Target, ObjectKey), (UnitId, u64)>,
    /// What is being looked at.
    pub(crate) looks: Places<Looks>,
    /// What says that it is ours and is in no inventory, by the unit that it names.
    pub(crate) strays: BTreeMap<UnitId, BTreeMap<(Target, ObjectKey), Stray>>,
    /// Who renders it.
    pub(crate) wanted: Places<UnitId>,
    /// Whose health checks name it.
    pub(crate) checked: Places<BTreeSet<UnitId>>,
    /// Whose dependents say in CEL when it is ready: they look at it whenever it changes.
    pub(crate) expressed: BTreeSet<UnitId>,
    /// What each unit has declared.
    pub(crate) families: BTreeMap<UnitId, Vec<UnitId>>,
    pub(crate) approved: BTreeSet<String>,
    pub(crate) queue: BTreeSet<UnitId>,
    pub(crate) actions: Vec<Action>,
    /// Which units go to a target.
    pub(crate) residents: BTreeMap<Target, BTreeSet<UnitId>>,
    /// Units that are no longer declared.
    pub(crate) undeclared: BTreeSet<UnitId>,
    /// Units that can't be rendered.
    pub(crate) broken: BTreeSet<UnitId>,
    /// When units asked to be looked at again. A time that came to nothing since costs one look.
    timers: BTreeSet<(Time, UnitId)>,
    token: u64,
    pub(crate) counterparts: Counterparts,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    Asked,
    Up,
    Down(String),
}

/// One unit: what is wanted of it, what is recorded of it, what is seen of it.
pub struct UnitState {
    /// `None` once it is no longer declared.
    pub unit: Option<Arc<Unit>>,
    pub record: Record,
    pub phase: Phase,
    pub health: Health,
    /// Whether dependents may start.
    pub gate: bool,
    pub observed: BTreeMap<ObjectKey, Observation>,
    /// What went wrong with single objects in the last apply.
    pub failures: BTreeMap<ObjectKey, Failure>,
    /// Fields of these objects are fought over: they are left alone until the next revision.
    pub contested: BTreeSet<ObjectKey>,
    pub(crate) render: Render,
    pub(crate) desired: Option<Arc<Wanted>>,
    /// What was ready last, where it is a release.
    pub(crate) good: Option<Arc<Wanted>>,
    /// What Git wants and what was given up.
    pub(crate) refused: Option<Arc<Wanted>>,
    /// The objects as they were last applied, when this run has seen them.
    pub(crate) applied: Option<Arc<Rendered>>,
    /// What was sent since without being applied whole: answers to some of it may have been lost.
    pub(crate) tried: Vec<Arc<Rendered>>,
    pub(crate) saved: Option<Record>,
    pub(crate) token: Option<u64>,
    pub(crate) attempt: u32,
    pub(crate) retry_at: Option<Time>,
    pub(crate) deadline: Option<Time>,
    /// When an apply that fails is given up, where it may be rolled back.
    pub(crate) trial_until: Option<Time>,
    /// When the hook that runs is given up.
    pub(crate) hook_until: Option<Time>,
    /// While its tests go on.
    pub(crate) testing: Option<Box<Testing>>,
    /// Helm's record is being written.
    pub(crate) storing: bool,
    pub(crate) store_at: Option<Time>,
    pub(crate) store_attempt: u32,
    pub(crate) repairs: BTreeMap<ObjectKey, Vec<Time>>,
    /// Objects of the apply under way that were as wanted before and had been changed.
    pub(crate) repairing: BTreeSet<ObjectKey>,
    /// What was wanted when the apply under way was sent.
    pub(crate) sent: Option<Digest>,
    /// Everything that exists of its inventory has been told.
    pub(crate) seen: bool,
    pub(crate) removal: Option<Removal>,
    /// Objects that are left as somebody else wants them, as they were when that was told.
    pub(crate) noticed: BTreeMap<ObjectKey, Option<Digest>>,
    pub(crate) authorities: Vec<mainstay_unit::Authority>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Render {
    Good,
    NotRendered(String),
    Failed(String),
}

/// What a removal may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Removal {
    Now,
    Held(Held),
}

/// The objects of the last good render.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub rendered: Arc<Rendered>,
    pub whole: Digest,
    /// The revision in which these objects first appeared.
    pub revision: String,
}

impl Wanted {
    /// The objects that are ours to apply.
    pub(crate) fn applied(&self) -> impl Iterator<Item = &Manifest> {
        self.rendered.objects.iter().filter(|object| object.policy.applying != Applying::Never)
    }
}

impl UnitState {
    pub(crate) fn new(id: UnitId) -> Self {
        Self {
            unit: None,
            record: Record::new(id),
            phase: Phase::Waiting { on: Vec::new() },
            health: Health::unknown("not looked at yet"),
            gate: false,
            observed: BTreeMap::new(),
            failures: BTreeMap::new(),
            contested: BTreeSet::new(),
            render: Render::Good,
            desired: None,
            good: None,
            refused: None,
            applied: None,
            tried: Vec::new(),
            saved: None,
            token: None,
            attempt: 0,
            retry_at: None,
            deadline: None,
            trial_until: None,
            hook_until: None,
            testing: None,
            storing: false,
            store_at: None,
            store_attempt: 0,
            repairs: BTreeMap::new(),
            repairing: BTreeSet::new(),
            sent: None,
            seen: false,
            removal: None,
            noticed: BTreeMap::new(),
            authorities: Vec::new(),
        }
    }

    /// Whether it is not known if it is declared still.
    pub(crate) fn is_unread(&self) -> bool {
        matches!(&self.removal, Some(Removal::Held(held)) if held.hash.is_none())
    }

    /// Whether the objects wanted now are the ones applied.
    pub fn is_applied(&self) -> bool {
        self.desired.as_ref().is_some_and(|d| self.record.applied.as_ref() == Some(&d.whole))
    }

    /// What was applied just now, and what was before and is still in the inventory: another unit may take it over.
    pub(crate) fn keep_applied(&mut self, rendered: &Arc<Rendered>) {
        self.tried.clear();
        self.record.attempted.clear();
        let new: BTreeSet<ObjectKey> = rendered.objects.iter().map(|d| d.key.clone()).collect();
        let left = |key: &ObjectKey| !new.contains(key) && self.record.inventory.get(key).is_some();
        let old = self.applied.iter().flat_map(|old| &old.objects);
        let kept: Vec<Manifest> = old.filter(|d| left(&d.key)).cloned().collect();
        self.applied = Some(if kept.is_empty() {
            rendered.clone()
        } else {
            let objects = rendered.objects.iter().cloned().chain(kept).collect();
            Arc::new(Rendered::with_hooks(objects, rendered.hooks.clone()))
        });
    }

    /// What the inventory holds beyond what is wanted. Both are sorted by key.
    pub(crate) fn no_longer_wanted(&self) -> Vec<InventoryEntry> {
        let mut wanted = self.desired.iter().flat_map(|d| &d.rendered.objects).map(|d| &d.key).peekable();
        let mut gone = Vec::new();
        for entry in self.record.inventory.iter() {
            while wanted.next_if(|key| **key < entry.key).is_some() {}
            if !entry.hook && wanted.peek().is_none_or(|key| **key != entry.key) {
                gone.push(entry.clone());
            }
        }
        gone
    }

    /// What is about to be sent.
    pub(crate) fn keep_tried(&mut self) {
        let Some(wanted) = &self.desired else { return };
        if self.record.applied == Some(wanted.whole) {
            return;
        }
        if !self.tried.iter().any(|tried| Arc::ptr_eq(tried, &wanted.rendered)) {
            self.tried.push(wanted.rendered.clone());
        }
        if self.record.revision != wanted.revision && !self.record.attempted.contains(&wanted.revision) {
            self.record.attempted.push(wanted.revision.clone());
        }
        let (tried, attempted) = (&mut self.tried, &mut self.record.attempted);
        tried.drain(..tried.len().saturating_sub(TRIED));
        attempted.drain(..attempted.len().saturating_sub(TRIED));
    }

    /// Of what is declared, or was when it was recorded.
    pub(crate) fn counterpart(&self) -> Option<&Counterpart> {
        match &self.unit {
            Some(unit) => unit.counterpart.as_deref(),
            None => self.record.counterpart.as_deref(),
        }
    }

    pub(crate) fn target(&self) -> Target {
        self.unit.as_ref().map_or_else(|| self.record.target(), |u| u.target.clone())
    }

    /// A fresh start: what stood in the way of the old revision says nothing of the new one.
    pub(crate) fn forgive(&mut self) {
        self.attempt = 0;
        self.retry_at = None;
        (self.deadline, self.trial_until, self.hook_until) = (None, None, None);
        self.failures.clear();
        self.contested.clear();
        self.repairs.clear();
        self.noticed.clear();
    }
}

impl State {
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything that a unit's inventory holds.
    pub fn owned_by(&self, id: &UnitId) -> BTreeSet<ObjectKey> {
        let state = self.units.get(id).into_iter();
        state.flat_map(|state| state.record.inventory.iter().map(|entry| entry.key.clone())).collect()
    }

    /// What follows from an event. The order of actions matters: they are to be started in it.
    pub fn step(&mut self, event: Event, now: Time) -> Vec<Action> {
        self.step_all([event], now)
    }

    /// What follows from several events that came one after the other: units are decided on once, when all are known.
    pub fn step_all(&mut self, events: impl IntoIterator<Item = Event>, now: Time) -> Vec<Action> {
        let mut woken = false;
        for event in events {
            woken |= matches!(event, Event::Tick);
            self.take(event, now);
        }
        let first = self.timers.first().map(|(at, _)| *at);
        self.settle(now);
        match self.timers.first() {
            Some((at, _)) if Some(*at) != first || woken => self.actions.push(Action::WakeAt(*at)),
            Some(_) | None => {}
        }
        self.count_looks();
        std::mem::take(&mut self.actions)
    }

    fn take(&mut self, event: Event, now: Time) {
        match event {
            Event::Recorded(records) => self.recall(records),
            Event::Past(reading) => self.remember(&reading),
            Event::Read(reading) => self.read(reading),
            Event::Rules { rules, number } => self.rule(rules, number),
            Event::TargetUp(target) => self.reach(target, Reach::Up),
            Event::TargetDown { target, why } => self.reach(target, Reach::Down(why)),
            Event::Kinds { target, kinds } => self.survey(&target, kinds),
            Event::Synced { target, kind } => self.sync(target, kind),
            Event::Unwatched { target, kind, object, why } => self.unwatch(target, kind, object, &why),
            Event::Observed { target, key, observation } => self.observe(&target, &key, observation),
            Event::Looked { target, key, observation } => self.look(&target, &key, observation),
            Event::Applied { unit, token, results } => self.applied(&unit, token, results, now),
            Event::Stored { unit, what, outcome } => self.stored(&unit, &what, outcome, now),
            Event::Deleted { unit, token, results } => self.deleted(&unit, token, results, now),
            Event::Suspend { unit, suspend } => self.suspend(&unit, suspend),
            Event::Lost { unit } => self.lost(&unit),
            Event::Reconcile { unit } => self.reconcile(&unit),
            Event::Test { unit, asked } => self.ask_for_tests(&unit, asked),
            Event::Approve { hash } => self.approve(hash),
            Event::Counterpart { key, acts } => self.counterpart(&key, acts),
            Event::CounterpartsListed { kind, acting } => self.counterparts_listed(kind, acting),
            Event::Tick => self.wake(now),
        }
    }

    /// The unit is looked at again then, whatever else happens.
    pub(crate) fn wake_at(&mut self, id: &UnitId, at: Time) {
        self.timers.insert((at, id.clone()));
    }

    fn settle(&mut self, now: Time) {
        if !self.recorded || self.reading.is_none() {
            return;
        }
        while let Some(id) = self.queue.pop_first() {
            self.advance(&id, now);
        }
    }

    pub(crate) fn next_token(&mut self) -> u64 {
        self.token += 1;
        self.token
    }

    /// The unit no longer has the object in its inventory.
    pub(crate) fn disown(&mut self, id: &UnitId, place: &(Target, ObjectKey)) {
        if let Some(owners) = self.owners.get_mut(place) {
            owners.remove(id);
            if owners.is_empty() {
                self.owners.remove(place);
            }
        }
    }

    pub(crate) fn consider_all(&mut self) {
        self.queue.extend(self.units.keys().cloned());
    }

    pub(crate) fn consider_dependents(&mut self, id: &UnitId) {
        self.queue.extend(self.graph.dependents(id).cloned());
        // A removal waits for the units that came after it, which the new graph may not know any more.
        self.queue.extend(self.undeclared.iter().cloned());
    }

    fn recall(&mut self, records: Vec<Record>) {
        for record in records {
            let target = record.target();
            for entry in record.inventory.iter() {
                self.owners.entry((target.clone(), entry.key.clone())).or_default().insert(record.id.clone());
            }
            let state = self
                .units
                .entry(record.id.clone())
                .or_insert_with(|| Box::new(UnitState::new(record.id.clone())));
            state.saved = Some(record.clone());
            state.record = record;
        }
        self.locate();
        self.recorded = true;
        if let Some(reading) = self.reading.take() {
            self.read(reading);
        }
    }

    /// Notes which units go where and which are no longer declared.
    pub(crate) fn locate(&mut self) {
        self.residents.clear();
        self.undeclared.clear();
        self.broken.clear();
        for (id, state) in &self.units {
            self.residents.entry(state.target()).or_default().insert(id.clone());
            if state.unit.is_none() {
                self.undeclared.insert(id.clone());
            }
            match state.render {
                Render::Good => {}
                Render::NotRendered(_) | Render::Failed(_) => {
                    self.broken.insert(id.clone());
                }
            }
        }
    }

    /// Nothing is left of the unit.
    pub(crate) fn forget(&mut self, id: &UnitId) {
        if let Some(state) = self.units.remove(id)
            && let Some(residents) = self.residents.get_mut(&state.target())
        {
            residents.remove(id);
        }
        self.undeclared.remove(id);
        self.broken.remove(id);
        self.actions.push(Action::Forget(id.clone()));
    }

    fn reach(&mut self, target: Target, reach: Reach) {
        if let Reach::Down(_) = reach {
            // What a dead watch said is no longer proof of anything.
            self.synced.retain(|(t, _)| *t != target);
            self.watched.retain(|(t, _)| *t != target);
            self.bodied.retain(|(t, _)| *t != target);
            self.blind.retain(|(t, _), _| *t != target);
            for id in self.residents.get(&target).into_iter().flatten() {
                if let Some(state) = self.units.get_mut(id) {
                    state.observed.clear();
                }
            }
        }
        self.queue.extend(self.residents.get(&target).into_iter().flatten().cloned());
        self.targets.insert(target, reach);
    }

    fn suspend(&mut self, id: &UnitId, suspend: bool) {
        if let Some(state) = self.units.get_mut(id)
            && state.record.suspended != suspend
        {
            state.record.suspended = suspend;
            state.forgive();
            self.queue.insert(id.clone());
        }
    }

    /// What is still known is written again, before a restart would find nothing.
    fn lost(&mut self, id: &UnitId) {
        if let Some(state) = self.units.get_mut(id) {
            state.saved = None;
            self.queue.insert(id.clone());
        }
    }

    fn reconcile(&mut self, id: &UnitId) {
        if let Some(state) = self.units.get_mut(id) {
            state.forgive();
            state.retry_hooks();
            self.queue.insert(id.clone());
        }
        self.try_again(id);
    }

    /// A unit wants other objects than the revision that was read last said.
    pub(crate) fn rewant(&mut self) {
        self.locate();
        self.index();
        self.consider_all();
    }

    fn approve(&mut self, hash: String) {
        self.approved.insert(hash);
        self.judge_removals();
        self.consider_all();
    }

    fn wake(&mut self, now: Time) {
        while let Some((at, id)) = self.timers.pop_first() {
            if at > now {
                self.timers.insert((at, id));
                return;
            }
            self.queue.insert(id);
        }
    }

    /// The target's answer to "can it be reached", asking once if nobody has.
    pub(crate) fn reachable(&mut self, target: &Target) -> Result<(), Wait> {
        let wait = |why: &str| Wait::Target { name: target.name().to_owned(), why: why.to_owned() };
        match self.targets.get(target) {
            Some(Reach::Up) => Ok(()),
            Some(Reach::Down(why)) => Err(wait(why)),
            Some(Reach::Asked) => Err(wait(CONNECTING)),
            None => {
                self.targets.insert(target.clone(), Reach::Asked);
                self.actions.push(Action::Connect(target.clone()));
                Err(wait(CONNECTING))
            }
        }
    }
}
