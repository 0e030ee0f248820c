use super::double::{Commit, Double, config, id, key, namespace};
use crate::Event;
use mainstay_unit::{CouldDeclare, Unread};

fn many(count: usize) -> Commit {
    let mut commit = Commit::new(&count.to_string());
    for i in 0..count {
        let name = format!("u{i:02}");
        commit = commit.with(&name, &[], &[config(&name, 1)]);
    }
    commit
}

fn approve(double: &mut Double) {
    let hash = double.state.held.first().and_then(|h| h.hash.clone()).unwrap();
    double.send(Event::Approve { hash });
}

#[test]
fn a_file_that_could_not_be_read_holds_every_removal() {
    let mut double = Double::new();
    double.read(many(3));
    double.take_log();
    double.read(many(2).unread("teams/c.yaml"));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert!(double.why("u02").contains("teams/c.yaml"), "{}", double.why("u02"));
    double.read(many(2));
    assert_eq!(double.take_log(), ["delete u02", "forget u02"]);
}

#[test]
fn what_a_chart_has_declared_is_held_while_the_chart_fails_and_nothing_else() {
    let whole = |revision: &str| {
        Commit::new(revision)
            .with("chart", &[], &[config("chart", 1)])
            .with("middle", &[], &[])
            .with("leaf", &[], &[config("leaf", 1)])
            .with("other", &[], &[config("other", 1)])
            .child("middle", "chart")
            .child("leaf", "middle")
    };
    let mut double = Double::new();
    double.read(whole("1"));
    assert_eq!(double.records[&id("leaf")].above, [id("middle"), id("chart")]);
    double.take_log();
    let fails = |revision: &str| {
        let mut commit = Commit::new(revision).broken("chart");
        commit.0.unread.insert(Unread::new("the chart", CouldDeclare::Below(id("chart"))));
        commit
    };
    double.read(fails("2"));
    assert!(double.why("leaf").contains("not everything was read (the chart)"), "{}", double.why("leaf"));
    // That the chart could take its objects over is another matter.
    let is_known_gone = |double: &Double, name: &str| double.why(name).contains("whether it takes over");
    assert!(is_known_gone(&double, "other") && !is_known_gone(&double, "leaf"), "{}", double.why("other"));
    // Whoever was between them had nothing, and is not remembered.
    double.restart();
    double.read(fails("3"));
    assert_eq!(double.phase("leaf"), "Held");
    double.read(whole("4"));
    assert_eq!(double.phase("leaf"), "Ready");
    // Who has declared it may change, and nothing of it.
    let moved = whole("5").child("middle", "other");
    double.read(moved);
    assert_eq!(double.records[&id("leaf")].above, [id("middle"), id("other")]);
    double.read(fails("6"));
    assert!(is_known_gone(&double, "leaf"), "{}", double.why("leaf"));
}

#[test]
fn an_emptied_repository_removes_nothing_until_it_is_approved() {
    let mut double = Double::new();
    double.read(many(3));
    double.take_log();
    double.read(Commit::new("empty"));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!(double.phase("u00"), "Held");
    assert!(double.why("u00").contains("mainstay approve"), "{}", double.why("u00"));
    assert!(double.records[&id("u00")].held.is_some());
    double.restart();
    double.read(Commit::new("empty"));
    assert_eq!(double.take_log(), Vec::<String>::new());
    approve(&mut double);
    assert!(double.objects.is_empty() && double.records.is_empty(), "{:?}", double.log);
}

#[test]
fn a_repository_whose_units_render_to_nothing_is_an_emptied_one() {
    let mut double = Double::new();
    double.read(many(3));
    double.take_log();
    double.read(Commit::new("empty").with("entry", &[], &[]));
    assert!(!double.take_log().iter().any(|line| line.starts_with("delete")));
    assert_eq!(double.phase("u00"), "Held");
}

#[test]
fn more_than_five_of_a_tenants_units_go_only_when_approved() {
    let mut double = Double::new();
    double.read(many(20));
    double.take_log();
    double.read(many(14));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert!(double.why("u19").contains("6 of tenant t's 20 units"), "{}", double.why("u19"));
    approve(&mut double);
    assert_eq!(double.objects.len(), 14);
    double.read(many(9));
    assert_eq!(double.objects.len(), 9);
}

#[test]
fn a_wrong_approval_releases_nothing() {
    let mut double = Double::new();
    double.read(many(20));
    double.read(many(10));
    double.send(Event::Approve { hash: "0000".into() });
    assert_eq!(double.objects.len(), 20);
}

#[test]
fn a_namespace_goes_only_when_approved_from_a_unit_or_with_it() {
    let mut double = Double::new();
    let with = |objects: &[_]| Commit::new("1").with("a", &[], objects).with("s", &[], &[config("s", 1)]);
    double.read(with(&[namespace("ns"), config("x", 1)]));
    double.take_log();
    double.read(with(&[config("x", 1)]));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!(double.phase("a"), "Held");
    assert!(double.why("a").contains("Namespace"), "{}", double.why("a"));
    double.read(Commit::new("2").with("s", &[], &[config("s", 1)]));
    assert_eq!(double.take_log(), Vec::<String>::new());
    approve(&mut double);
    assert_eq!(double.take_log(), ["delete x", "delete ns", "forget a"]);
}

