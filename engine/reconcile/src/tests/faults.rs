use super::double::{Commit, Double, config, id, key, unit};
use crate::FailureKind::{Conflict, Forbidden, Invalid, Unavailable};
use crate::{Action, Event, Time};
use mainstay_unit::{Desired, Health, Manifest, ServiceAccount, Target, Unit};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

fn two(content: u32) -> Commit {
    Commit::new(&content.to_string()).with("a", &[], &[config("x", content)]).with(
        "z",
        &["a"],
        &[config("y", 1)],
    )
}

#[test]
fn a_failing_dependency_makes_its_dependents_wait_and_say_so() {
    let mut double = Double::new();
    double.faults.insert(key("x"), VecDeque::from([Invalid; 5]));
    double.read(two(1));
    assert_eq!([double.phase("a"), double.phase("z")], ["Failed", "Waiting"]);
    let why = double.why("z");
    assert!(why.contains("module/t/a") && why.contains("Invalid"), "{why}");
    assert!(!double.objects.contains_key(&key("y")));
}

#[test]
fn a_unit_that_is_not_healthy_in_time_has_failed_and_recovers_by_itself() {
    let mut double = Double::new();
    double.sick.insert(key("x"));
    double.read(two(1));
    double.pass(Duration::from_secs(301));
    assert_eq!(double.phase("a"), "Failed");
    assert!(double.why("z").contains("not healthy after 300 s"), "{}", double.why("z"));
    double.heal("x", Health::healthy(""));
    assert_eq!([double.phase("a"), double.phase("z")], ["Ready", "Ready"]);
}

#[test]
fn one_bad_object_fails_alone() {
    let mut double = Double::new();
    double.faults.insert(key("bad"), VecDeque::from([Invalid; 5]));
    double.read(Commit::new("1").with("a", &[], &[config("bad", 1), config("good", 1)]));
    assert_eq!(double.phase("a"), "Failed");
    assert!(double.objects.contains_key(&key("good")));
    let inventory = &double.records[&id("a")].inventory;
    assert!(!inventory.get(&key("good")).unwrap().uid.is_empty());
}

#[test]
fn drift_is_repaired_and_contested_after_three_repairs() {
    let mut double = Double::new();
    double.read(two(1));
    for _ in 0..3 {
        double.take_log();
        double.edit("x");
        assert_eq!(double.take_log(), ["apply x"]);
        assert_eq!(double.phase("a"), "Ready");
    }
    double.edit("x");
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!(double.phase("a"), "Failed");
    assert!(
        double.why("a").contains("three times") || double.why("a").contains("3 times"),
        "{}",
        double.why("a")
    );
    double.pass(Duration::from_secs(3600));
    assert_eq!(double.take_log(), Vec::<String>::new());
    double.read(two(2));
    assert_eq!(double.take_log(), ["apply x"]);
    assert_eq!(double.phase("a"), "Ready");
}

#[test]
fn what_was_applied_last_is_known_after_a_restart_with_a_newer_revision() {
    let applied = |double: &mut Double| {
        double.slow = true;
        double.read(two(2));
        let Some(Action::Apply { items, .. }) = double.waiting.front() else { panic!("nothing is applied") };
        items[0].sent.answered.as_ref().map(Manifest::desired)
    };
    let mut double = Double::new();
    double.read(two(1));
    double.restart();
    assert_eq!(applied(&mut double), None, "nobody knows");

    let mut double = Double::new();
    double.read(two(1));
    double.restart();
    double.send(Event::Past(Arc::new(two(1).0)));
    assert_eq!(applied(&mut double), Some(config("x", 1)));

    let mut double = Double::new();
    double.read(two(1));
    double.restart();
    double.send(Event::Past(Arc::new(two(7).0)));
    assert_eq!(applied(&mut double), None, "another revision is no witness");
}

#[test]
fn objects_that_were_applied_at_several_revisions_are_known_from_each() {
    let mut double = Double::new();
    double.read(Commit::new("1").with("a", &[], &[config("x", 1), config("y", 1)]));
    double.read(Commit::new("2").with("a", &[], &[config("x", 1), config("y", 2)]));
    double.restart();
    double.send(Event::Past(Arc::new(Commit::new("1").with("a", &[], &[config("x", 1), config("y", 1)]).0)));
    double.send(Event::Past(Arc::new(Commit::new("2").with("a", &[], &[config("x", 1), config("y", 2)]).0)));
    double.slow = true;
    double.read(Commit::new("3").with("a", &[], &[config("x", 3), config("y", 3)]));
    let Some(Action::Apply { items, .. }) = double.waiting.front() else { panic!("nothing is applied") };
    let previous: Vec<_> =
        items.iter().map(|item| item.sent.answered.as_ref().map(Manifest::desired)).collect();
    assert_eq!(previous, [Some(config("x", 1)), Some(config("y", 2))]);
}

