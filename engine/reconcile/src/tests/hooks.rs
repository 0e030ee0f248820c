use super::double::{Commit, Double, config, id, unit};
use crate::{Ended, Event, FailureKind};
use mainstay_diagnostic::Location;
use mainstay_object::{DigestKey, Object, ObjectKey};
use mainstay_unit::{
    Desired, Health, Hook, HookDeletion, Manifest, Moment, ReadingUnit, Release, RenderState, Rendered,
    Secrecy, Target,
};
use serde_json::json;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

fn job(name: &str) -> ObjectKey {
    ObjectKey::new("batch", "Job", "n", name)
}

/// A Job with a content, run at some moments.
pub(super) fn hook(
    name: &str,
    content: u32,
    moments: &[Moment],
    weight: i64,
    deletion: &[HookDeletion],
) -> Hook {
    let object = json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "namespace": "n", "annotations": {"content": content.to_string()}}});
    let desired = Desired { object: Object::new(object).unwrap(), origin: Location::file("chart") };
    let secrecy = Secrecy { key: &DigestKey::default(), sensitive: &BTreeSet::new() };
    let manifest = Manifest::pack(vec![desired], None, secrecy).remove(0);
    let (moments, deletion) = (moments.iter().copied().collect(), deletion.iter().copied().collect());
    Hook { manifest, moments, weight, deletion }
}

/// A unit with one ConfigMap and hooks.
fn commit(content: u32, hooks: &[Hook]) -> Commit {
    let mut commit = Commit::new(&content.to_string()).with("z", &["a"], &[config("z", 1)]);
    let objects = Rendered::plain(vec![config("a", content)], &DigestKey::default()).objects;
    let state = RenderState::Rendered(Arc::new(Rendered::with_hooks(objects, hooks.to_vec())));
    let unit = Arc::new(unit("a", &[]));
    let read = ReadingUnit { unit, state, parent: None, authorities: Vec::new() };
    commit.0.units.insert(id("a"), read);
    commit
}

pub(super) fn end(double: &mut Double, name: &str, ended: Ended) {
    let live = double.objects.get_mut(&job(name)).unwrap();
    live.ended = Some(ended);
    live.version += 1000;
    live.health = match ended {
        Ended::Succeeded => Health::healthy("it is complete"),
        Ended::Failed => Health::degraded("BackoffLimitExceeded"),
    };
    see(double, name);
}

fn see(double: &mut Double, name: &str) {
    let observation = double.observation(&job(name));
    double.send(Event::Observed { target: Target::Management, key: job(name), observation });
}

use HookDeletion::{BeforeCreation, Failed, Succeeded};
use Moment::{PostDelete, PostInstall, PostUpgrade, PreDelete, PreInstall, PreUpgrade};

#[test]
fn hooks_run_one_after_the_other_around_the_objects_and_hold_the_gate() {
    let mut double = Double::new();
    let hooks = [
        hook("check", 1, &[PostInstall], 0, &[BeforeCreation]),
        hook("second", 1, &[PreInstall], 5, &[BeforeCreation]),
        hook("first", 1, &[PreInstall], -5, &[BeforeCreation]),
        hook("upgrade", 1, &[PreUpgrade], 0, &[BeforeCreation]),
    ];
    double.read(commit(1, &hooks));
    assert_eq!(double.take_log(), ["apply first", "make first"]);
    assert!(double.why("a").starts_with("pre-install hook Job.batch n/first"), "{}", double.why("a"));
    end(&mut double, "first", Ended::Succeeded);
    assert_eq!(double.take_log(), ["apply second", "make second"]);
    end(&mut double, "second", Ended::Succeeded);
    assert_eq!(double.take_log(), ["apply a", "apply check", "make check"], "the gate is closed");
    assert_eq!(double.phase("a"), "Progressing");
    end(&mut double, "check", Ended::Succeeded);
    assert_eq!(double.take_log(), ["apply z"]);
    assert_eq!(double.phase("a"), "Ready");
    double.restart();
    double.read(commit(1, &hooks));
    assert_eq!(double.take_log(), Vec::<String>::new(), "what has run does not run again");
}

