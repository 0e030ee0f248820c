use super::double::{Commit, Double, config, id, key, unit};
use super::hooks::{end, hook};
use crate::{Ended, Event, FailureKind};
use mainstay_object::{DigestKey, Map, Value};
use mainstay_unit::{
    Chart, Desired, Health, Hook, HookDeletion, Moment, ReadingUnit, Release, ReleaseOptions, RenderState,
    Rendered, Source, SourceId, Unit,
};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

fn release(rollback: bool) -> Unit {
    let chart = Chart {
        verify: None,
        chart: "web".into(),
        version: "*".into(),
        source: SourceId::Platform,
        values_files: vec![],
        ignore_missing_values_files: false,
        values_from: vec![],
        values: Value::Object(Map::new()),
        variables: BTreeMap::new(),
        renderer: mainstay_unit::Renderer::Native,
        release: ReleaseOptions { rollback, ..ReleaseOptions::new("web", "n") },
    };
    Unit { source: Source::Chart(Box::new(chart)), ..unit("a", &[]) }
}

/// A revision with a release of these objects, and what comes after it.
fn commit(revision: &str, unit: Unit, objects: &[Desired], hooks: &[Hook]) -> Commit {
    let key = DigestKey::default();
    let mut commit = Commit::new(revision).with("z", &["a"], &[config("z", 1)]);
    let plain = Rendered::plain(objects.to_vec(), &key).objects;
    let rendered = Rendered::with_hooks(plain, hooks.to_vec());
    let body = rendered.digest.map(|digest| digest.hex()).unwrap_or_default().into_bytes();
    let release = Some(Arc::new(Release::new("web".into(), "n".into(), 5, body, &key)));
    let state = RenderState::Rendered(Arc::new(Rendered { release, ..rendered }));
    let read = ReadingUnit { unit: Arc::new(unit), state, parent: None, authorities: Vec::new() };
    commit.0.units.insert(id("a"), read);
    commit
}

fn good() -> Commit {
    commit("1", release(true), &[config("a", 1)], &[])
}

/// One more object, and another content.
fn bad() -> Commit {
    commit("2", release(true), &[config("a", 2), config("b", 1)], &[])
}

/// The first release is ready, the second one never will be.
fn failing() -> Double {
    let mut double = Double::new();
    double.read(good());
    assert_eq!(double.take_log(), ["apply a", "store web", "apply z"]);
    double.sick.insert(key("b"));
    double.read(bad());
    assert_eq!(double.take_log(), ["apply a", "apply b"]);
    // What is rolled back is pruned, although Git wants it.
    double.wanted.remove(&key("b"));
    double
}

fn time_is_up(double: &mut Double) {
    double.pass(mainstay_unit::Timing::default().timeout + Duration::from_secs(1));
}

#[test]
fn a_release_that_does_not_become_healthy_in_time_gives_way_to_the_one_before_it() {
    let mut double = failing();
    assert_eq!(double.phase("a"), "Progressing");
    time_is_up(&mut double);
    assert_eq!(double.take_log(), ["apply a", "delete b"]);
    assert_eq!(double.phase("a"), "Failed", "it is not what Git says");
    let why = double.why("a");
    assert!(
        why.starts_with("revision 2 has failed and is rolled back to revision 1: not healthy after"),
        "{why}"
    );
    let record = &double.records[&id("a")];
    assert_eq!(record.revision, "1");
    let ready = record.conditions.iter().find(|condition| condition.kind == "Ready").unwrap();
    assert_eq!(ready.reason, "RolledBack");
    assert_eq!(ready.message, why);
    assert_eq!(double.told.iter().filter(|told| told.starts_with("a RolledBack")).count(), 1);
    assert!(!double.state.units[&id("a")].gate, "nothing new starts behind it");
}

#[test]
fn what_was_given_up_stays_so_whatever_else_happens_and_however_long() {
    let mut double = failing();
    time_is_up(&mut double);
    double.take_log();
    double.pass(Duration::from_secs(7200));
    double.read(Commit(mainstay_unit::Reading { revision: "3".into(), ..bad().0 }));
    double.wanted.remove(&key("b"));
    assert_eq!(double.take_log(), Vec::<String>::new());
    double.edit("a");
    assert_eq!(double.take_log(), ["apply a"], "what is there now is held to what was good");
    assert_eq!(double.phase("a"), "Failed");
}

