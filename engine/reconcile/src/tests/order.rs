use super::double::{Commit, Double, config, id, key, namespace, unit};
use crate::{Action, Event, State, Time};
use mainstay_unit::{Gate, Health, HealthCheck, Target};
use std::sync::Arc;
use std::time::Duration;

fn chain(revision: &str) -> Commit {
    Commit::new(revision)
        .with("a", &["b"], &[config("a1", 1), config("a2", 1)])
        .with("b", &["c"], &[config("b1", 1)])
        .with("c", &[], &[config("c1", 1)])
}

#[test]
fn a_fleet_converges_from_empty_in_the_order_of_its_dependencies() {
    let mut double = Double::new();
    double.read(chain("1"));
    assert_eq!(double.take_log(), ["apply c1", "apply b1", "apply a1", "apply a2"]);
    assert_eq!([double.phase("a"), double.phase("b"), double.phase("c")], ["Ready", "Ready", "Ready"]);
    assert_eq!(double.records[&id("a")].revision, "1");
    assert_eq!(double.records[&id("a")].inventory.len(), 2);
}

#[test]
fn where_a_dependency_is_written_moves_no_other_unit() {
    let first = chain("1");
    let mut moved = first.clone();
    let mut unit = mainstay_unit::Unit::clone(&moved.0.units[&id("a")].unit);
    unit.depends_on[0].location = mainstay_diagnostic::Location::file("b.yaml");
    moved.0.units.get_mut(&id("a")).unwrap().unit = Arc::new(unit.clone());
    let mut fewer = moved.clone();
    unit.depends_on.clear();
    fewer.0.units.get_mut(&id("a")).unwrap().unit = Arc::new(unit);
    let mut double = Double::new();
    double.read(first);
    double.state.read(Arc::new(moved.0));
    assert_eq!(double.state.queue.iter().collect::<Vec<_>>(), [&id("a")]);
    double.state.read(Arc::new(fewer.0));
    assert_eq!(double.state.queue.len(), 3, "an edge less is another graph");
}

#[test]
fn a_dependent_starts_in_the_step_in_which_its_dependency_becomes_healthy() {
    let mut double = Double::new();
    double.sick.insert(key("b1"));
    double.read(chain("1"));
    assert_eq!(double.phase("b"), "Progressing");
    assert_eq!(double.phase("a"), "Waiting");
    double.take_log();
    double.objects.get_mut(&key("b1")).unwrap().health = Health::healthy("");
    let seen = double.objects[&key("b1")].clone();
    let observation = crate::Observation {
        uid: seen.uid,
        resource_version: (seen.version + 100).to_string(),
        owned: Some(seen.content),
        health: Health::healthy(""),
        judged: 0,
        deleting: false,
        paused: false,
        simulated: false,
        ended: None,
        body: None,
        claim: None,
    };
    let event =
        Event::Observed { target: Target::Management, key: key("b1"), observation: Some(observation) };
    let actions = double.state.step(event, double.now);
    assert!(
        actions.iter().any(|a| matches!(a, Action::Apply { unit, .. } if *unit == id("a"))),
        "{actions:?}"
    );
}

#[test]
fn an_unchanged_revision_sends_nothing_and_saves_nothing() {
    let mut double = Double::new();
    double.read(chain("1"));
    double.take_log();
    double.read(chain("2"));
    for name in ["a", "b", "c"] {
        double.send(Event::Reconcile { unit: id(name) });
    }
    assert_eq!((double.take_log(), double.saves), (vec![], 0));
    assert_eq!(double.records[&id("a")].revision, "1");
}

#[test]
fn a_restart_sends_nothing_saves_nothing_and_tells_nothing() {
    let mut double = Double::new();
    double.read(chain("1"));
    double.take_log();
    double.told.clear();
    double.restart();
    double.read(chain("1"));
    assert_eq!((double.take_log(), double.saves), (vec![], 0));
    assert!(double.told.is_empty(), "{:?}", double.told);
    assert_eq!(double.phase("a"), "Ready");
}

#[test]
fn a_reading_that_comes_before_the_records_waits_for_them() {
    let mut state = State::new();
    assert!(state.step(Event::Read(Arc::new(chain("1").0)), Time(1)).is_empty());
    let actions = state.step(Event::Recorded(vec![]), Time(2));
    assert!(actions.iter().any(|a| matches!(a, Action::Connect(Target::Management))), "{actions:?}");
}

#[test]
fn a_change_sends_only_what_changed() {
    let mut double = Double::new();
    double.read(chain("1"));
    double.take_log();
    double.read(chain("2").with("a", &["b"], &[config("a1", 1), config("a2", 2)]));
    assert_eq!(double.take_log(), ["apply a2"]);
    assert_eq!(double.records[&id("a")].revision, "2");
}

#[test]
fn an_object_that_left_its_unit_is_pruned_after_the_applies() {
    let mut double = Double::new();
    double.read(chain("1"));
    double.take_log();
    double.read(chain("2").with("a", &["b"], &[config("a1", 2), config("a3", 1)]));
    assert_eq!(double.take_log(), ["apply a1", "apply a3", "delete a2"]);
    assert_eq!(double.phase("a"), "Ready");
}

#[test]
fn units_that_are_no_longer_declared_go_in_reverse_order() {
    let mut double = Double::new();
    double.read(chain("1").with("stays", &[], &[config("s1", 1)]));
    double.take_log();
    double.read(Commit::new("2").with("stays", &[], &[config("s1", 1)]));
    assert_eq!(
        double.take_log(),
        ["delete a1", "delete a2", "forget a", "delete b1", "forget b", "delete c1", "forget c"]
    );
    assert_eq!(double.records.len(), 1);
}

