use super::double::{Commit, Double, config, id, key, unit};
use super::hooks::{end, hook};
use crate::{Action, Ended, Event, FailureKind, TestOutcome, TestRun};
use mainstay_diagnostic::Location;
use mainstay_object::{DigestKey, Object, ObjectKey};
use mainstay_unit::{
    Desired, Health, Hook, HookDeletion, Moment, ReadingUnit, Release, RenderState, Rendered, Tests,
};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use HookDeletion::{BeforeCreation, Failed, Succeeded};

fn job(name: &str) -> ObjectKey {
    ObjectKey::new("batch", "Job", "n", name)
}

fn test(name: &str, weight: i64, deletion: &[HookDeletion]) -> Hook {
    hook(name, 1, &[Moment::Test], weight, deletion)
}

/// A release of one ConfigMap, with tests, and a unit that comes after it.
fn commit(content: u32, tests: &[Hook]) -> Commit {
    let mut commit = Commit::new(&content.to_string()).with("z", &["a"], &[config("z", 1)]);
    let body = content.to_string().into_bytes();
    let release = Release::new("web".into(), "n".into(), 10, body, &DigestKey::default());
    let rendered = Rendered {
        release: Some(Arc::new(release)),
        tests: Tests { hooks: tests.to_vec(), refused: None },
        ..Rendered::plain(vec![config("a", content)], &DigestKey::default())
    };
    let state = RenderState::Rendered(Arc::new(rendered));
    let unit = Arc::new(unit("a", &[]));
    commit.0.units.insert(id("a"), ReadingUnit { unit, state, parent: None, authorities: Vec::new() });
    commit
}

/// What was asked for, of a unit that is Ready.
fn ready(tests: &[Hook]) -> Double {
    let mut double = Double::new();
    double.read(commit(1, tests));
    assert_eq!(double.phase("a"), "Ready");
    double.take_log();
    double.told.clear();
    double
}

fn ask(double: &mut Double, asked: &str) {
    double.send(Event::Test { unit: id("a"), asked: asked.into() });
}

fn run(double: &Double) -> TestRun {
    double.records[&id("a")].test.as_deref().cloned().unwrap_or_default()
}

/// Name and whether it succeeded.
fn told(double: &Double) -> Vec<(String, bool)> {
    run(double).ended.into_iter().map(|tested| (tested.name, tested.succeeded)).collect()
}

#[test]
fn tests_run_by_weight_when_somebody_asks_and_beside_the_unit() {
    let tests = [test("second", 1, &[BeforeCreation]), test("first", -1, &[BeforeCreation, Succeeded])];
    let mut double = ready(&tests);
    double.edit("a");
    double.pass(Duration::from_secs(3600));
    assert_eq!(double.take_log(), ["apply a"], "no revision, no drift and no time runs them");
    ask(&mut double, "1");
    assert_eq!(double.take_log(), ["apply first", "make first"]);
    assert_eq!((double.phase("a").as_str(), double.phase("z").as_str()), ("Ready", "Ready"));
    end(&mut double, "first", Ended::Succeeded);
    assert_eq!(double.take_log(), ["delete first", "apply second", "make second"]);
    assert_eq!(run(&double).left, ["Job.batch n/second"]);
    end(&mut double, "second", Ended::Succeeded);
    let ended = [("Job.batch n/first".to_owned(), true), ("Job.batch n/second".to_owned(), true)];
    assert_eq!((told(&double), run(&double).outcome), (ended.to_vec(), Some(TestOutcome::Succeeded)));
    assert_eq!(double.phase("a"), "Ready");
    ask(&mut double, "1");
    assert_eq!(double.take_log(), Vec::<String>::new(), "what was asked for once runs once");
    ask(&mut double, "2");
    assert_eq!(double.take_log(), ["apply first", "make first"]);
    end(&mut double, "first", Ended::Succeeded);
    assert_eq!(double.take_log(), ["delete first", "apply second", "make second"], "what is left makes way");
}

#[test]
fn a_test_that_fails_ends_the_run_and_nothing_else() {
    let tests = [test("first", 0, &[BeforeCreation, Failed]), test("second", 1, &[])];
    let mut double = ready(&tests);
    ask(&mut double, "1");
    double.take_log();
    end(&mut double, "first", Ended::Failed);
    assert_eq!(double.take_log(), ["delete first"]);
    let run = run(&double);
    assert_eq!(run.outcome, Some(TestOutcome::Failed));
    assert_eq!(run.ended[0].message, "BackoffLimitExceeded");
    assert_eq!(run.left, ["Job.batch n/second"]);
    let state = &double.state.units[&id("a")];
    assert!(state.gate && state.health.status.is_healthy());
    assert_eq!((double.phase("a").as_str(), double.records[&id("a")].phase.as_str()), ("Ready", "Ready"));
    assert_eq!(double.told, ["a TestFailed: test Job.batch n/first has failed: BackoffLimitExceeded"]);
    double.pass(Duration::from_secs(3600));
    assert_eq!(double.take_log(), Vec::<String>::new(), "nobody repeats it");
}

#[test]
fn a_restart_repeats_no_test_and_forgets_none() {
    let tests = [test("first", 0, &[BeforeCreation]), test("second", 1, &[BeforeCreation, Succeeded])];
    let mut double = ready(&tests);
    ask(&mut double, "1");
    end(&mut double, "first", Ended::Succeeded);
    double.take_log();
    double.restart();
    double.read(commit(1, &tests));
    ask(&mut double, "1");
    assert_eq!(double.take_log(), Vec::<String>::new());
    end(&mut double, "second", Ended::Succeeded);
    assert_eq!(double.take_log(), ["delete second"]);
    assert_eq!(run(&double).outcome, Some(TestOutcome::Succeeded));
    // What was asked for while nobody was there is done, too.
    double.restart();
    ask(&mut double, "2");
    double.read(commit(1, &tests));
    assert_eq!(double.take_log(), ["apply first", "make first"]);
}