/// What is known of the first item under way: as it was answered, and as it was sent since.
#[track_caller]
fn under_way(double: &Double) -> (Option<Desired>, Vec<Desired>) {
    let Some(Action::Apply { items, .. }) = double.waiting.front() else { panic!("nothing is applied") };
    let item = &items[0];
    (
        item.sent.answered.as_ref().map(Manifest::desired),
        item.sent.unanswered.iter().map(Manifest::desired).collect(),
    )
}

#[test]
fn what_was_sent_without_an_answer_is_remembered_until_there_is_one() {
    let mut double = Double::new();
    double.faults.insert(key("x"), VecDeque::from([Unavailable]));
    double.read(two(1));
    double.slow = true;
    double.pass(Duration::from_secs(120));
    assert_eq!(under_way(&double), (None, vec![config("x", 1)]), "tried again");
    double.read(two(2));
    double.faults.insert(key("x"), VecDeque::from([Unavailable; 2]));
    double.answer();
    double.slow = true;
    double.pass(Duration::from_secs(120));
    let forms = vec![config("x", 1), config("x", 2)];
    assert_eq!(under_way(&double), (None, forms), "either may have been carried out");
    double.answer();
    double.slow = true;
    double.read(two(3));
    assert_eq!(under_way(&double), (Some(config("x", 2)), vec![]), "answered");
}

#[test]
fn what_was_sent_without_an_answer_is_remembered_across_a_restart() {
    let mut double = Double::new();
    double.read(two(1));
    double.slow = true;
    double.read(two(2));
    double.restart();
    assert_eq!(double.records[&id("a")].attempted, ["2"]);
    double.send(Event::Past(Arc::new(two(1).0)));
    double.send(Event::Past(Arc::new(two(2).0)));
    double.read(two(3));
    assert_eq!(under_way(&double), (Some(config("x", 1)), vec![config("x", 2)]));
    double.answer();
    assert_eq!(double.records[&id("a")].attempted, Vec::<String>::new());
    assert_eq!(double.records[&id("a")].inventory.get(&key("x")).unwrap().intended, []);
}

#[test]
fn an_object_that_changes_units_is_known_as_its_unit_applied_it() {
    let mut double = Double::new();
    double.read(Commit::new("1").with("a", &[], &[config("x", 1), config("y", 1)]).with(
        "b",
        &[],
        &[config("z", 1)],
    ));
    double.slow = true;
    double.read(Commit::new("2").with("a", &[], &[config("y", 1)]).with(
        "b",
        &[],
        &[config("x", 2), config("z", 1)],
    ));
    let Some(Action::Apply { items, .. }) = double.waiting.front() else { panic!("nothing is applied") };
    assert_eq!(items[0].sent.answered.as_ref().map(Manifest::desired), Some(config("x", 1)));
}

#[test]
fn repairs_that_are_far_apart_are_no_contest() {
    let mut double = Double::new();
    double.read(two(1));
    for _ in 0..10 {
        double.pass(Duration::from_secs(601));
        double.edit("x");
        assert_eq!(double.phase("a"), "Ready");
    }
}

#[test]
fn repairs_that_the_server_did_not_take_are_no_contest() {
    let mut double = Double::new();
    double.read(two(1));
    double.faults.insert(key("x"), VecDeque::from([Unavailable; 6]));
    double.edit("x");
    for _ in 0..10 {
        double.pass(Duration::from_secs(40));
    }
    assert_eq!(double.phase("a"), "Ready", "{}", double.why("a"));
}

#[test]
fn a_deleted_event_is_looked_at_before_anything_is_concluded() {
    let mut double = Double::new();
    double.read(two(1));
    double.take_log();
    let gone = || Event::Observed { target: Target::Management, key: key("x"), observation: None };
    double.send(gone());
    assert_eq!(double.take_log(), ["look x"]);
    double.objects.remove(&key("x"));
    double.send(gone());
    assert_eq!(double.take_log(), ["look x", "apply x"]);
    assert_eq!(double.phase("a"), "Ready");
}

