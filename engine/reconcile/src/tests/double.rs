use crate::{
    Action, ApplyResult, Claim, DeleteResult, Ended, Event, Failure, FailureKind, Gone, Observation, Record,
    State, Storing, Time,
};
use mainstay_diagnostic::{Code, Diagnostic, Location};
use mainstay_health::Rules;
use mainstay_object::{Digest, DigestKey, GroupVersionKind, Object, ObjectKey};
use mainstay_unit::{
    CouldDeclare, DeletionPolicy, Dependency, Desired, Dialect, DriftMode, Gate, Health, Missing, Reading,
    ReadingUnit, RenderState, Rendered, Role, Source, Target, Timing, Unit, UnitId, Unread, Variables,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

static BROKEN: Code = Code::error("TEST", "broken", "A test broke it.");

pub(super) fn id(name: &str) -> UnitId {
    UnitId::new("module", "t", name, "")
}

pub(super) fn key(name: &str) -> ObjectKey {
    config(name, 0).object.key()
}

fn desired(value: Value) -> Desired {
    Desired { object: Object::new(value).unwrap(), origin: Location::file("a.yaml") }
}

/// A ConfigMap whose content is a number.
pub(super) fn config(name: &str, content: u32) -> Desired {
    desired(
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "n"}, "data": {"v": content.to_string()}}),
    )
}

