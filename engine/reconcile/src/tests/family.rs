//! Kustomizations of Flux, and what they declare.

use super::double::{Commit, Double, config, definition, key, namespace, note, unit};
use mainstay_unit::{Dialect, Gate, Health, HealthCheck, Unit};

fn kustomization(name: &str, gate: Gate, checks: &[&str]) -> Unit {
    let check = |name: &&str| HealthCheck {
        key: key(name),
        version: "v1".into(),
        current: None,
        in_progress: None,
        failed: None,
    };
    let health_checks = checks.iter().map(check).collect();
    Unit { dialect: Dialect::Flux, gate, health_checks, ..unit(name, &[]) }
}

/// `k`, which waits, has declared `h`; `d` depends on it.
fn waits(revision: &str, content: u32) -> Commit {
    Commit::new(revision)
        .unit(kustomization("k", Gate::Healthy, &[]), &[config("k1", 1)])
        .with("h", &[], &[config("h1", content)])
        .child("h", "k")
        .with("d", &["k"], &[config("d1", content)])
}

#[test]
fn who_waits_is_ready_once_what_it_declares_is() {
    let mut double = Double::new();
    double.sick.insert(key("h1"));
    double.read(waits("1", 1));
    assert_eq!(double.take_log(), ["apply k1", "apply h1"]);
    assert_eq!((double.phase("k"), double.phase("d")), ("Progressing".into(), "Waiting".into()));
    assert!(double.why("k").contains("module/t/h: is not healthy yet"), "{}", double.why("k"));
    double.heal("h1", Health::healthy(""));
    assert_eq!(double.take_log(), ["apply d1"]);
    assert_eq!([double.phase("k"), double.phase("h"), double.phase("d")], ["Ready", "Ready", "Ready"]);
    double.heal("h1", Health::degraded("broken"));
    assert_eq!(double.phase("k"), "Progressing", "{}", double.why("k"));
    double.heal("h1", Health::healthy(""));
    assert_eq!(double.phase("k"), "Ready", "{}", double.why("k"));
}

#[test]
fn a_change_of_what_it_declares_comes_before_its_dependents() {
    let mut double = Double::new();
    double.read(waits("1", 1));
    double.take_log();
    double.read(waits("2", 2));
    assert_eq!(double.take_log(), ["apply h1", "apply d1"]);
}

#[test]
fn a_family_restarts_in_silence() {
    let mut double = Double::new();
    double.read(waits("1", 1));
    double.take_log();
    double.told.clear();
    double.restart();
    double.read(waits("1", 1));
    assert_eq!((double.take_log(), double.saves), (vec![], 0));
    assert!(double.told.is_empty(), "{:?}", double.told);
}

#[test]
fn what_is_declared_by_who_checks_it_does_not_wait_for_that() {
    let mut double = Double::new();
    let commit = Commit::new("1")
        .unit(kustomization("k", Gate::Checks, &["h1"]), &[config("k1", 1)])
        .with("h", &[], &[config("h1", 1)])
        .child("h", "k");
    double.read(commit);
    assert_eq!(double.take_log(), ["apply k1", "apply h1"]);
    assert_eq!([double.phase("k"), double.phase("h")], ["Ready", "Ready"]);
}

#[test]
fn a_namespace_is_there_before_all_of_its_unit_is_healthy() {
    let mut double = Double::new();
    double.sick.insert(key("a1"));
    let commit = Commit::new("1").with("a", &[], &[namespace("n"), config("a1", 1)]).with(
        "b",
        &[],
        &[config("b1", 1)],
    );
    double.read(commit);
    assert_eq!(double.take_log(), ["apply n", "apply a1", "apply b1"]);
    assert_eq!((double.phase("a"), double.phase("b")), ("Progressing".into(), "Ready".into()));
}

#[test]
fn kinds_come_with_what_serves_them_unless_that_is_who_asks() {
    let serves = |checks: &[&str]| {
        Commit::new("1")
            .unit(kustomization("k", Gate::Checks, checks), &[definition("Note"), config("k1", 1)])
            .with("h", &[], &[note("n1")])
    };
    let mut double = Double::new();
    double.sick.insert(key("k1"));
    double.read(serves(&["k1"]));
    assert_eq!(double.phase("h"), "Waiting");
    let mut double = Double::new();
    let mut commit = serves(&["h2"]);
    commit = commit.with("h", &[], &[note("n1"), config("h2", 1)]);
    double.read(commit);
    assert_eq!([double.phase("k"), double.phase("h")], ["Ready", "Ready"], "{}", double.why("h"));
}