#[test]
fn an_upgrade_runs_its_own_hooks_and_drift_runs_none() {
    let mut double = Double::new();
    let hooks = |content| {
        [hook("migrate", content, &[PreInstall, PreUpgrade, PostUpgrade], 0, &[BeforeCreation, Succeeded])]
    };
    double.read(commit(1, &hooks(1)));
    end(&mut double, "migrate", Ended::Succeeded);
    assert_eq!(double.take_log(), ["apply migrate", "make migrate", "delete migrate", "apply a", "apply z"]);
    double.edit("a");
    assert_eq!(double.take_log(), ["apply a"]);
    double.read(commit(2, &hooks(1)));
    assert_eq!(double.take_log(), ["apply migrate", "make migrate"]);
    end(&mut double, "migrate", Ended::Succeeded);
    assert_eq!(double.take_log(), ["delete migrate", "apply a", "apply migrate", "make migrate"]);
    end(&mut double, "migrate", Ended::Succeeded);
    assert_eq!(double.take_log(), ["delete migrate"]);
    assert_eq!(double.phase("a"), "Ready");
    double.read(commit(2, &hooks(2)));
    assert_eq!(double.take_log(), ["apply migrate", "make migrate"], "a hook that changes runs");
}

#[test]
fn a_look_that_was_too_early_says_nothing_of_a_hook_that_was_made_anew() {
    let mut double = Double::new();
    let hooks = [hook("migrate", 1, &[PreInstall], 0, &[BeforeCreation])];
    double.read(commit(1, &hooks));
    end(&mut double, "migrate", Ended::Failed);
    assert_eq!(double.phase("a"), "Failed");
    double.slow = true;
    double.send(Event::Reconcile { unit: id("a") });
    // The old one goes, is looked for while nothing is there, and what was seen is told after the new one is made.
    assert!(double.objects.remove(&job("migrate")).is_some());
    double.late = true;
    see(&mut double, "migrate");
    double.late = false;
    double.answer();
    let looked = std::mem::take(&mut double.looked);
    assert_eq!(looked.len(), 1);
    looked.into_iter().for_each(|event| double.send(event));
    assert_eq!(double.phase("a"), "Progressing", "{}", double.why("a"));
    end(&mut double, "migrate", Ended::Succeeded);
    assert_eq!(double.phase("a"), "Ready");
    // The next word counts.
    double.objects.remove(&job("migrate"));
    see(&mut double, "migrate");
    assert!(!double.state.units[&id("a")].observed.contains_key(&job("migrate")));
    assert!(double.state.looks.is_empty());
}

#[test]
fn a_hook_that_fails_stops_the_release_until_somebody_asks_or_the_next_one() {
    let mut double = Double::new();
    let hooks = [hook("migrate", 1, &[PreInstall], 0, &[BeforeCreation, Failed])];
    double.read(commit(1, &hooks));
    double.take_log();
    end(&mut double, "migrate", Ended::Failed);
    assert_eq!(double.take_log(), ["delete migrate"]);
    assert_eq!(double.phase("a"), "Failed");
    assert!(double.why("a").contains("BackoffLimitExceeded"), "{}", double.why("a"));
    double.pass(Duration::from_secs(3600));
    double.restart();
    double.read(commit(1, &hooks));
    assert_eq!(double.take_log(), Vec::<String>::new(), "nor does a restart run it again");
    assert_eq!(double.phase("a"), "Failed");
    double.send(Event::Reconcile { unit: id("a") });
    assert_eq!(double.take_log(), ["apply migrate", "make migrate"]);
    end(&mut double, "migrate", Ended::Failed);
    double.take_log();
    double.read(commit(2, &hooks));
    assert_eq!(double.take_log(), ["apply migrate", "make migrate"]);
    end(&mut double, "migrate", Ended::Succeeded);
    assert_eq!(double.take_log(), ["apply a", "apply z"]);
}

#[test]
fn a_release_that_comes_back_runs_its_hooks_anew() {
    let mut double = Double::new();
    let hooks = [hook("migrate", 1, &[PreUpgrade], 0, &[])];
    double.read(commit(1, &[]));
    let mut first = commit(2, &hooks);
    double.read(first.clone());
    end(&mut double, "migrate", Ended::Succeeded);
    double.read(commit(3, &[]));
    double.take_log();
    first.0.revision = "4".into();
    double.read(first);
    assert_eq!(double.take_log(), ["apply migrate", "make migrate"]);
}

#[test]
fn a_hook_that_never_ends_fails_when_its_time_is_up() {
    let mut double = Double::new();
    double.read(commit(1, &[hook("migrate", 1, &[PreInstall], 0, &[])]));
    let patience = mainstay_unit::Timing::default().timeout;
    double.pass(patience - Duration::from_secs(1));
    assert_eq!(double.phase("a"), "Progressing");
    double.pass(Duration::from_secs(2));
    assert_eq!(double.phase("a"), "Failed");
    assert!(double.why("a").contains("not finished after"), "{}", double.why("a"));
    assert_eq!(double.take_log(), ["apply migrate", "make migrate"]);
}