pub(super) fn namespace(name: &str) -> Desired {
    desired(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
}

/// The definition of a kind in the group `example.com`.
pub(super) fn definition(kind: &str) -> Desired {
    let plural = format!("{}s", kind.to_lowercase());
    desired(
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": format!("{plural}.example.com")},
               "spec": {"group": "example.com", "scope": "Namespaced", "names": {"kind": kind, "plural": plural},
                        "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]}}),
    )
}

pub(super) fn note(name: &str) -> Desired {
    desired(
        json!({"apiVersion": "example.com/v1", "kind": "Note", "metadata": {"name": name, "namespace": "n"}}),
    )
}

pub(super) fn unit(name: &str, after: &[&str]) -> Unit {
    let depends_on = after
        .iter()
        .map(|on| Dependency {
            on: id(on),
            ready_expr: None,
            missing: Missing::Error,
            location: Location::file("a.yaml"),
        })
        .collect();
    Unit {
        id: id(name),
        role: Role::Module,
        dialect: Dialect::Native,
        declared_at: Location::file("a.yaml"),
        target: Target::Management,
        source: Source::Objects(vec![]),
        depends_on,
        health_checks: vec![],
        gate: Gate::Healthy,
        prune: true,
        timing: Timing::default(),
        force: false,
        suspend: false,
        service_account: None,
        deletion_policy: DeletionPolicy::MirrorPrune,
        drift: DriftMode::Correct,
        drift_ignore: vec![],
        variables: Variables::default(),
        counterpart: None,
    }
}

#[derive(Default, Clone)]
pub(super) struct Commit(pub Reading);

impl Commit {
    pub(super) fn new(revision: &str) -> Self {
        Self(Reading { revision: revision.into(), ..Reading::default() })
    }

    pub(super) fn with(self, name: &str, after: &[&str], objects: &[Desired]) -> Self {
        self.unit(unit(name, after), objects)
    }

    pub(super) fn unit(mut self, unit: Unit, objects: &[Desired]) -> Self {
        let rendered = Rendered::plain(objects.to_vec(), &DigestKey::default());
        let state = RenderState::Rendered(Arc::new(rendered));
        self.0.units.insert(
            unit.id.clone(),
            ReadingUnit { unit: Arc::new(unit), state, parent: None, authorities: Vec::new() },
        );
        self
    }

    /// The first unit has been declared by the second.
    pub(super) fn child(mut self, name: &str, parent: &str) -> Self {
        self.0.units.get_mut(&id(name)).unwrap().parent = Some(id(parent));
        self
    }

    pub(super) fn broken(self, name: &str) -> Self {
        self.lacking(name, RenderState::Failed { first: Box::new(Diagnostic::new(&BROKEN, "bad yaml")) })
    }

    /// Nothing is wrong with it, and nobody can tell what its objects are.
    pub(super) fn not_rendered(self, name: &str) -> Self {
        self.lacking(name, RenderState::NotRendered { reason: "no answer from the registry".into() })
    }

    fn lacking(mut self, name: &str, state: RenderState) -> Self {
        self.0.units.insert(
            id(name),
            ReadingUnit { unit: Arc::new(unit(name, &[])), state, parent: None, authorities: Vec::new() },
        );
        self
    }

    pub(super) fn unread(mut self, file: &str) -> Self {
        self.0.unread.insert(Unread::new(file, CouldDeclare::Anything));
        self
    }
}

/// An object on the double.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub uid: String,
    pub version: u64,
    pub content: Digest,
    pub health: Health,
    pub ours: bool,
    /// The unit that it says it belongs to.
    pub unit: Option<UnitId>,
    /// Of what runs: how it ended.
    pub ended: Option<Ended>,
}

/// A cluster, the runtime that carries actions out on it, and the records that it keeps.
///
/// Stricter than a real one: a delete without the object's UID is refused, an apply of an object that is not in a saved
/// record is a bug, and so is a delete of what the newest reading wants.
#[derive(Default)]
pub(super) struct Double {
    pub state: State,
    pub now: Time,
    pub objects: BTreeMap<ObjectKey, Live>,
    /// Objects in full, for expressions: a look shows them, a watch only where it was asked to.
    pub bodies: BTreeMap<ObjectKey, Value>,
    pub in_full: BTreeSet<String>,
    pub records: BTreeMap<UnitId, Record>,
    pub watched: BTreeSet<GroupVersionKind>,
    /// Requests and looks, in order, as text.
    pub log: Vec<String>,
    pub told: Vec<String>,
    pub saves: usize,
    /// The next applies of these objects fail so.
    pub faults: BTreeMap<ObjectKey, VecDeque<FailureKind>>,
    /// The next deletions of these objects fail so.
    pub refusals: BTreeMap<ObjectKey, VecDeque<FailureKind>>,
    /// Objects are created with this health instead of Healthy.
    pub sick: BTreeSet<ObjectKey>,
    /// Answers are kept back while this is true.
    pub slow: bool,
    pub waiting: VecDeque<Action>,
    pub wake: Option<Time>,
    pub wanted: BTreeSet<ObjectKey>,
    pub down: bool,
    /// By which rules it judges.
    pub judged: u64,
    /// Objects of another tool that are there and not suspended.
    pub others: BTreeSet<ObjectKey>,
    /// Watches say nothing while this is true.
    pub silent: bool,
    /// How often kinds were listed.
    pub lists: usize,
    /// By which run each hook's object was made.
    pub runs: BTreeMap<ObjectKey, String>,
    /// What is seen by a look is told later.
    pub late: bool,
    pub looked: Vec<Event>,
    /// The next records of Helm's fail so.
    pub store_faults: VecDeque<FailureKind>,
    counter: u64,
}

impl Double {
    pub(super) fn new() -> Self {
        let mut double = Self { now: Time(1_700_000_000_000), ..Self::default() };
        double.send(Event::Recorded(vec![]));
        double
    }

    /// The process dies and another one starts with what was saved.
    pub(super) fn restart(&mut self) {
        self.state = State::new();
        self.waiting.clear();
        self.watched.clear();
        let records = self.records.values().cloned().collect();
        self.send(Event::Recorded(records));
    }

    pub(super) fn read(&mut self, commit: Commit) {
        let rendered = |u: &ReadingUnit| match &u.state {
            RenderState::Rendered(r) => r.objects.iter().map(|d| d.key.clone()).collect::<Vec<_>>(),
            RenderState::NotRendered { .. } | RenderState::Failed { .. } => vec![],
        };
        self.wanted = commit.0.units.values().flat_map(rendered).collect();
        self.send(Event::Read(Arc::new(commit.0)));
    }

    /// Carries out an event and everything that follows from it.
    pub(super) fn send(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for action in self.state.step(event, self.now) {
                if self.slow && matches!(action, Action::Apply { .. } | Action::Delete { .. }) {
                    self.note(&action);
                    self.waiting.push_back(action);
                } else {
                    events.extend(self.carry_out(action));
                }
            }
        }
    }

    /// Answers what was kept back.
    pub(super) fn answer(&mut self) {
        self.slow = false;
        while let Some(action) = self.waiting.pop_front() {
            for event in self.carry_out(action) {
                self.send(event);
            }
        }
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.send(Event::Tick);
    }

    /// Somebody changes, or makes, an object.
    pub(super) fn edit(&mut self, name: &str) {
        let (uid, version) = (self.fresh(), self.counter);
        let live = self.objects.entry(key(name)).or_insert(Live {
            uid,
            version,
            content: Digest::of_bytes(b""),
            health: Health::healthy(""),
            ours: false,
            unit: None,
            ended: None,
        });
        live.version = version;
        live.content = Digest::of_bytes(b"edited");
        self.tell(name);
    }

    pub(super) fn heal(&mut self, name: &str, health: Health) {
        self.counter += 1;
        if let Some(live) = self.objects.get_mut(&key(name)) {
            live.health = health;
            live.version = self.counter;
        }
        self.tell(name);
    }

    /// Other rules hold from now on.
    pub(super) fn rule(&mut self, text: &str) {
        self.judged += 1;
        let rules = Arc::new(Rules::parse("rules.yaml", text).unwrap());
        self.send(Event::Rules { rules, number: self.judged });
    }

    /// The answer of every watch, late.
    pub(super) fn relist(&mut self) {
        self.silent = false;
        for kind in self.watched.clone() {
            for event in self.watch(&Target::Management, kind) {
                self.send(event);
            }
        }
    }

    /// What the watch says of an object now.
    pub(super) fn tell(&mut self, name: &str) {
        let (target, key) = (Target::Management, key(name));
        let observation = self.observation(&key);
        self.send(Event::Observed { target, key, observation });
    }

    pub(super) fn phase(&self, name: &str) -> String {
        self.state.units.get(&id(name)).map_or("gone".into(), |s| s.phase.word().to_owned())
    }

    pub(super) fn why(&self, name: &str) -> String {
        self.state.units.get(&id(name)).map_or("gone".into(), |s| s.phase.why())
    }

    pub(super) fn take_log(&mut self) -> Vec<String> {
        self.saves = 0;
        std::mem::take(&mut self.log)
    }

    fn fresh(&mut self) -> String {
        self.counter += 1;
        format!("uid-{}", self.counter)
    }

    pub(super) fn observation(&self, key: &ObjectKey) -> Option<Observation> {
        self.objects.get(key).map(|live| Observation {
            uid: live.uid.clone(),
            resource_version: live.version.to_string(),
            owned: Some(live.content),
            health: live.health.clone(),
            judged: self.judged,
            deleting: false,
            paused: false,
            simulated: false,
            ended: live.ended,
            body: self.body(key).filter(|_| self.in_full.contains(key.kind())),
            claim: live
                .unit
                .clone()
                .filter(|_| live.ours)
                .map(|unit| Arc::new(Claim { unit, version: "v1".into() })),
        })
    }

    fn body(&self, key: &ObjectKey) -> Option<Arc<Value>> {
        self.bodies.get(key).cloned().map(Arc::new)
    }

    fn note(&mut self, action: &Action) {
        match action {
            Action::Apply { record, .. } => {
                // A record is written before the first request.
                self.records.insert(record.id.clone(), (**record).clone());
            }
            Action::Delete { record: Some(record), .. } => {
                self.records.insert(record.id.clone(), (**record).clone());
            }
            Action::Save(record) => {
                self.saves += 1;
                self.records.insert(record.id.clone(), (**record).clone());
            }
            _ => {}
        }
    }

    pub(super) fn carry_out(&mut self, action: Action) -> Vec<Event> {
        self.note(&action);
        match action {
            Action::Connect(target) if self.down => vec![Event::TargetDown { target, why: "refused".into() }],
            Action::Connect(target) => vec![Event::TargetUp(target)],
            Action::Watch { target, kind, bodies } => {
                self.in_full.extend(bodies.then(|| kind.kind.clone()));
                self.watch(&target, kind)
            }
            Action::WatchObject { target, key, .. } => {
                let body = self.body(&key);
                let observation = self.observation(&key).map(|seen| Observation { body, ..seen });
                vec![Event::Observed { target, key, observation }]
            }
            Action::Look { target, key, .. } => {
                self.log.push(format!("look {}", key.name()));
                let body = self.body(&key);
                let observation = self.observation(&key).map(|seen| Observation { body, ..seen });
                let looked = Event::Looked { target, key, observation };
                if self.late {
                    self.looked.push(looked);
                    return vec![];
                }
                vec![looked]
            }
            Action::Apply { unit, token, items, .. } => {
                let results = items.iter().map(|item| self.apply(&unit, item)).collect();
                vec![Event::Applied { unit, token, results }]
            }
            Action::Delete { unit, token, items, .. } => {
                let results = items.iter().map(|item| self.delete(item)).collect();
                vec![Event::Deleted { unit, token, results }]
            }
            Action::Follow(_) if self.silent => vec![],
            Action::Follow(other) => {
                vec![Event::CounterpartsListed { kind: other.group_kind(), acting: self.others.clone() }]
            }
            Action::Store { unit, what, .. } => {
                let told = match &what {
                    Storing::Deployed(release) => format!("store {}", release.name),
                    Storing::Gone { name, .. } => format!("unstore {name}"),
                };
                self.log.push(told);
                let outcome = match self.store_faults.pop_front() {
                    Some(kind) => Err(Failure { kind, message: format!("{kind:?}") }),
                    None => Ok(Some(1)),
                };
                vec![Event::Stored { unit, what, outcome }]
            }
            Action::Save(_) => vec![],
            Action::Forget(unit) => {
                self.records.remove(&unit);
                self.log.push(format!("forget {}", unit.name));
                vec![]
            }
            Action::Tell { unit, reason, message, .. } => {
                self.told.push(format!("{} {reason}: {message}", unit.name));
                vec![]
            }
            Action::WakeAt(at) => {
                assert!(at > self.now, "a wake-up in the past would spin");
                self.wake = Some(at);
                vec![]
            }
        }
    }

    fn watch(&mut self, target: &Target, kind: GroupVersionKind) -> Vec<Event> {
        self.watched.insert(kind.clone());
        self.lists += 1;
        if self.silent {
            return vec![];
        }
        let ours = |(key, live): &(&ObjectKey, &Live)| live.ours && key.kind() == kind.kind;
        let keys: Vec<_> = self.objects.iter().filter(ours).map(|(key, _)| key.clone()).collect();
        let mut events: Vec<_> = keys
            .into_iter()
            .map(|key| Event::Observed { target: target.clone(), observation: self.observation(&key), key })
            .collect();
        events.push(Event::Synced { target: target.clone(), kind });
        events
    }

    fn apply(&mut self, unit: &UnitId, item: &crate::ApplyItem) -> ApplyResult {
        let key = item.desired.key.clone();
        let recorded = self.records.get(unit).is_some_and(|r| r.inventory.get(&key).is_some());
        assert!(recorded, "{key} is applied before it is recorded");
        self.log.push(format!("apply {}", key.name()));
        if let Some(kind) = self.faults.get_mut(&key).and_then(VecDeque::pop_front) {
            let outcome = Err(Failure { kind, message: format!("{kind:?}") });
            return ApplyResult { key, digest: None, outcome };
        }
        if let Some(fresh) = &item.fresh {
            let made = self.objects.get(&key).filter(|_| self.runs.get(&key) == Some(&fresh.mark));
            if made.is_none() {
                self.log.push(format!("make {}", key.name()));
                self.objects.remove(&key);
                self.runs.insert(key.clone(), fresh.mark.clone());
            }
        }
        let (uid, version) = (self.fresh(), self.counter);
        let health =
            if self.sick.contains(&key) { Health::progressing("starts") } else { Health::healthy("") };
        let live = self.objects.entry(key.clone()).or_insert(Live {
            uid,
            version,
            content: item.digest,
            health,
            ours: true,
            unit: None,
            ended: None,
        });
        live.version = version;
        live.content = item.digest;
        live.ours = true;
        live.unit = Some(unit.clone());
        let outcome = Ok(self.observation(&key).unwrap());
        ApplyResult { key, digest: Some(item.digest), outcome }
    }

    fn delete(&mut self, item: &crate::DeleteItem) -> DeleteResult {
        let key = item.entry.key.clone();
        if item.release {
            self.log.push(format!("release {}", key.name()));
            if let Some(live) = self.objects.get_mut(&key) {
                live.ours = false;
                live.unit = None;
            }
            return DeleteResult { key, outcome: Ok(Gone::Released) };
        }
        self.log.push(format!("delete {}", key.name()));
        if let Some(kind) = self.refusals.get_mut(&key).and_then(VecDeque::pop_front) {
            let outcome = Err(Failure { kind, message: format!("{kind:?}") });
            return DeleteResult { key, outcome };
        }
        assert!(!self.wanted.contains(&key), "{key} is deleted and desired");
        let outcome = match self.objects.get(&key) {
            None => Ok(Gone::Deleted),
            // An intent whose answer was lost has no UID: the label speaks for it.
            Some(live) if live.ours && (item.entry.uid == live.uid || item.entry.uid.is_empty()) => {
                self.objects.remove(&key);
                Ok(Gone::Deleted)
            }
            Some(_) => Ok(Gone::NotOurs("it has another UID".into())),
        };
        DeleteResult { key, outcome }
    }
}