#[test]
fn it_is_tried_again_when_it_is_another_one_or_when_somebody_asks() {
    let mut double = failing();
    time_is_up(&mut double);
    double.take_log();
    double.send(Event::Reconcile { unit: id("a") });
    assert_eq!(double.take_log(), ["apply a", "apply b"]);
    time_is_up(&mut double);
    assert_eq!(double.take_log(), ["apply a", "delete b"], "and rolled back again");
    double.read(commit("3", release(true), &[config("a", 3)], &[]));
    assert_eq!(double.take_log(), ["apply a", "store web"]);
    assert_eq!(double.phase("a"), "Ready");
    assert_eq!(double.records[&id("a")].given_up, None);
}

#[test]
fn a_commit_that_goes_back_changes_nothing_and_all_is_well() {
    let mut double = failing();
    time_is_up(&mut double);
    double.take_log();
    double.read(good());
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!(double.phase("a"), "Ready");
    assert!(double.state.units[&id("a")].gate);
}

#[test]
fn a_restart_keeps_what_was_given_up_and_knows_what_was_good() {
    let mut double = failing();
    time_is_up(&mut double);
    double.take_log();
    double.restart();
    double.send(Event::Past(Arc::new(good().0)));
    double.read(bad());
    double.wanted.remove(&key("b"));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert!(double.why("a").starts_with("revision 2 has failed"), "{}", double.why("a"));
    double.edit("a");
    assert_eq!(double.take_log(), ["apply a"]);
    // Where it can't be read any more, nothing of it is touched, and nothing is called well.
    double.restart();
    double.read(bad());
    double.edit("a");
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!(double.phase("a"), "Failed");
    assert!(double.why("a").contains("can't be rendered any more"), "{}", double.why("a"));
    assert!(double.objects.contains_key(&key("a")));
}

#[test]
fn a_restart_in_the_middle_still_finds_its_way_back() {
    let mut double = failing();
    double.restart();
    double.send(Event::Past(Arc::new(good().0)));
    double.read(bad());
    double.wanted.remove(&key("b"));
    assert_eq!(double.phase("a"), "Progressing");
    time_is_up(&mut double);
    assert_eq!(double.take_log(), ["apply a", "delete b"]);
}

#[test]
fn what_was_once_ready_is_not_rolled_back_when_it_falls_ill() {
    let mut double = Double::new();
    double.read(good());
    double.read(commit("2", release(true), &[config("a", 2)], &[]));
    assert_eq!(double.phase("a"), "Ready");
    double.take_log();
    double.heal("a", Health::degraded("it crashes"));
    time_is_up(&mut double);
    time_is_up(&mut double);
    assert_eq!(double.phase("a"), "Failed");
    assert_eq!(double.take_log(), Vec::<String>::new());
}

#[test]
fn nobody_who_did_not_ask_is_rolled_back_nor_is_a_first_release() {
    let mut double = Double::new();
    double.read(commit("1", release(false), &[config("a", 1)], &[]));
    double.sick.insert(key("b"));
    double.read(commit("2", release(false), &[config("a", 2), config("b", 1)], &[]));
    double.take_log();
    time_is_up(&mut double);
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert!(double.why("a").starts_with("not healthy after"), "{}", double.why("a"));
    let mut double = Double::new();
    double.sick.insert(key("b"));
    double.read(bad());
    double.take_log();
    time_is_up(&mut double);
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!(double.phase("a"), "Failed");
}