#[test]
fn late_news_of_an_object_that_was_made_anew_repairs_nothing() {
    let mut double = Double::new();
    double.read(two(1));
    let old = double.objects[&key("x")].clone();
    double.objects.remove(&key("x"));
    double.tell("x");
    double.take_log();
    let observation = crate::Observation {
        uid: old.uid,
        resource_version: old.version.to_string(),
        owned: Some(old.content),
        health: old.health,
        judged: 0,
        deleting: false,
        paused: false,
        simulated: false,
        ended: None,
        body: None,
        claim: None,
    };
    double.send(Event::Observed {
        target: Target::Management,
        key: key("x"),
        observation: Some(observation),
    });
    assert_eq!(double.take_log(), ["look x"]);
}

#[test]
fn a_render_that_fails_keeps_what_was_last_good() {
    let mut double = Double::new();
    double.read(two(1));
    double.take_log();
    double.read(Commit::new("2").broken("a").with("z", &["a"], &[config("y", 2)]));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!([double.phase("a"), double.phase("z")], ["Failed", "Waiting"]);
    assert!(double.objects.contains_key(&key("x")));
    double.restart();
    double.read(Commit::new("2").broken("a").with("z", &["a"], &[config("y", 2)]));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!(double.records[&id("a")].revision, "1");
    double.read(two(1));
    assert_eq!([double.phase("a"), double.phase("z")], ["Ready", "Ready"]);
}

#[test]
fn while_a_unit_is_broken_nothing_that_it_could_take_over_is_pruned() {
    let mut double = Double::new();
    double.read(Commit::new("1").with("a", &[], &[config("x", 1), config("a1", 1)]).with("b", &[], &[]));
    double.take_log();
    double.read(Commit::new("2").with("a", &[], &[config("a1", 1)]).broken("b"));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!(double.phase("a"), "Held");
    double.read(Commit::new("3").with("a", &[], &[config("a1", 1)]).with("b", &[], &[config("x", 1)]));
    assert_eq!(double.take_log(), ["apply x"]);
    assert_eq!([double.phase("a"), double.phase("b")], ["Ready", "Ready"]);
}

/// Else whoever takes it over would find it as nobody's, and its fields as a stranger's.
#[test]
fn while_a_unit_is_broken_nothing_that_it_could_take_over_is_let_go() {
    let keeping = |revision: &str, objects: &[Desired]| {
        let unit = Unit { prune: false, ..unit("a", &[]) };
        Commit::new(revision).unit(unit, objects)
    };
    let mut double = Double::new();
    double.read(keeping("1", &[config("x", 1), config("a1", 1)]).with("b", &[], &[]));
    double.take_log();
    double.read(keeping("2", &[config("a1", 1)]).broken("b"));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!(double.phase("a"), "Held");
    double.read(keeping("3", &[config("a1", 1)]).with("b", &[], &[config("x", 2)]));
    assert_eq!(double.take_log(), ["apply x"]);
    double.read(keeping("4", &[]).with("b", &[], &[config("x", 2)]));
    assert_eq!(double.take_log(), ["release a1"]);
}

#[test]
fn what_a_broken_unit_last_applied_is_not_put_back_once_another_has_taken_it_over() {
    for names in [["a", "b"], ["b", "a"]] {
        let [old, new] = names;
        let mut double = Double::new();
        double.read(Commit::new("1").with(old, &[], &[config("x", 1)]).with(new, &[], &[]));
        double.take_log();
        double.read(Commit::new("2").broken(old).with(new, &[], &[config("x", 2)]).with(
            "z",
            &[new],
            &[config("y", 1)],
        ));
        assert_eq!(double.take_log(), ["apply x", "apply y"]);
        double.edit("x");
        assert_eq!(double.take_log(), ["apply x"], "once, by who wants it now");
        assert_eq!(double.phase(new), "Ready");
    }
}

#[test]
fn the_time_between_attempts_grows_and_has_a_bound() {
    let mut double = Double::new();
    double.faults.insert(key("x"), VecDeque::from([Unavailable; 40]));
    double.read(two(1));
    let mut pauses = vec![];
    for _ in 0..15 {
        let at = double.wake.unwrap();
        pauses.push(at.since(double.now));
        double.now = at;
        double.send(Event::Tick);
    }
    assert!(pauses[0] <= Duration::from_millis(600), "{pauses:?}");
    assert!(pauses[4] > pauses[0] * 4, "{pauses:?}");
    assert!(pauses.iter().all(|p| *p <= Duration::from_secs(36)), "{pauses:?}");
}

#[test]
fn a_tick_before_its_time_sends_nothing() {
    let mut double = Double::new();
    double.faults.insert(key("x"), VecDeque::from([Conflict]));
    double.read(two(1));
    double.take_log();
    double.pass(Duration::from_millis(10));
    assert_eq!(double.take_log(), Vec::<String>::new());
    double.pass(Duration::from_secs(60));
    assert_eq!(double.take_log(), ["apply x", "apply y"]);
}