#[test]
fn a_unit_that_renders_nothing_any_more_keeps_its_objects() {
    let mut double = Double::new();
    double.read(many(2));
    double.take_log();
    double.read(many(2).with("u01", &[], &[]));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!(double.phase("u01"), "Held");
    approve(&mut double);
    assert_eq!(double.take_log(), ["delete u01"]);
}

#[test]
fn a_held_unit_that_is_declared_again_is_as_before() {
    let mut double = Double::new();
    double.read(many(3));
    double.take_log();
    double.read(Commit::new("empty"));
    double.read(many(3));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!(double.phase("u00"), "Ready");
    assert_eq!(double.records[&id("u00")].held, None);
}

#[test]
fn an_object_that_somebody_made_anew_under_our_name_is_left_alone() {
    let mut double = Double::new();
    double.read(many(3));
    double.objects.remove(&key("u02"));
    // Nobody has told us yet that it is another object now.
    let foreign = super::double::Live {
        uid: "foreign".into(),
        version: 9_000,
        content: mainstay_object::Digest::of_bytes(b"theirs"),
        health: mainstay_unit::Health::healthy(""),
        ours: false,
        unit: None,
        ended: None,
    };
    double.objects.insert(key("u02"), foreign);
    double.read(many(2));
    assert!(double.objects.contains_key(&key("u02")));
    assert!(double.told.iter().any(|t| t.starts_with("u02 LeftAlone")), "{:?}", double.told);
}

#[test]
fn what_a_removed_unit_had_stays_while_a_unit_that_may_take_it_over_cannot_be_rendered() {
    let mut double = Double::new();
    let both = || Commit::new("1").with("a", &[], &[config("x", 1)]).with("b", &[], &[config("y", 1)]);
    double.read(both());
    double.take_log();
    double.read(Commit::new("2").broken("b"));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert_eq!(double.phase("a"), "Held");
    assert!(double.why("a").contains("could not be rendered"), "{}", double.why("a"));
    double.read(Commit::new("3").with("b", &[], &[config("x", 1), config("y", 1)]));
    assert_eq!(double.take_log(), ["apply x", "forget a"]);
    let uid = double.objects[&key("x")].uid.clone();
    assert_eq!(double.records[&id("b")].inventory.get(&key("x")).unwrap().uid, uid);
}

#[test]
fn what_a_unit_no_longer_declares_stays_while_what_may_want_it_was_not_read() {
    let native = |tenant: &str| Unread::new("teams/b.yaml", CouldDeclare::Native([tenant.to_owned()].into()));
    let a = |objects: &[_]| Commit::new("1").with("a", &[], objects);
    let whole = || a(&[config("x", 1), config("y", 1)]);
    let tenant = id("a").tenant.clone();
    for unread in [native(&tenant), Unread::new("teams/b.yaml", CouldDeclare::Anything)] {
        let mut double = Double::new();
        double.read(whole());
        double.take_log();
        // `y` has moved into a unit that is declared for the first time, in a file that is broken.
        let mut commit = a(&[config("x", 1)]);
        commit.0.unread.insert(unread);
        double.read(commit);
        assert_eq!(double.take_log(), Vec::<String>::new());
        assert!(double.why("a").contains("not everything was read (teams/b.yaml)"), "{}", double.why("a"));
        double.read(a(&[config("x", 1)]).with("b", &[], &[config("y", 1)]));
        assert_eq!(double.take_log(), ["apply y"]);
        assert_eq!([double.phase("a"), double.phase("b")], ["Ready", "Ready"]);
    }
    // What another tenant has written does not hold anything up.
    let mut double = Double::new();
    double.read(whole());
    double.take_log();
    let mut commit = a(&[config("x", 1)]);
    commit.0.unread.insert(native("another"));
    double.read(commit);
    assert_eq!(double.take_log(), ["delete y"]);
}

#[test]
fn what_a_unit_no_longer_declares_stays_while_a_unit_beside_it_is_not_known_to_be_gone() {
    let mut double = Double::new();
    let whole = |objects: &[_]| Commit::new("1").with("a", &[], objects).with("parent", &[], &[]);
    let both = [config("x", 1), config("y", 1)];
    double.read(whole(&both).with("b", &[], &[config("z", 1)]).child("b", "parent"));
    double.take_log();
    let mut commit = whole(&[config("x", 1)]);
    commit.0.unread.insert(Unread::new("the parent", CouldDeclare::Below(id("parent"))));
    double.read(commit);
    assert!(!double.take_log().iter().any(|step| step.starts_with("delete")));
    assert!(double.why("a").contains("takes over what left"), "{}", double.why("a"));
}

#[test]
fn what_a_unit_no_longer_declares_stays_while_a_unit_that_may_take_it_over_is_not_rendered() {
    let mut double = Double::new();
    let a = |objects: &[_]| Commit::new("1").with("a", &[], objects);
    double.read(a(&[config("x", 1), config("y", 1)]));
    double.take_log();
    // `y` has moved into a chart, whose registry does not answer.
    double.read(a(&[config("x", 1)]).not_rendered("chart"));
    assert_eq!(double.take_log(), Vec::<String>::new());
    assert!(double.why("a").contains("could not be rendered"), "{}", double.why("a"));
    let uid = double.objects[&key("y")].uid.clone();
    double.read(a(&[config("x", 1)]).with("chart", &[], &[config("y", 1)]));
    assert_eq!(double.take_log(), ["apply y"]);
    assert_eq!([double.phase("a"), double.phase("chart")], ["Ready", "Ready"]);
    assert_eq!(double.objects[&key("y")].uid, uid);
}