#[test]
fn a_hook_that_fails_rolls_back_with_the_hooks_of_a_rollback() {
    let hooks = |content| {
        [
            hook("migrate", content, &[Moment::PostUpgrade], 0, &[HookDeletion::BeforeCreation]),
            hook("undo", content, &[Moment::PreRollback], 0, &[HookDeletion::BeforeCreation]),
        ]
    };
    let mut double = Double::new();
    double.read(commit("1", release(true), &[config("a", 1)], &hooks(1)));
    assert_eq!(double.take_log(), ["apply a", "store web", "apply z"], "an installation runs neither");
    double.read(commit("2", release(true), &[config("a", 2)], &hooks(1)));
    assert_eq!(double.take_log(), ["apply a", "apply migrate", "make migrate"]);
    end(&mut double, "migrate", Ended::Failed);
    assert_eq!(double.take_log(), ["apply undo", "make undo"]);
    end(&mut double, "undo", Ended::Succeeded);
    assert_eq!(double.take_log(), ["apply a"]);
    assert!(double.why("a").contains("post-upgrade hook Job.batch n/migrate"), "{}", double.why("a"));
    // What the last attempt left is not taken for this one's, on the way there and back.
    double.send(Event::Reconcile { unit: id("a") });
    assert_eq!(double.take_log(), ["apply a", "apply migrate", "make migrate"]);
    end(&mut double, "migrate", Ended::Failed);
    assert_eq!(double.take_log(), ["apply undo", "make undo"]);
    end(&mut double, "undo", Ended::Succeeded);
    assert_eq!(double.take_log(), ["apply a"]);
}

#[test]
fn a_hook_that_fails_before_anything_was_applied_leaves_everything_as_it_is() {
    let hooks = [hook("migrate", 1, &[Moment::PreUpgrade], 0, &[HookDeletion::BeforeCreation])];
    let mut double = Double::new();
    double.read(good());
    double.read(commit("2", release(true), &[config("a", 2)], &hooks));
    double.take_log();
    end(&mut double, "migrate", Ended::Failed);
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert!(double.why("a").starts_with("revision 2 has failed and is rolled back"), "{}", double.why("a"));
    double.send(Event::Reconcile { unit: id("a") });
    assert_eq!(double.take_log(), ["apply migrate", "make migrate"]);
    end(&mut double, "migrate", Ended::Succeeded);
    assert_eq!(double.take_log(), ["apply a", "store web"]);
}

#[test]
fn what_is_refused_is_rolled_back_when_its_time_is_up_and_a_server_that_is_away_is_no_reason() {
    for (kind, rolled_back) in [(FailureKind::Invalid, true), (FailureKind::Unavailable, false)] {
        let mut double = Double::new();
        double.read(good());
        double.take_log();
        double.faults.insert(key("b"), VecDeque::from(vec![kind; 500]));
        double.read(bad());
        double.wanted.remove(&key("b"));
        assert_eq!(double.phase("a"), "Failed");
        for _ in 0..200 {
            double.pass(Duration::from_secs(10));
        }
        assert_eq!(double.why("a").starts_with("revision 2 has failed"), rolled_back, "{}", double.why("a"));
    }
}

#[test]
fn what_another_unit_has_taken_over_is_not_taken_back() {
    let mut double = Double::new();
    double.read(commit("1", release(true), &[config("a", 1), config("b", 1)], &[]));
    double.sick.insert(key("c"));
    let moved = commit("2", release(true), &[config("a", 2), config("c", 1)], &[]);
    let moved = moved.with("y", &[], &[config("b", 2)]);
    double.read(moved);
    double.take_log();
    time_is_up(&mut double);
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert!(double.why("a").contains("n/b is module/t/y's now"), "{}", double.why("a"));
}

#[test]
fn who_takes_something_over_after_a_rollback_keeps_it() {
    let mut double = failing();
    time_is_up(&mut double);
    double.take_log();
    // Git moves what the good release has to another unit; the release that failed does not have it.
    let without = commit("3", release(true), &[config("c", 1)], &[]);
    double.sick.insert(key("c"));
    double.read(without);
    double.wanted.remove(&key("c"));
    time_is_up(&mut double);
    let taken = commit("4", release(true), &[config("c", 1)], &[]).with("y", &[], &[config("a", 7)]);
    double.read(taken);
    double.wanted.remove(&key("c"));
    double.take_log();
    double.pass(Duration::from_secs(600));
    let log = double.take_log();
    assert_eq!(log, Vec::<String>::new(), "nobody fights over it");
    assert_eq!(double.phase("y"), "Ready");
}
