use super::double::{Commit, Double, config, key};
use crate::{Action, Event, FailureKind};
use mainstay_object::GroupVersionKind;
use mainstay_unit::{Health, Target};
use proptest::prelude::*;
use std::time::Duration;

const NAMES: [&str; 6] = ["o0", "o1", "o2", "o3", "o4", "o5"];
const UNITS: [&str; 4] = ["a", "b", "c", "d"];

/// One thing that happens to a fleet.
#[derive(Debug, Clone)]
enum Happens {
    /// Who holds each object (4 and more: nobody), with which content; which units depend on the one before.
    Commit {
        holders: [usize; 6],
        contents: [u32; 6],
        chained: [bool; 4],
        broken: Option<usize>,
    },
    Fault {
        object: usize,
        kind: FailureKind,
        times: usize,
    },
    Crash,
    /// With the records of some units.
    Lose([bool; 4]),
    Edit(usize),
    Remove(usize),
    Sicken(usize),
    Heal(usize),
    Slow,
    Answer,
    /// Other rules hold for what kind of objects there are, or the same as before.
    Rule(bool),
    Pass(u64),
}

fn kind() -> impl Strategy<Value = FailureKind> {
    prop_oneof![
        Just(FailureKind::Invalid),
        Just(FailureKind::Conflict),
        Just(FailureKind::NoKind),
        Just(FailureKind::Unavailable),
    ]
}

fn commit() -> impl Strategy<Value = Happens> {
    (
        prop::array::uniform6(0..6usize),
        prop::array::uniform6(0..3u32),
        prop::array::uniform4(any::<bool>()),
        prop::option::weighted(0.2, 0..4usize),
    )
        .prop_map(|(holders, contents, chained, broken)| Happens::Commit {
            holders,
            contents,
            chained,
            broken,
        })
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => commit(),
        2 => (0..6usize, kind(), 1..4usize).prop_map(|(object, kind, times)| Happens::Fault { object, kind, times }),
        1 => Just(Happens::Crash),
        1 => prop::array::uniform4(any::<bool>()).prop_map(Happens::Lose),
        1 => (0..6usize).prop_map(Happens::Edit),
        1 => (0..6usize).prop_map(Happens::Remove),
        1 => (0..6usize).prop_map(Happens::Sicken),
        1 => (0..6usize).prop_map(Happens::Heal),
        1 => Just(Happens::Slow),
        2 => Just(Happens::Answer),
        1 => any::<bool>().prop_map(Happens::Rule),
        2 => (1..100u64).prop_map(Happens::Pass),
    ]
}

fn build(holders: [usize; 6], contents: [u32; 6], chained: [bool; 4], broken: Option<usize>) -> Commit {
    let mut commit = Commit::new(&format!("{holders:?}{contents:?}"));
    for (u, name) in UNITS.iter().enumerate() {
        let objects: Vec<_> = (0..6)
            .filter(|o| holders[*o] == u)
            .map(|o| config(NAMES[o], contents[o]))
            // Each unit keeps one object, so that no guard against emptiness stops it.
            .chain([config(&format!("keep-{name}"), 1)])
            .collect();
        let after: Vec<&str> = if u > 0 && chained[u] { vec![UNITS[u - 1]] } else { vec![] };
        commit = if broken == Some(u) { commit.broken(name) } else { commit.with(name, &after, &objects) };
    }
    commit
}

fn happen(double: &mut Double, what: Happens, last: &mut Commit) {
    match what {
        Happens::Commit { holders, contents, chained, broken } => {
            // A delete that is under way may meet a commit that wants the object again; that race is the server's
            // precondition to decide, not this state's.
            if double.waiting.iter().any(|a| matches!(a, Action::Delete { .. })) {
                double.answer();
            }
            *last = build(holders, contents, chained, broken);
            double.read(last.clone());
        }
        Happens::Fault { object, kind, times } => {
            double.faults.insert(key(NAMES[object]), std::iter::repeat_n(kind, times).collect());
        }
        Happens::Crash => {
            double.restart();
            double.read(last.clone());
        }
        Happens::Lose(which) => {
            for (unit, _) in UNITS.iter().zip(which).filter(|(_, lost)| *lost) {
                double.records.remove(&super::double::id(unit));
            }
            double.restart();
            double.read(last.clone());
            survey(double);
        }
        Happens::Edit(object) if double.objects.contains_key(&key(NAMES[object])) => {
            double.edit(NAMES[object])
        }
        Happens::Remove(object) => {
            double.objects.remove(&key(NAMES[object]));
            double.tell(NAMES[object]);
        }
        Happens::Sicken(object) => double.heal(NAMES[object], Health::degraded("sick")),
        Happens::Heal(object) => double.heal(NAMES[object], Health::healthy("")),
        Happens::Slow => double.slow = true,
        Happens::Answer => double.answer(),
        Happens::Rule(passive) => {
            double.rule(&format!("kinds: [{{group: '', kind: ConfigMap, passive: {passive}}}]"));
        }
        Happens::Pass(seconds) => double.pass(Duration::from_secs(seconds)),
        Happens::Edit(_) => {}
    }
}

