use super::double::{Commit, Double, config, unit};
use crate::Event;
use mainstay_unit::Counterpart;

fn other() -> Counterpart {
    let text = |text: &str| text.to_owned();
    Counterpart {
        tool: text("Tool"),
        group: text("tool.example.com"),
        kind: text("Bundle"),
        resource: text("bundles"),
        namespace: text("apps"),
        name: text("a"),
    }
}

fn commit(content: u32) -> Commit {
    let both = mainstay_unit::Unit { counterpart: Some(Box::new(other())), ..unit("a", &[]) };
    Commit::new(&content.to_string())
        .unit(both, &[config("a", content)])
        .with("b", &["a"], &[config("b", content)])
        .with("c", &[], &[config("c", content)])
}

fn acts(double: &mut Double, acts: bool) {
    if acts {
        double.others.insert(other().key());
    } else {
        double.others.remove(&other().key());
    }
    double.send(Event::Counterpart { key: other().key(), acts });
}

fn list(double: &mut Double) {
    let acting = double.others.clone();
    double.send(Event::CounterpartsListed { kind: other().group_kind(), acting });
}

#[test]
fn what_another_tool_applies_is_left_alone_until_that_is_suspended() {
    let mut double = Double::new();
    double.others.insert(other().key());
    double.read(commit(1));
    assert_eq!(double.take_log(), ["apply c"], "nor what comes after it");
    assert_eq!(double.phase("a"), "Held");
    assert_eq!(double.why("a"), "managed by Tool: its Bundle apps/a is there and not suspended");
    acts(&mut double, false);
    assert_eq!(double.take_log(), ["apply a", "apply b"]);
    acts(&mut double, true);
    double.edit("a");
    double.read(commit(2));
    assert_eq!(double.take_log(), ["apply c"], "neither drift nor a commit is applied");
    acts(&mut double, false);
    assert_eq!(double.take_log(), ["apply a", "apply b"]);
}

#[test]
fn what_another_tool_applies_is_not_removed_even_after_a_restart() {
    let mut double = Double::new();
    double.read(commit(1));
    double.take_log();
    acts(&mut double, true);
    let without = || Commit::new("without").with("c", &[], &[config("c", 1)]);
    double.read(without());
    assert_eq!(double.take_log(), ["delete b", "forget b"]);
    assert_eq!(double.phase("a"), "Held");
    double.restart();
    double.read(without());
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert!(double.why("a").contains("managed by Tool"), "{}", double.why("a"));
    acts(&mut double, false);
    assert_eq!(double.take_log(), ["delete a", "forget a"]);
}

#[test]
fn nothing_is_applied_before_it_is_known_whether_another_tool_does() {
    let mut double = Double::new();
    double.silent = true;
    double.read(commit(1));
    double.silent = false;
    double.relist();
    assert!(!double.take_log().contains(&"apply a".to_owned()));
    assert_eq!(double.why("a"), "waits on the state of its Bundle objects");
    list(&mut double);
    assert_eq!(double.take_log(), ["apply a", "apply b"]);
}

#[test]
fn what_is_missing_from_a_later_list_acts_no_more() {
    let mut double = Double::new();
    double.others.insert(other().key());
    double.read(commit(1));
    assert_eq!(double.phase("a"), "Held");
    double.others.clear();
    list(&mut double);
    assert_eq!(double.phase("a"), "Ready");
}
