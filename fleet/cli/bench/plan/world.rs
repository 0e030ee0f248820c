//! The state machine with clusters that take everything: what it knows of them is loaded without a request.

use mainstay_object::{Digest, GroupVersionKind};
use mainstay_reconcile::{Action, ApplyResult, DeleteResult, Event, Gone, Observation, Record, State, Time};
use mainstay_unit::{Health, Reading, UnitId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

#[derive(Default)]
pub(super) struct World {
    pub state: State,
    /// What was last recorded of each unit.
    pub records: BTreeMap<UnitId, Record>,
    made: u64,
}

/// What one event led to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Effects {
    /// Units that were applied.
    pub applied: usize,
    /// Objects that were sent.
    pub sent: usize,
    pub deleted: usize,
}

impl World {
    /// A daemon that starts where another one has left everything applied.
    pub(super) fn restarted(records: Vec<Record>) -> Self {
        let mut world = Self::default();
        drop(world.state.step(Event::Recorded(records), Time(0)));
        world
    }

    pub(super) fn read(&mut self, reading: Arc<Reading>) -> Vec<Action> {
        self.state.step(Event::Read(reading), Time(0))
    }

    /// Carries actions out until nothing is left to do.
    pub(super) fn carry_out(&mut self, actions: Vec<Action>) -> Effects {
        let mut effects = Effects::default();
        let mut queue = VecDeque::from(actions);
        while let Some(action) = queue.pop_front() {
            let events = self.answer(action, &mut effects);
            for event in events {
                queue.extend(self.state.step(event, Time(0)));
            }
        }
        effects
    }

    /// Everything that the records hold is told as a watch would tell it.
    pub(super) fn observe_recorded(&mut self) {
        let (mut reached, mut told) = (BTreeSet::new(), Vec::new());
        for state in self.state.units.values() {
            let target = state.record.target();
            if reached.insert((target.clone(), None)) {
                told.push(Event::TargetUp(target.clone()));
            }
            for entry in state.record.inventory.iter() {
                let (key, version) = (entry.key.clone(), &*entry.version);
                let kind = GroupVersionKind::new(key.group(), version, key.kind());
                let observation = Some(observation(entry.uid.clone(), entry.owned));
                told.push(Event::Observed { target: target.clone(), key, observation });
                if reached.insert((target.clone(), Some(kind.clone()))) {
                    told.push(Event::Synced { target: target.clone(), kind });
                }
            }
        }
        drop(self.state.step_all(told, Time(0)));
    }

    fn answer(&mut self, action: Action, effects: &mut Effects) -> Vec<Event> {
        match action {
            Action::Connect(target) => vec![Event::TargetUp(target)],
            Action::Watch { target, kind, .. } => vec![Event::Synced { target, kind }],
            Action::WatchObject { target, key, .. } | Action::Look { target, key, .. } => {
                let observation = Some(observation("a-secret".into(), None));
                vec![Event::Observed { target, key, observation }]
            }
            Action::Apply { unit, token, items, .. } => {
                effects.applied += 1;
                effects.sent += items.len();
                let result = |item: mainstay_reconcile::ApplyItem| {
                    self.made += 1;
                    let uid = format!("00000000-0000-4000-8000-{:012}", self.made);
                    ApplyResult {
                        key: item.desired.key.clone(),
                        outcome: Ok(observation(uid, Some(item.digest))),
                        digest: Some(item.digest),
                    }
                };
                vec![Event::Applied { unit, token, results: items.into_iter().map(result).collect() }]
            }
            Action::Delete { unit, token, items, .. } => {
                effects.deleted += items.len();
                let result = |item: mainstay_reconcile::DeleteItem| DeleteResult {
                    key: item.entry.key,
                    outcome: Ok(Gone::Deleted),
                };
                vec![Event::Deleted { unit, token, results: items.into_iter().map(result).collect() }]
            }
            Action::Store { unit, what, .. } => {
                vec![Event::Stored { unit, what, outcome: Ok(Some(1)) }]
            }
            Action::Save(record) => {
                self.records.insert(record.id.clone(), *record);
                Vec::new()
            }
            Action::Forget(unit) => {
                self.records.remove(&unit);
                Vec::new()
            }
            Action::Follow(other) => {
                vec![Event::CounterpartsListed { kind: other.group_kind(), acting: BTreeSet::new() }]
            }
            Action::Tell { .. } | Action::WakeAt(_) => Vec::new(),
        }
    }
}

fn observation(uid: String, owned: Option<Digest>) -> Observation {
    Observation {
        uid,
        resource_version: "1".into(),
        owned,
        health: Health::healthy("accepted"),
        judged: 0,
        deleting: false,
        paused: false,
        simulated: false,
        ended: None,
        body: None,
        claim: None,
    }
}