fn survey(double: &mut Double) {
    let kinds = vec![GroupVersionKind::new("", "v1", "ConfigMap")];
    double.send(Event::Kinds { target: Target::Management, kinds });
}

/// Everything in the cluster that carries our label is in a record that a new process would find.
fn inventory_is_complete(double: &Double) {
    for (key, _) in double.objects.iter().filter(|(_, live)| live.ours) {
        let known = double.records.values().any(|r| r.inventory.get(key).is_some());
        assert!(known, "{key} is ours and in no record");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nothing_wanted_is_deleted_and_the_fleet_converges_when_it_stops(
        story in prop::collection::vec(happens(), 1..40),
        end in commit(),
    ) {
        let mut double = Double::new();
        double.edit("foreign");
        let foreign = double.objects[&key("foreign")].version;
        let mut last = build([9; 6], [0; 6], [false; 4], None);
        double.read(last.clone());
        let mut lost = false;
        for what in story {
            lost |= matches!(what, Happens::Lose(_));
            happen(&mut double, what, &mut last);
            // What was lost is found again only when it is certain who wants what.
            if !lost {
                inventory_is_complete(&double);
            }
        }
        double.faults.clear();
        double.answer();
        let Happens::Commit { holders, contents, chained, .. } = end else { unreachable!("a commit") };
        double.read(build(holders, contents, chained, None));
        for name in NAMES {
            double.heal(name, Health::healthy(""));
        }
        for unit in UNITS {
            double.send(Event::Reconcile { unit: super::double::id(unit) });
        }
        for _ in 0..20 {
            double.pass(Duration::from_secs(60));
            let held: Vec<String> = double.state.held.iter().filter_map(|held| held.hash.clone()).collect();
            for hash in held {
                prop_assert!(lost, "only what was found by its label waits for anybody");
                double.send(Event::Approve { hash });
            }
        }
        for unit in UNITS {
            prop_assert_eq!(double.phase(unit), "Ready", "{}: {}", unit, double.why(unit));
        }
        let wanted = (0..6).filter(|o| holders[*o] < 4).count() + 4;
        prop_assert_eq!(double.objects.len(), wanted + 1, "{:?}", double.objects.keys());
        prop_assert_eq!(double.objects[&key("foreign")].version, foreign);
        inventory_is_complete(&double);
        // And then there is silence.
        double.take_log();
        double.restart();
        double.read(build(holders, contents, chained, None));
        prop_assert_eq!(double.take_log(), Vec::<String>::new());
    }
}

#[test]
fn an_old_entry_of_a_unit_takes_over_no_new_object_of_that_name() {
    let commit = |holders, contents, chained, broken| Happens::Commit { holders, contents, chained, broken };
    let loose = [false; 4];
    let story = [
        Happens::Slow,
        commit([2, 2, 2, 2, 0, 2], [0; 6], loose, None),
        Happens::Fault { object: 1, kind: FailureKind::Invalid, times: 3 },
        commit([0, 2, 1, 0, 0, 0], [0, 0, 1, 0, 0, 0], loose, Some(2)),
        Happens::Answer,
        commit([0, 0, 4, 0, 3, 0], [0; 6], [false, true, false, false], None),
        commit([0, 1, 0, 0, 0, 0], [0; 6], loose, None),
        commit([0, 0, 1, 0, 0, 0], [0, 0, 1, 0, 0, 0], loose, None),
    ];
    let mut double = Double::new();
    let mut last = build([9; 6], [0; 6], loose, None);
    double.read(last.clone());
    for what in story {
        happen(&mut double, what, &mut last);
        inventory_is_complete(&double);
    }
    double.faults.clear();
    double.read(build([0, 0, 4, 0, 0, 0], [0; 6], loose, None));
    for _ in 0..20 {
        double.pass(Duration::from_secs(60));
    }
    assert!(!double.objects.contains_key(&key("o2")), "nobody wants it");
}
