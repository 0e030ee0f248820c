use super::double::{Commit, Double, config, id, key, unit};
use crate::{Event, FailureKind};
use mainstay_object::GroupVersionKind;
use mainstay_unit::{DeletionPolicy, Target, UnitId};
use std::time::Duration;

fn of(objects: &[&str]) -> Commit {
    let objects: Vec<_> = objects.iter().map(|name| config(name, 1)).collect();
    Commit::new(&format!("{}", objects.len())).with("a", &[], &objects)
}

/// Every record is lost while nobody is there to write it again.
fn lose(double: &mut Double, commit: Commit) {
    double.records.clear();
    double.restart();
    double.read(commit);
    double.send(Event::Kinds {
        target: Target::Management,
        kinds: vec![GroupVersionKind::new("", "v1", "ConfigMap")],
    });
}

fn approve(double: &mut Double) {
    let hash = double.state.held.first().and_then(|held| held.hash.clone()).unwrap();
    double.send(Event::Approve { hash });
}

#[test]
fn what_left_the_repository_while_records_were_lost_goes_only_when_approved() {
    let mut double = Double::new();
    double.read(of(&["x", "y", "z"]));
    double.take_log();
    lose(&mut double, of(&["x"]));
    assert_eq!(double.take_log(), ["apply x", "look y", "look z"]);
    assert_eq!(double.phase("a"), "Held");
    assert!(double.why("a").contains("no record held"), "{}", double.why("a"));
    assert_eq!(double.records[&id("a")].inventory.len(), 3);
    approve(&mut double);
    assert_eq!(double.take_log(), ["delete y", "delete z"]);
    assert_eq!(double.phase("a"), "Ready");
}

#[test]
fn what_names_a_unit_that_nobody_declares_is_held_under_its_name() {
    let mut double = Double::new();
    double.read(of(&["x"]).with("b", &[], &[config("y", 1)]));
    double.take_log();
    lose(&mut double, of(&["x"]));
    assert!(double.objects.contains_key(&key("y")));
    assert_eq!(double.phase("b"), "Held");
    double.restart();
    double.read(of(&["x"]));
    assert_eq!(double.phase("b"), "Held");
    approve(&mut double);
    assert!(!double.objects.contains_key(&key("y")));
    assert_eq!(double.phase("b"), "gone");
    assert!(!double.records.contains_key(&id("b")));
}

#[test]
fn what_comes_back_to_the_repository_is_taken_over_as_it_is() {
    let mut double = Double::new();
    double.read(of(&["x", "y"]));
    let uid = double.objects[&key("y")].uid.clone();
    lose(&mut double, of(&["x"]));
    assert_eq!(double.phase("a"), "Held");
    double.read(of(&["x", "y"]));
    assert_eq!(double.phase("a"), "Ready");
    assert_eq!(double.objects[&key("y")].uid, uid);
    assert!(double.records[&id("a")].inventory.iter().all(|entry| !entry.recovered));
}

#[test]
fn what_loses_our_label_meanwhile_is_let_go() {
    let mut double = Double::new();
    double.read(of(&["x", "y"]));
    lose(&mut double, of(&["x"]));
    assert_eq!(double.phase("a"), "Held");
    let live = double.objects.get_mut(&key("y")).unwrap();
    (live.ours, live.version) = (false, live.version + 100);
    double.tell("y");
    assert_eq!(double.phase("a"), "Ready");
    assert_eq!(double.records[&id("a")].inventory.len(), 1);
    assert!(double.objects.contains_key(&key("y")));
}

#[test]
fn what_carries_a_label_that_proves_nothing_is_in_no_inventory() {
    let mut double = Double::new();
    double.read(of(&["x", "y"]));
    // A controller copied label and annotation: the observation says that the claim is not one.
    double.objects.get_mut(&key("y")).unwrap().unit = None;
    double.take_log();
    lose(&mut double, of(&["x"]));
    assert_eq!(double.take_log(), ["apply x"]);
    assert_eq!(double.phase("a"), "Ready");
    assert!(double.objects.contains_key(&key("y")));
}