#[test]
fn a_hook_whose_answer_was_lost_is_made_once() {
    let mut double = Double::new();
    let hooks = [hook("migrate", 1, &[PreInstall], 0, &[BeforeCreation])];
    double.slow = true;
    double.read(commit(1, &hooks));
    let made = double.waiting.front().cloned().unwrap();
    // It is carried out, and nobody hears of it.
    double.slow = false;
    let lost = double.carry_out(made);
    assert_eq!(lost.len(), 1);
    assert_eq!(double.take_log(), ["apply migrate", "make migrate"]);
    double.restart();
    double.read(commit(1, &hooks));
    assert_eq!(double.take_log(), ["apply migrate"], "the one that is there is the one");
    end(&mut double, "migrate", Ended::Succeeded);
    assert_eq!(double.take_log(), ["apply a", "apply z"]);
}

#[test]
fn a_request_for_a_hook_that_fails_is_tried_again() {
    let mut double = Double::new();
    double.faults.insert(job("migrate"), VecDeque::from([FailureKind::Unavailable]));
    double.read(commit(1, &[hook("migrate", 1, &[PreInstall], 0, &[])]));
    assert_eq!(double.take_log(), ["apply migrate"]);
    assert_eq!(double.phase("a"), "Failed");
    double.pass(Duration::from_secs(1));
    assert_eq!(double.take_log(), ["apply migrate", "make migrate"]);
}

#[test]
fn a_hook_that_is_deleted_while_it_runs_has_failed() {
    let mut double = Double::new();
    double.read(commit(1, &[hook("migrate", 1, &[PreInstall], 0, &[])]));
    double.objects.remove(&job("migrate"));
    see(&mut double, "migrate");
    assert_eq!(double.phase("a"), "Failed");
    assert!(double.why("a").contains("deleted before it had ended"), "{}", double.why("a"));
}

#[test]
fn a_newer_revision_begins_anew_at_once() {
    let mut double = Double::new();
    let hooks = [hook("migrate", 1, &[PreInstall], 0, &[BeforeCreation])];
    double.read(commit(1, &hooks));
    double.take_log();
    double.read(commit(2, &hooks));
    assert_eq!(double.take_log(), ["apply migrate", "make migrate"]);
    end(&mut double, "migrate", Ended::Succeeded);
    assert_eq!(double.take_log(), ["apply a", "apply z"]);
    assert_eq!(double.phase("a"), "Ready");
}

#[test]
fn a_release_that_helm_knows_is_upgraded_and_never_installed() {
    let mut double = Double::new();
    let hooks = [
        hook("install", 1, &[PreInstall], 0, &[BeforeCreation]),
        hook("upgrade", 1, &[PreUpgrade], 0, &[BeforeCreation]),
    ];
    double.faults.insert(job("install"), VecDeque::from([FailureKind::Released]));
    double.read(commit(1, &hooks));
    assert_eq!(double.take_log(), ["apply install", "apply upgrade", "make upgrade"]);
    end(&mut double, "upgrade", Ended::Succeeded);
    assert_eq!(double.take_log(), ["apply a", "apply z"]);
    assert!(double.records[&id("a")].inventory.get(&job("install")).is_none());
}

#[test]
fn a_release_that_helm_has_deployed_as_it_is_runs_nothing() {
    let mut double = Double::new();
    let hooks = [
        hook("install", 1, &[PreInstall], 0, &[BeforeCreation, Succeeded]),
        hook("upgrade", 1, &[PreUpgrade], 0, &[BeforeCreation, Succeeded]),
        hook("after", 1, &[PostInstall, PostUpgrade], 0, &[BeforeCreation]),
    ];
    double.faults.insert(job("install"), VecDeque::from([FailureKind::Deployed]));
    double.read(commit(1, &hooks));
    assert_eq!(double.take_log(), ["apply install", "apply a", "apply z"]);
    assert_eq!(double.phase("a"), "Ready");
    assert!(double.records[&id("a")].inventory.get(&job("install")).is_none());
    double.read(commit(2, &hooks));
    assert_eq!(double.take_log(), ["apply upgrade", "make upgrade"], "another release is an upgrade");
}

