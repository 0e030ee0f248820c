//! Rules that change: what they concern is seen anew before anything follows from it, and nothing is sent for it.

use super::double::{Commit, Double, config, id, key};
use crate::{Action, Event, Observation};
use mainstay_unit::{Health, Target};

const RULE: &str = "kinds: [{group: '', kind: ConfigMap, passive: true}]";
const OTHER: &str = "kinds: [{group: '', kind: Secret, passive: true}]";

fn two() -> Commit {
    Commit::new("1").with("a", &[], &[config("x", 1)]).with("b", &["a"], &[config("y", 1)])
}

fn ready() -> Double {
    let mut double = Double::new();
    double.read(two());
    assert_eq!((double.phase("a"), double.phase("b")), ("Ready".into(), "Ready".into()));
    double.take_log();
    double.told.clear();
    double.lists = 0;
    double
}

#[test]
fn a_changed_rule_changes_what_a_unit_is_and_sends_nothing() {
    let mut double = ready();
    double.objects.get_mut(&key("x")).unwrap().health = Health::degraded("by the new rule");
    double.rule(RULE);
    assert_eq!(double.lists, 1);
    assert_eq!((double.phase("a"), double.phase("b")), ("Progressing".into(), "Ready".into()));
    assert!(double.why("a").contains("by the new rule"), "{}", double.why("a"));
    assert_eq!(double.log, Vec::<String>::new());
    // The rule is gone: the shipped table holds again.
    double.objects.get_mut(&key("x")).unwrap().health = Health::healthy("");
    double.rule("kinds: []");
    assert_eq!((double.lists, double.phase("a")), (2, "Ready".into()));
    assert_eq!(double.take_log(), Vec::<String>::new());
}

#[test]
fn rules_of_other_kinds_concern_nobody_and_the_same_verdict_is_no_news() {
    let mut double = ready();
    double.rule(OTHER);
    assert_eq!(double.lists, 0);
    double.rule(RULE);
    assert_eq!((double.lists, double.saves), (1, 0));
    assert_eq!(double.told, Vec::<String>::new());
    assert_eq!((double.phase("a"), double.phase("b")), ("Ready".into(), "Ready".into()));
}

#[test]
fn a_verdict_of_rules_that_hold_no_more_opens_no_gate() {
    let mut double = Double::new();
    double.sick.insert(key("x"));
    double.read(two());
    assert_eq!((double.phase("a"), double.phase("b")), ("Progressing".into(), "Waiting".into()));
    double.take_log();
    let live = double.objects.get_mut(&key("x")).unwrap();
    (live.health, live.version) = (Health::healthy("by the old rule"), live.version + 1);
    let late = double.observation(&key("x")).unwrap();
    double.silent = true;
    double.rule(RULE);
    double.send(Event::Observed {
        target: Target::Management,
        key: key("x"),
        observation: Some(late.clone()),
    });
    double.send(Event::Looked { target: Target::Management, key: key("x"), observation: Some(late) });
    assert_eq!(double.phase("b"), "Waiting");
    assert!(!double.state.units[&id("a")].gate);
    assert_eq!(double.log, Vec::<String>::new());
    double.relist();
    assert_eq!((double.phase("a"), double.phase("b")), ("Ready".into(), "Ready".into()));
    assert_eq!(double.take_log(), ["apply y"]);
}

#[test]
fn an_answer_that_was_judged_by_old_rules_takes_no_newer_verdict_away() {
    let mut double = ready();
    double.slow = true;
    double.read(Commit::new("2").with("a", &[], &[config("x", 2)]).with("b", &["a"], &[config("y", 1)]));
    let Some(Action::Apply { unit, token, items, .. }) = double.waiting.pop_front() else {
        panic!("no apply")
    };
    let digest = Some(items[0].digest);
    let live = double.objects.get_mut(&key("x")).unwrap();
    (live.content, live.version) = (items[0].digest, live.version + 10);
    let seen = double.observation(&key("x")).unwrap();
    double.rule(RULE);
    let state = |double: &Double| double.state.units[&id("a")].health.clone();
    assert_eq!(state(&double).status, mainstay_unit::HealthStatus::Healthy);
    let late = Observation { health: Health::degraded("by the old rule"), ..seen };
    let result = crate::ApplyResult { key: key("x"), digest, outcome: Ok(late) };
    double.send(Event::Applied { unit, token, results: vec![result] });
    assert_eq!(state(&double).status, mainstay_unit::HealthStatus::Healthy);
    assert_eq!(double.phase("a"), "Ready");
}