#[test]
fn a_test_whose_answer_was_lost_is_made_once() {
    let tests = [test("first", 0, &[BeforeCreation])];
    let mut double = ready(&tests);
    double.slow = true;
    ask(&mut double, "1");
    let made = double.waiting.front().cloned().unwrap();
    double.slow = false;
    assert_eq!(double.carry_out(made).len(), 1);
    double.take_log();
    double.restart();
    double.read(commit(1, &tests));
    assert_eq!(double.take_log(), ["apply first"], "the one that is there is the one");
    end(&mut double, "first", Ended::Succeeded);
    assert_eq!(run(&double).outcome, Some(TestOutcome::Succeeded));
}

#[test]
fn only_what_is_ready_is_tested_and_only_a_release() {
    let tests = [test("first", 0, &[])];
    let mut double = Double::new();
    double.sick.insert(key("a"));
    double.read(commit(1, &tests));
    double.take_log();
    ask(&mut double, "1");
    assert_eq!(run(&double).outcome, Some(TestOutcome::Refused));
    assert!(run(&double).message.contains("not Ready but Progressing"), "{}", run(&double).message);
    double.send(Event::Test { unit: id("z"), asked: "1".into() });
    double.heal("a", Health::healthy(""));
    double.send(Event::Test { unit: id("z"), asked: "2".into() });
    let other = double.records[&id("z")].test.as_deref().cloned().unwrap();
    assert!(other.message.contains("no release of a chart"), "{}", other.message);
    assert!(!double.take_log().contains(&"make first".to_owned()));
    double.read(commit(1, &[]));
    ask(&mut double, "2");
    assert_eq!(run(&double).outcome, Some(TestOutcome::Succeeded));
    assert_eq!(run(&double).message, "it has no tests");
    double.read(commit(1, &[hook("z", 1, &[Moment::Test], 0, &[])]));
    ask(&mut double, "3");
    assert_eq!(double.take_log(), ["apply z", "make z"], "other tests are no other release");
}

#[test]
fn tests_end_with_the_release_that_they_are_of() {
    let tests = [test("first", 0, &[]), test("second", 1, &[])];
    let mut double = ready(&tests);
    ask(&mut double, "1");
    double.read(commit(2, &tests));
    assert_eq!(run(&double).outcome, Some(TestOutcome::Failed));
    assert!(run(&double).message.contains("another release"), "{}", run(&double).message);
    assert_eq!(double.phase("a"), "Ready");
    ask(&mut double, "2");
    double.send(Event::Suspend { unit: id("a"), suspend: true });
    assert!(run(&double).message.contains("suspended"), "{}", run(&double).message);
}

#[test]
fn a_unit_goes_only_after_the_answer_to_what_its_tests_asked() {
    let tests = [test("first", 0, &[])];
    let mut double = ready(&tests);
    double.slow = true;
    ask(&mut double, "1");
    double.read(Commit::new("2").with("b", &[], &[config("b", 1)]));
    let asked: Vec<_> = double.waiting.iter().filter(|a| matches!(a, Action::Delete { .. })).collect();
    assert!(asked.iter().all(|a| !matches!(a, Action::Delete { unit, .. } if *unit == id("a"))), "{asked:?}");
    double.answer();
    assert_eq!(double.phase("a"), "gone");
    assert!(
        double.take_log().contains(&"release first".to_owned()),
        "what it made stays, as what hooks made"
    );
}

#[test]
fn what_tests_made_is_applied_by_nobody_while_it_is_deleted() {
    let object =
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "first", "namespace": "n"}});
    let object = Desired { object: Object::new(object).unwrap(), origin: Location::file("a.yaml") };
    for wants in ["a", "b"] {
        let mut double = ready(&[test("first", 0, &[BeforeCreation, Succeeded])]);
        ask(&mut double, "1");
        double.slow = true;
        end(&mut double, "first", Ended::Succeeded);
        double.read(commit(1, &[]).with(wants, &[], std::slice::from_ref(&object)));
        assert_eq!(double.why(wants), "waits on module/t/a: is still deleting Job.batch n/first");
        double.take_log();
        // The request was sent before anybody wanted the object.
        double.wanted.clear();
        double.answer();
        let log = double.take_log();
        let at = |what: &str| log.iter().position(|entry| entry == what);
        assert!(at("delete first").is_some() && at("delete first") < at("apply first"), "{log:?}");
        assert_eq!(double.phase(wants), "Ready");
    }
}

#[test]
fn a_test_that_never_ends_or_can_not_be_made_fails_in_time() {
    let tests = [test("first", 0, &[BeforeCreation])];
    let mut double = ready(&tests);
    ask(&mut double, "1");
    let patience = mainstay_unit::Timing::default().timeout;
    double.pass(patience - Duration::from_secs(1));
    assert_eq!(run(&double).outcome, None);
    double.pass(Duration::from_secs(2));
    assert_eq!(run(&double).outcome, Some(TestOutcome::Failed));
    assert!(run(&double).ended[0].message.contains("not finished after"));

    double.faults.insert(job("first"), VecDeque::from([FailureKind::Unavailable, FailureKind::Forbidden]));
    ask(&mut double, "2");
    assert_eq!(run(&double).outcome, None, "who does not answer is asked again");
    double.pass(Duration::from_secs(1));
    assert_eq!(run(&double).outcome, Some(TestOutcome::Failed));
    assert_eq!(run(&double).ended[0].message, "Forbidden");
    assert_eq!(double.phase("a"), "Ready");
}