#[test]
fn a_removal_runs_its_hooks_and_leaves_what_hooks_made_as_helm_does() {
    let mut double = Double::new();
    let hooks = [
        hook("init", 1, &[PreInstall], 0, &[BeforeCreation]),
        hook("drain", 1, &[PreDelete], 0, &[BeforeCreation, Succeeded]),
        hook("sweep", 1, &[PostDelete], 0, &[BeforeCreation, Succeeded]),
    ];
    double.read(commit(1, &hooks));
    end(&mut double, "init", Ended::Succeeded);
    double.take_log();
    let without = || Commit::new("without").with("b", &[], &[config("b", 1)]);
    double.read(without());
    assert_eq!(double.take_log(), ["apply b", "delete z", "apply drain", "make drain", "forget z"]);
    // What the hooks of a removal are is known from the last revision.
    double.restart();
    double.send(Event::Past(Arc::new(commit(1, &hooks).0)));
    double.read(without());
    assert_eq!(double.take_log(), Vec::<String>::new());
    end(&mut double, "drain", Ended::Succeeded);
    assert_eq!(double.take_log(), ["delete drain", "delete a", "apply sweep", "make sweep"]);
    end(&mut double, "sweep", Ended::Succeeded);
    assert_eq!(double.take_log(), ["delete sweep", "release init", "forget a"]);
    assert!(double.objects.contains_key(&job("init")), "what it made stays");
}

#[test]
fn what_becomes_an_object_of_the_release_is_no_hook_any_more() {
    let mut double = Double::new();
    let made = hook("a", 1, &[PreInstall], 0, &[]);
    let first = Commit::new("1");
    let mut first = first.with("a", &[], &[]);
    let rendered = Rendered::with_hooks(Vec::new(), vec![made.clone()]);
    first.0.units.get_mut(&id("a")).unwrap().state = RenderState::Rendered(Arc::new(rendered));
    double.read(first);
    end(&mut double, "a", Ended::Succeeded);
    assert_eq!(double.phase("a"), "Ready");
    let mut second = Commit::new("2").with("a", &[], &[]);
    let rendered = Rendered::of(vec![made.manifest]);
    second.0.units.get_mut(&id("a")).unwrap().state = RenderState::Rendered(Arc::new(rendered));
    double.read(second);
    double.take_log();
    double.read(Commit::new("3").with("a", &[], &[config("other", 1)]));
    assert_eq!(double.take_log(), ["apply other", "delete a"]);
}

/// A unit that Helm is told of.
fn released(content: u32) -> Commit {
    let mut commit = Commit::new(&content.to_string()).with("a", &[], &[config("a", content)]);
    let RenderState::Rendered(rendered) = &commit.0.units[&id("a")].state else { panic!("it is rendered") };
    let body = content.to_string().into_bytes();
    let release = Release::new("web".into(), "n".into(), 10, body, &DigestKey::default());
    let rendered = Rendered { release: Some(Arc::new(release)), ..(**rendered).clone() };
    commit.0.units.get_mut(&id("a")).unwrap().state = RenderState::Rendered(Arc::new(rendered));
    commit
}

#[test]
fn helm_is_told_once_of_what_is_there_and_that_it_is_gone() {
    let mut double = Double::new();
    double.sick.insert(super::double::key("a"));
    double.read(released(1));
    assert_eq!(double.take_log(), ["apply a"], "not before it is healthy");
    double.heal("a", Health::healthy(""));
    assert_eq!(double.take_log(), ["store web"]);
    double.edit("a");
    assert_eq!(double.take_log(), ["apply a"], "drift is no new release");
    double.restart();
    double.read(released(1));
    assert_eq!(double.take_log(), Vec::<String>::new());
    double.sick.clear();
    double.read(released(2));
    assert_eq!(double.take_log(), ["apply a", "store web"]);
    double.read(Commit::new("3").with("b", &[], &[config("b", 1)]));
    assert_eq!(double.take_log(), ["delete a", "apply b", "unstore web", "forget a"]);
}

#[test]
fn what_helm_can_not_be_told_of_holds_nothing_up() {
    let mut double = Double::new();
    double.store_faults = VecDeque::from([FailureKind::Unavailable, FailureKind::Forbidden]);
    double.read(released(1));
    assert_eq!(double.take_log(), ["apply a", "store web"]);
    assert_eq!(double.phase("a"), "Ready");
    double.pass(Duration::from_secs(2));
    assert_eq!(double.take_log(), ["store web"]);
    double.pass(Duration::from_secs(3600));
    assert_eq!(double.take_log(), Vec::<String>::new(), "what is forbidden is not asked for again");
    assert!(double.told.iter().any(|told| told.contains("Helm's record")), "{:?}", double.told);
    assert_eq!(double.phase("a"), "Ready");
}