#[test]
fn a_newer_revision_supersedes_the_back_off_at_once() {
    let mut double = Double::new();
    double.faults.insert(key("x"), VecDeque::from([Invalid]));
    double.read(two(1));
    double.take_log();
    double.read(two(2));
    assert_eq!(double.take_log(), ["apply x", "apply y"]);
}

#[test]
fn the_failure_of_an_old_revision_does_not_hold_up_the_new_one() {
    let mut double = Double::new();
    double.faults.insert(key("x"), VecDeque::from([Invalid]));
    double.slow = true;
    double.read(two(1));
    double.read(two(2));
    double.answer();
    assert_eq!(double.take_log(), ["apply x", "apply x", "apply y"]);
    assert_eq!(double.phase("a"), "Ready");
}

#[test]
fn a_mended_account_is_tried_at_once() {
    let mut double = Double::new();
    double.faults.insert(key("x"), VecDeque::from([Forbidden]));
    double.read(two(1));
    double.take_log();
    let mut mended = unit("a", &[]);
    mended.service_account = Some(ServiceAccount { namespace: "n".into(), name: "sa".into() });
    double.read(two(1).unit(mended, &[config("x", 1)]));
    assert_eq!(double.take_log(), ["apply x", "apply y"]);
}

#[test]
fn nobody_applies_an_object_while_another_unit_deletes_it() {
    let mut double = Double::new();
    let a = |objects: &[_]| Commit::new("1").with("a", &[], objects);
    double.read(a(&[config("x", 1), config("a1", 1)]).with("z", &[], &[config("z1", 1)]));
    double.slow = true;
    double.read(a(&[config("a1", 1)]).with("z", &[], &[config("z1", 1)]));
    assert_eq!(double.waiting.len(), 1);
    double.wanted.clear();
    let commit = a(&[config("a1", 1)]).with("z", &[], &[config("z1", 1), config("x", 1)]);
    double.send(Event::Read(std::sync::Arc::new(commit.0)));
    assert_eq!(double.waiting.len(), 1);
    assert!(double.why("z").contains("is still deleting"), "{}", double.why("z"));
    double.take_log();
    double.answer();
    assert_eq!(double.take_log(), ["delete x", "apply x"]);
    assert_eq!([double.phase("a"), double.phase("z")], ["Ready", "Ready"]);
}

#[test]
fn an_apply_that_a_crash_cut_off_is_finished_or_taken_back() {
    let mut double = Double::new();
    double.read(Commit::new("0").with("s", &[], &[config("s1", 1)]));
    double.slow = true;
    double.read(two(1).with("s", &[], &[config("s1", 1)]));
    let cut_off = double.waiting.clone();
    double.restart();
    double.slow = false;
    // The request had arrived; its answer was lost.
    double.edit("x");
    double.objects.get_mut(&key("x")).unwrap().ours = true;
    assert_eq!(cut_off.len(), 1);
    double.read(Commit::new("2").with("s", &[], &[config("s1", 1)]));
    assert!(!double.objects.contains_key(&key("x")));
    assert_eq!(double.records.len(), 1);
}

#[test]
fn conditions_carry_the_time_of_their_change() {
    let mut double = Double::new();
    double.sick.insert(key("x"));
    double.now = Time(1_700_000_000_000);
    double.read(two(1));
    let conditions = &double.records[&id("a")].conditions;
    assert!(conditions.iter().all(|c| c.last_transition_time.starts_with("2023-11-14T")), "{conditions:?}");
}

#[test]
fn what_a_broken_unit_last_applied_is_still_kept_as_it_was() {
    let mut double = Double::new();
    double.read(two(1));
    double.read(Commit::new("2").broken("a").with("z", &["a"], &[config("y", 1)]));
    double.take_log();
    double.edit("x");
    assert_eq!(double.take_log(), ["apply x"]);
    assert_eq!(double.phase("a"), "Failed");
    assert!(double.why("a").contains("bad yaml"), "{}", double.why("a"));
    assert_eq!(double.records[&id("a")].revision, "1");
}

#[test]
fn a_unit_that_is_not_worked_on_is_still_looked_at_after_a_restart() {
    for suspended in [true, false] {
        let mut double = Double::new();
        double.read(two(1));
        double.send(Event::Suspend { unit: id("a"), suspend: suspended });
        let next = || Commit::new("2").broken("a").with("z", &["a"], &[config("y", 1)]);
        double.restart();
        double.read(next());
        assert_eq!(double.state.units[&id("a")].health.to_string(), "Healthy: 1 object is healthy");
        double.heal("x", Health::degraded("broken"));
        assert!(double.state.units[&id("a")].health.to_string().contains("broken"));
    }
}

