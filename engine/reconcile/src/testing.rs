//! The tests of a release, run when somebody asks for them, as `helm test` runs them (pkg/action/release_testing.go): one
//! after the other, until one fails. They run beside the unit: what comes of them changes neither phase nor health nor
//! gate, and drift and prune know nothing of what they make.

use crate::hooks::{Fresh, ended};
use crate::observe::{is_older, outdate_looks};
use crate::state::{State, UnitState};
use crate::{Action, ApplyResult, DeleteResult, Failure, FailureKind, Gone, Phase, Time, retry};
use mainstay_object::{Digest, GroupVersionKind, ObjectKey};
use mainstay_plan::deletion_rank;
use mainstay_unit::{Hook, HookDeletion, InventoryEntry, Moment, Timing, UnitId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// The tests that were asked for last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestRun {
    /// By this whoever asked knows it.
    pub asked: String,
    /// The objects that are tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Digest>,
    /// In the order in which they ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<Tested>,
    /// Those that have not ended, the next one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
    /// Nothing while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<TestOutcome>,
    /// Why it was refused or came to an end early.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    pub name: String,
    pub succeeded: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TestOutcome {
    Succeeded,
    Failed,
    /// Nothing was run.
    Refused,
}

/// What a run needs while it goes on, and a restart finds out again.
#[derive(Debug, Default)]
pub(crate) struct Testing {
    /// Asked for, and not begun.
    pending: Option<String>,
    /// The request under way.
    token: Option<u64>,
    /// When the test that runs is given up.
    until: Option<Time>,
    retry_at: Option<Time>,
    attempt: u32,
    /// What the last request came to.
    failure: Option<String>,
    /// What can't be deleted, and stays.
    kept: BTreeSet<ObjectKey>,
}

impl TestRun {
    fn is_over(&self) -> bool {
        self.outcome.is_some()
    }

    /// Tells what this run makes from what an earlier one left.
    fn mark(&self, at: usize) -> String {
        let release = self.release.map(|digest| digest.hex()).unwrap_or_default();
        let begun = Digest::of_bytes(format!("{release} {} test", self.asked).as_bytes()).hex();
        format!("{}-{at}", begun.get(..12).unwrap_or_default())
    }

    /// Of the test at that place, as this run makes it.
    fn digest(&self, hook: &Hook, at: usize) -> Digest {
        Digest::of_bytes(format!("{} {}", hook.manifest.digest.hex(), self.mark(at)).as_bytes())
    }
}

impl UnitState {
    /// Whether tests go on, or are about to begin.
    fn is_tested(&self) -> bool {
        let pending = self.testing.as_ref().is_some_and(|testing| testing.pending.is_some());
        pending || self.record.test.as_ref().is_some_and(|run| !run.is_over())
    }

    fn tests(&self) -> Vec<Hook> {
        let hooks = self.desired.as_ref().map_or(&[][..], |wanted| &wanted.rendered.tests.hooks);
        Hook::at(hooks, Moment::Test).into_iter().cloned().collect()
    }

    /// The kinds that tests make, while there are any to be run: they are watched before the first one is made.
    pub(crate) fn tested_kinds(&self) -> BTreeSet<GroupVersionKind> {
        let tests = if self.is_tested() { self.tests() } else { Vec::new() };
        tests.iter().map(|hook| hook.manifest.kind()).collect()
    }

    /// Of the request of the tests that is under way.
    pub(crate) fn test_token(&self) -> Option<u64> {
        self.testing.as_ref().and_then(|testing| testing.token)
    }

    /// What ended tests have made and do not want to keep.
    fn left_by_tests(&self, run: &TestRun, tests: &[Hook]) -> Vec<InventoryEntry> {
        let kept = |key: &ObjectKey| self.testing.as_ref().is_some_and(|testing| testing.kept.contains(key));
        let entry = |(at, (hook, tested)): (usize, (&Hook, &Tested))| {
            let when = if tested.succeeded { HookDeletion::Succeeded } else { HookDeletion::Failed };
            let entry = self.record.inventory.get(&hook.manifest.key)?;
            let own = entry.hook && entry.desired == Some(run.digest(hook, at)) && !kept(&entry.key);
            (own && hook.deletes(when)).then(|| entry.clone())
        };
        let mut entries: Vec<InventoryEntry> =
            tests.iter().zip(&run.ended).enumerate().filter_map(entry).collect();
        entries.sort_by(|a, b| (deletion_rank(&a.key), &a.key).cmp(&(deletion_rank(&b.key), &b.key)));
        entries
    }

    fn timeout(&self) -> Duration {
        let timeout = self.unit.as_ref().map(|unit| unit.timing.timeout).unwrap_or_default();
        if timeout.is_zero() { Timing::default().timeout } else { timeout }
    }
}

/// What a unit's phase says to its tests.
enum Fit {
    Ready,
    /// It may soon be.
    Soon(String),
    No(String),
    /// Nothing may be done to the unit any more.
    Over(String),
}

fn fit(phase: &Phase) -> Fit {
    match phase {
        Phase::Ready => Fit::Ready,
        Phase::Waiting { .. } | Phase::Applying | Phase::Checking { .. } | Phase::NotRendered { .. } => {
            Fit::Soon(phase.why())
        }
        Phase::Failed { message, .. } => Fit::No(message.clone()),
        Phase::Suspended | Phase::Held { .. } | Phase::Deleting { .. } => Fit::Over(phase.why()),
    }
}

impl State {
    /// A request that is known already, after a restart for one, is no news.
    pub(crate) fn ask_for_tests(&mut self, id: &UnitId, asked: String) {
        let Some(state) = self.units.get_mut(id) else { return };
        if state.record.test.as_ref().is_some_and(|run| run.asked == asked) {
            return;
        }
        state.testing.get_or_insert_default().pending = Some(asked);
        self.queue.insert(id.clone());
    }

    /// Takes the tests of a unit further, as far as its phase allows.
    pub(crate) fn test(&mut self, id: &UnitId, phase: &Phase, catching_up: bool, now: Time) {
        loop {
            let Some(state) = self.units.get_mut(id).filter(|state| state.is_tested()) else { return };
            let testing = state.testing.get_or_insert_default();
            if testing.token.is_some() {
                return;
            }
            if let Some(at) = testing.retry_at.filter(|at| *at > now) {
                return self.wake_at(id, at);
            }
            testing.retry_at = None;
            let more = match state.record.test.clone().filter(|run| !run.is_over()) {
                Some(run) => self.go_on(id, &run, phase, now),
                None if catching_up => return,
                None => self.begin(id, phase),
            };
            if !more {
                return;
            }
        }
    }

    /// True if there is more to be decided.
    fn begin(&mut self, id: &UnitId, phase: &Phase) -> bool {
        let Some(state) = self.units.get_mut(id) else { return false };
        let Some(asked) = state.testing.as_mut().and_then(|testing| testing.pending.take()) else {
            return false;
        };
        state.testing = None;
        let tests = state.tests();
        let target = state.target();
        let (release, refused) = match (&state.desired, fit(phase)) {
            (_, Fit::Soon(why) | Fit::No(why) | Fit::Over(why)) => {
                (None, Some(format!("it is not Ready but {}: {why}", phase.word())))
            }
            (Some(wanted), Fit::Ready) if wanted.rendered.release.is_some() => {
                (Some(wanted.whole), wanted.rendered.tests.refused.clone())
            }
            (_, Fit::Ready) => (None, Some("it is no release of a chart, and has no tests".to_owned())),
        };
        let mut others = tests.iter().map(|hook| &hook.manifest.key);
        let taken = others.find_map(|key| Some((key, self.wanted.get(&(target.clone(), key.clone()))?)));
        let taken = taken.map(|(key, by)| format!("its test {key} is also an object of {by}"));
        let mut run = TestRun { asked, release, ..TestRun::default() };
        match refused.or(taken) {
            Some(why) => {
                (run.outcome, run.message) = (Some(TestOutcome::Refused), why.clone());
                self.tell_of_tests(id, true, "TestRefused", format!("its tests are not run: {why}"));
            }
            None => run.left = tests.iter().map(|hook| hook.manifest.key.to_string()).collect(),
        }
        if let Some(state) = self.units.get_mut(id) {
            state.record.test = Some(Box::new(run));
        }
        true
    }

    fn go_on(&mut self, id: &UnitId, run: &TestRun, phase: &Phase, now: Time) -> bool {
        let Some(state) = self.units.get_mut(id) else { return false };
        let fit = fit(phase);
        if let Fit::Over(why) = &fit {
            return self.end_tests(id, TestOutcome::Failed, why.clone());
        }
        // After a restart it is not known yet what is to be tested.
        let Some(wanted) = state.desired.clone() else { return false };
        if state.unit.is_none() || run.release != Some(wanted.whole) {
            let why = "the unit has become another release meanwhile".to_owned();
            return self.end_tests(id, TestOutcome::Failed, why);
        }
        let tests = state.tests();
        let entries = state.left_by_tests(run, &tests);
        if !entries.is_empty() {
            self.delete_tested(id, entries);
            return false;
        }
        if run.ended.last().is_some_and(|tested| !tested.succeeded) {
            return self.end_tests(id, TestOutcome::Failed, String::new());
        }
        let at = run.ended.len();
        let Some(hook) = tests.get(at) else {
            let message = if tests.is_empty() { "it has no tests" } else { "" };
            return self.end_tests(id, TestOutcome::Succeeded, message.to_owned());
        };
        let timeout = state.timeout();
        let testing = state.testing.get_or_insert_default();
        let until = *testing.until.get_or_insert(now.after(timeout));
        let failure = testing.failure.clone();
        let made = state.record.inventory.get(&hook.manifest.key);
        let waits = if made.is_some_and(|entry| entry.desired == Some(run.digest(hook, at))) {
            match ended(state, hook) {
                Some(result) => return self.tested(id, result),
                None => {
                    let seen = state.observed.get(&hook.manifest.key);
                    seen.map_or_else(|| "not seen yet".to_owned(), |seen| seen.health.to_string())
                }
            }
        } else {
            let target = state.target();
            let kinds = state.tested_kinds();
            let unseen = kinds.iter().find(|kind| !self.synced.contains(&(target.clone(), (*kind).clone())));
            match (fit, unseen) {
                (Fit::No(why) | Fit::Over(why), _) => {
                    let why = format!("the unit is not Ready any more: {why}");
                    return self.end_tests(id, TestOutcome::Failed, why);
                }
                (Fit::Soon(why), _) if until > now => why,
                (Fit::Ready, Some(kind)) if until > now => {
                    format!("its {} objects are being listed", kind.kind)
                }
                (Fit::Ready, None) if until > now => {
                    self.make_test(id, hook, run, at);
                    return false;
                }
                (Fit::Soon(why), _) => why,
                (Fit::Ready, _) => failure.unwrap_or_else(|| "it could not be made".to_owned()),
            }
        };
        if until <= now {
            let why = format!("not finished after {} s: {waits}", timeout.as_secs());
            return self.tested(id, Err(why));
        }
        self.wake_at(id, until);
        false
    }

    /// The next test has ended.
    fn tested(&mut self, id: &UnitId, result: Result<(), String>) -> bool {
        let Some(state) = self.units.get_mut(id) else { return false };
        let before = state.testing.take().map(|before| *before).unwrap_or_default();
        state.testing =
            Some(Box::new(Testing { pending: before.pending, kept: before.kept, ..Testing::default() }));
        let Some(run) = state.record.test.as_mut().filter(|run| !run.left.is_empty()) else { return false };
        let name = run.left.remove(0);
        let (succeeded, message) = match result {
            Ok(()) => (true, String::new()),
            Err(why) => (false, why),
        };
        let (reason, told) = match succeeded {
            true => ("TestSucceeded", format!("test {name} has succeeded")),
            false => ("TestFailed", format!("test {name} has failed: {message}")),
        };
        run.ended.push(Tested { name, succeeded, message });
        self.tell_of_tests(id, !succeeded, reason, told);
        true
    }

    fn end_tests(&mut self, id: &UnitId, outcome: TestOutcome, message: String) -> bool {
        let Some(state) = self.units.get_mut(id) else { return false };
        let pending = state.testing.take().and_then(|testing| testing.pending);
        state.testing = pending.map(|asked| Box::new(Testing { pending: Some(asked), ..Testing::default() }));
        let Some(run) = &mut state.record.test else { return false };
        run.outcome = Some(outcome);
        run.message.clone_from(&message);
        if outcome == TestOutcome::Failed && !message.is_empty() {
            self.tell_of_tests(id, true, "TestFailed", format!("its tests have come to an end: {message}"));
        }
        true
    }

    fn tell_of_tests(&mut self, id: &UnitId, warning: bool, reason: &'static str, message: String) {
        self.actions.push(Action::Tell { unit: id.clone(), warning, reason, message });
    }

    fn make_test(&mut self, id: &UnitId, hook: &Hook, run: &TestRun, at: usize) {
        let token = self.next_token();
        let Some(state) = self.units.get_mut(id) else { return };
        state.testing.get_or_insert_default().token = Some(token);
        let replace = hook.deletes(HookDeletion::BeforeCreation);
        let fresh = Fresh { mark: run.mark(at), replace, unless: None };
        self.push_fresh(id, token, &hook.manifest, run.digest(hook, at), fresh);
    }

    /// The record goes first: what is gone has ended, and is not taken for lost.
    fn delete_tested(&mut self, id: &UnitId, entries: Vec<InventoryEntry>) {
        let token = self.next_token();
        let Some(state) = self.units.get_mut(id) else { return };
        state.testing.get_or_insert_default().token = Some(token);
        state.saved = Some(state.record.clone());
        let record = Box::new(state.record.clone());
        self.push_delete_as(id, token, entries, false, Some(record));
    }

    pub(crate) fn test_made(&mut self, id: &UnitId, results: Vec<ApplyResult>, now: Time) {
        self.queue.insert(id.clone());
        let Some(state) = self.units.get_mut(id) else { return };
        state.testing.get_or_insert_default().token = None;
        // Its target is not connected: that is no answer.
        let Some(result) = results.into_iter().next() else {
            let message = "its cluster is not connected".to_owned();
            return self.retry_tests(id, &Failure { kind: FailureKind::Unavailable, message }, now);
        };
        let place = (state.target(), result.key.clone());
        match result.outcome {
            Ok(mut seen) => {
                self.by_rules(&result.key, &mut seen);
                outdate_looks(&mut self.looks, &place);
                let Some(state) = self.units.get_mut(id) else { return };
                let old = state.record.inventory.get(&result.key).map(|entry| entry.version.clone());
                state.record.inventory.insert(InventoryEntry {
                    key: result.key.clone(),
                    version: old.unwrap_or_default(),
                    uid: seen.uid.clone(),
                    desired: result.digest,
                    owned: seen.owned,
                    intended: Vec::new(),
                    recovered: false,
                    hook: true,
                });
                let older = state.observed.get(&place.1).is_some_and(|old| is_older(&seen, old));
                if !older && state.see(&place.1, seen) {
                    let version = state.record.inventory.get(&place.1).map(|entry| entry.version.clone());
                    let (target, key) = place;
                    self.actions.push(Action::Look { target, key, version: version.unwrap_or_default() });
                }
            }
            Err(failure) => match failure.kind {
                FailureKind::Unavailable
                | FailureKind::NoKind
                | FailureKind::NotSent
                | FailureKind::Blocked => {
                    self.retry_tests(id, &failure, now);
                }
                FailureKind::Invalid
                | FailureKind::Conflict
                | FailureKind::Forbidden
                | FailureKind::Released
                | FailureKind::Deployed => {
                    // Nothing was made, and nothing was there.
                    if state.record.inventory.get(&result.key).is_some_and(|entry| entry.uid.is_empty()) {
                        state.record.inventory.remove(&result.key);
                        self.disown(id, &place);
                    }
                    self.tested(id, Err(failure.message));
                }
            },
        }
    }

    pub(crate) fn tested_deleted(&mut self, id: &UnitId, results: Vec<DeleteResult>, now: Time) {
        self.queue.insert(id.clone());
        let Some(state) = self.units.get_mut(id) else { return };
        let target = state.target();
        let testing = state.testing.get_or_insert_default();
        testing.token = None;
        if results.is_empty() {
            let message = "its cluster is not connected".to_owned();
            return self.retry_tests(id, &Failure { kind: FailureKind::Unavailable, message }, now);
        }
        for result in results {
            let Some(state) = self.units.get_mut(id) else { return };
            match result.outcome {
                Ok(gone) => {
                    state.record.inventory.remove(&result.key);
                    state.observed.remove(&result.key);
                    self.lose(id, &(target.clone(), result.key.clone()), gone == Gone::Deleted);
                    if let Gone::NotOurs(why) = gone {
                        self.tell_of_tests(id, true, "LeftAlone", format!("{} stays: {why}", result.key));
                    }
                }
                Err(failure) if failure.kind == FailureKind::Unavailable => {
                    self.retry_tests(id, &failure, now);
                }
                Err(failure) => {
                    state.testing.get_or_insert_default().kept.insert(result.key.clone());
                    let message = format!("{} stays: {}", result.key, failure.message);
                    self.tell_of_tests(id, true, "LeftAlone", message);
                }
            }
        }
    }

    fn retry_tests(&mut self, id: &UnitId, failure: &Failure, now: Time) {
        let Some(state) = self.units.get_mut(id) else { return };
        let limit = state.unit.as_ref().map_or(Duration::from_secs(30), |unit| unit.timing.retry_interval);
        let testing = state.testing.get_or_insert_default();
        let at = retry::next(id, failure.kind, testing.attempt, limit, now);
        testing.attempt = testing.attempt.saturating_add(1);
        (testing.retry_at, testing.failure) = (Some(at), Some(failure.message.clone()));
        self.wake_at(id, at);
    }
}