#[test]
fn nothing_is_recovered_into_a_unit_that_cannot_be_rendered() {
    let mut double = Double::new();
    double.read(of(&["x", "y"]));
    double.take_log();
    lose(&mut double, Commit::new("2").broken("a"));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert!(double.state.held.is_empty());
    double.read(of(&["x", "y"]));
    assert_eq!(double.take_log(), ["apply x", "apply y"]);
    assert_eq!(double.phase("a"), "Ready");
}

#[test]
fn what_is_left_behind_on_purpose_is_nobodys_from_then_on() {
    let keeping = |objects: &[&str]| {
        let objects: Vec<_> = objects.iter().map(|name| config(name, 1)).collect();
        let mut unit = unit("a", &[]);
        unit.prune = false;
        unit.deletion_policy = DeletionPolicy::MirrorPrune;
        Commit::new(&format!("{}", objects.len())).unit(unit, &objects).with("b", &[], &[config("b", 1)])
    };
    let mut double = Double::new();
    double.read(keeping(&["x", "y"]));
    double.take_log();
    double.read(keeping(&["x"]));
    assert_eq!(double.take_log(), ["release y"]);
    double.read(Commit::new("3").with("b", &[], &[config("b", 1)]));
    assert_eq!(double.take_log(), ["release x", "forget a"]);
    lose(&mut double, Commit::new("3").with("b", &[], &[config("b", 1)]));
    assert_eq!(double.take_log(), ["apply b"]);
    assert!(double.state.held.is_empty() && double.state.strays.is_empty());
}

#[test]
fn what_is_left_behind_on_a_cluster_out_of_reach_is_forgotten_all_the_same() {
    let mut double = Double::new();
    let mut orphaned = unit("a", &[]);
    orphaned.deletion_policy = DeletionPolicy::Orphan;
    let other = |commit: Commit| commit.with("b", &[], &[config("b", 1)]);
    double.read(other(Commit::new("1").unit(orphaned, &[config("x", 1)])));
    double.take_log();
    double.down = true;
    double.send(Event::TargetDown { target: Target::Management, why: "refused".into() });
    double.read(other(Commit::new("2")));
    assert_eq!(double.take_log(), ["forget a"]);
    assert!(double.objects.contains_key(&key("x")));
}

#[test]
fn a_stray_that_goes_by_itself_leaves_nothing() {
    let mut double = Double::new();
    double.read(of(&["x", "y"]));
    lose(&mut double, of(&["x"]));
    assert_eq!(double.phase("a"), "Held");
    double.objects.remove(&key("y"));
    double.tell("y");
    assert_eq!(double.phase("a"), "Ready");
    let known: Vec<UnitId> = double.state.units.keys().cloned().collect();
    assert_eq!(known, [id("a")]);
}

#[test]
fn a_survey_of_a_connection_that_is_gone_asks_for_no_watch() {
    let mut double = Double::new();
    double.read(of(&["x"]));
    let (target, why) = (Target::Management, "cut".to_owned());
    double.send(Event::TargetDown { target: target.clone(), why });
    double.lists = 0;
    let kinds = vec![GroupVersionKind::new("", "v1", "ConfigMap")];
    double.send(Event::Kinds { target: target.clone(), kinds });
    assert_eq!(double.lists, 0);
    double.send(Event::TargetUp(target));
    assert_eq!((double.lists, double.phase("a")), (1, "Ready".into()));
}

#[test]
fn what_is_found_while_its_unit_is_being_removed_waits_for_an_approval_of_its_own() {
    let mut double = Double::new();
    double.read(of(&["x", "y"]).with("b", &[], &[config("z", 1)]));
    // Of `y` nobody knows any more, as if an older copy of the records had been put back.
    let record = double.records.get_mut(&id("a")).unwrap();
    record.inventory.remove(&key("y"));
    double.restart();
    double.silent = true;
    double.refusals.insert(key("x"), [FailureKind::Forbidden].into());
    double.take_log();
    double.read(Commit::new("3").with("b", &[], &[config("z", 1)]));
    double.relist();
    assert_eq!(double.take_log(), ["delete x", "look y"]);
    double.pass(Duration::from_secs(3600));
    assert!(double.objects.contains_key(&key("y")), "{:?}", double.log);
    assert_eq!(double.phase("a"), "Held");
    approve(&mut double);
    assert!(!double.objects.contains_key(&key("y")) && !double.objects.contains_key(&key("x")));
    assert_eq!(double.phase("a"), "gone");
}