#[test]
fn a_repair_that_fails_while_the_render_is_broken_is_tried_again() {
    let mut double = Double::new();
    double.read(two(1));
    double.read(Commit::new("2").broken("a"));
    double.faults.insert(key("x"), VecDeque::from([Unavailable]));
    double.take_log();
    double.edit("x");
    double.now = double.wake.unwrap();
    double.send(Event::Tick);
    assert_eq!(double.take_log(), ["apply x", "apply x"]);
}

#[test]
fn an_object_that_went_back_and_forth_while_answers_were_late_is_still_known() {
    let both = |a: &[_], b: &[_]| Commit::new("x").with("a", &[], a).with("b", &[], b);
    let (x, keep, other) = (config("x", 0), config("keep-a", 1), config("keep-b", 1));
    let with = both(&[x.clone(), keep.clone()], std::slice::from_ref(&other));
    let moved = both(std::slice::from_ref(&keep), &[x, other.clone()]);
    let mut double = Double::new();
    double.read(with.clone());
    double.faults.insert(key("x"), VecDeque::from([Invalid]));
    double.slow = true;
    double.objects.remove(&key("x"));
    double.tell("x");
    double.read(moved.clone());
    double.restart();
    double.read(moved);
    double.read(with);
    double.answer();
    double.read(both(&[keep], &[other]));
    assert!(!double.objects.contains_key(&key("x")), "{:?} {:#?}", double.log, double.told);
}

#[test]
fn a_record_that_somebody_deletes_is_written_again_whole() {
    let mut double = Double::new();
    double.read(Commit::new("1").with("a", &[], &[config("x", 1)]));
    let before = double.records.remove(&id("a")).unwrap();
    double.send(Event::Lost { unit: id("a") });
    assert_eq!(double.records[&id("a")], before);
    // A unit that was forgotten stays so.
    double.send(Event::Lost { unit: id("gone") });
    assert_eq!(double.records.len(), 1);
}

#[test]
fn what_is_not_to_be_applied_is_not_sent_not_recorded_and_holds_nothing_up() {
    let asking = |annotation: (&str, &str)| {
        let mut desired = config("x", 1);
        desired.object.set_annotation(annotation.0, annotation.1);
        desired
    };
    let mut double = Double::new();
    let never = asking(("mainstay.dev/reconcile", "disabled"));
    double.read(Commit::new("1").with("a", &[], &[never, config("y", 1)]));
    assert_eq!(double.take_log(), ["apply y"]);
    assert_eq!(double.phase("a"), "Ready");
    assert!(double.records[&id("a")].inventory.get(&key("x")).is_none());

    // Made once: edits and new revisions are not its business, until it is gone.
    let once = |content: u32| {
        let mut desired = config("x", content);
        desired.object.set_annotation("mainstay.dev/ssa", "IfNotPresent");
        desired
    };
    double.read(Commit::new("2").with("a", &[], &[once(1), config("y", 1)]));
    assert_eq!(double.take_log(), ["apply x"]);
    double.edit("x");
    double.read(Commit::new("3").with("a", &[], &[once(2), config("y", 1)]));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!((double.phase("a").as_str(), double.records[&id("a")].revision.as_str()), ("Ready", "3"));
    double.restart();
    double.read(Commit::new("3").with("a", &[], &[once(2), config("y", 1)]));
    assert_eq!(double.take_log(), Vec::<String>::new());
    double.objects.remove(&key("x"));
    double.tell("x");
    assert_eq!(double.take_log(), ["look x", "apply x"]);
}

#[test]
fn a_unit_that_only_warns_of_drift_tells_it_once_and_changes_nothing() {
    let warned = |revision: &str| {
        let mut unit = unit("a", &[]);
        unit.drift = mainstay_unit::DriftMode::Warn;
        Commit::new(revision).unit(unit, &[config("x", 1)])
    };
    let mut double = Double::new();
    double.read(warned("1"));
    double.take_log();
    double.told.clear();
    double.edit("x");
    double.tell("x");
    double.pass(Duration::from_secs(60));
    assert_eq!(double.take_log(), Vec::<String>::new());
    let told: Vec<_> = double.told.iter().filter(|t| t.contains("LeftAlone")).collect();
    assert_eq!(told, ["a LeftAlone: ConfigMap n/x was changed by somebody else, and is left so"]);
}