#[test]
fn a_removal_walks_back_the_newest_order_not_the_one_of_the_first_apply() {
    let both = |a: &[&str], b: &[&str]| {
        Commit::new("x").with("a", a, &[config("a1", 1)]).with("b", b, &[config("b1", 1)]).with(
            "stays",
            &[],
            &[config("s1", 1)],
        )
    };
    let mut double = Double::new();
    double.read(both(&["b"], &[]));
    double.read(both(&[], &["a"]));
    double.take_log();
    double.read(Commit::new("2").with("stays", &[], &[config("s1", 1)]));
    assert_eq!(double.take_log(), ["delete b1", "delete a1", "forget b", "forget a"]);
}

#[test]
fn an_object_that_moves_between_units_is_never_deleted() {
    let mut double = Double::new();
    double.read(Commit::new("1").with("a", &[], &[config("x", 1), config("a1", 1)]).with(
        "z",
        &[],
        &[config("z1", 1)],
    ));
    let uid = double.objects[&key("x")].uid.clone();
    for (holder, other) in [("z", "a"), ("a", "z")] {
        double.read(
            Commit::new(holder).with(holder, &[], &[config("x", 1), config(&format!("{holder}1"), 1)]).with(
                other,
                &[],
                &[config(&format!("{other}1"), 1)],
            ),
        );
        assert_eq!(double.objects[&key("x")].uid, uid);
        assert!(double.records[&id(holder)].inventory.get(&key("x")).is_some());
        assert!(double.records[&id(other)].inventory.get(&key("x")).is_none());
    }
    // The last holder still sees what happens to it.
    double.take_log();
    double.edit("x");
    assert_eq!(double.take_log(), ["apply x"]);
}

#[test]
fn a_unit_that_takes_over_a_removed_units_objects_recreates_none() {
    let mut double = Double::new();
    double.read(Commit::new("1").with("old", &[], &[config("x", 1)]).with("s", &[], &[config("s1", 1)]));
    double.take_log();
    double.read(Commit::new("2").with("new", &[], &[config("x", 1)]).with("s", &[], &[config("s1", 1)]));
    assert_eq!(double.take_log(), ["apply x", "forget old"]);
    double.edit("x");
    assert_eq!(double.take_log(), ["apply x"]);
}

/// No watch tells again what a request was answered with.
#[test]
fn who_shares_an_object_learns_what_the_others_request_was_answered_with() {
    let mut double = Double::new();
    double.read(Commit::new("1").with("a", &[], &[config("x", 1)]).with("b", &[], &[config("x", 1)]));
    double.take_log();
    double.edit("x");
    assert_eq!(double.take_log(), ["apply x"]);
    let seen = |name: &str| double.state.units[&id(name)].observed[&key("x")].resource_version.clone();
    assert_eq!(seen("a"), seen("b"));
}

#[test]
fn a_shared_namespace_is_quiet_after_a_restart_and_outlives_either_unit() {
    let shared = |names: &[&str]| {
        let mut commit = Commit::new("1");
        for name in names {
            commit = commit.with(name, &[], &[namespace("ns"), config(&format!("{name}1"), 1)]);
        }
        commit
    };
    for stays in ["a", "b"] {
        let mut double = Double::new();
        double.read(shared(&["a", "b"]));
        double.take_log();
        double.restart();
        double.read(shared(&["a", "b"]));
        assert_eq!((double.take_log(), double.saves), (vec![], 0));
        let before = double.objects.clone();
        double.read(shared(&[stays]));
        let ns = namespace("ns").object.key();
        assert_eq!(double.objects[&ns].uid, before[&ns].uid);
    }
}

#[test]
fn a_health_check_sees_an_object_that_another_unit_applied_long_ago() {
    let mut double = Double::new();
    let base = Commit::new("1").with("a", &[], &[config("x", 1)]);
    double.read(base.clone());
    let mut checking = unit("z", &[]);
    checking.gate = Gate::Checks;
    checking.health_checks = vec![HealthCheck {
        key: key("x"),
        version: "v1".into(),
        current: None,
        in_progress: None,
        failed: None,
    }];
    double.read(base.unit(checking, &[config("z1", 1)]));
    assert_eq!(double.phase("z"), "Ready", "{}", double.why("z"));
    double.heal("x", Health::degraded("broken"));
    assert_eq!(double.phase("z"), "Progressing");
}

#[test]
fn a_target_that_comes_back_is_watched_again_and_what_went_meanwhile_returns() {
    let mut double = Double::new();
    double.read(chain("1"));
    double.take_log();
    let down = Event::TargetDown { target: Target::Management, why: "connection refused".into() };
    double.send(down);
    assert_eq!(double.phase("a"), "Waiting");
    assert!(double.why("a").contains("connection refused"), "{}", double.why("a"));
    assert_eq!(double.state.units[&id("a")].health.status, mainstay_unit::HealthStatus::Unknown);
    double.objects.remove(&key("b1"));
    double.watched.clear();
    double.send(Event::TargetUp(Target::Management));
    assert_eq!(double.watched.len(), 1);
    assert_eq!(double.take_log(), ["apply b1"]);
    assert_eq!(double.phase("a"), "Ready");
}

#[test]
fn a_suspended_unit_is_left_alone_until_it_is_resumed() {
    let mut double = Double::new();
    double.read(chain("1"));
    double.take_log();
    double.send(Event::Suspend { unit: id("a"), suspend: true });
    double.edit("a1");
    double.restart();
    double.read(chain("1").with("a", &["b"], &[config("a1", 7), config("a2", 1)]));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!(double.phase("a"), "Suspended");
    double.send(Event::Suspend { unit: id("a"), suspend: false });
    assert_eq!(double.take_log(), ["apply a1"]);
    double.pass(Duration::from_secs(1));
    assert_eq!(double.phase("a"), "Ready");
}
