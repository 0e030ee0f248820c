//! A watch that is lost for good proves nothing, and its unit says why.

use super::double::{Commit, Double, config, id, key, unit};
use crate::Event;
use mainstay_object::GroupVersionKind;
use mainstay_unit::{HealthCheck, HealthStatus, Target, Truth, Unit};

fn lose(double: &mut Double, object: Option<&str>) {
    double.send(Event::Unwatched {
        target: Target::Management,
        kind: GroupVersionKind::new("", "v1", "ConfigMap"),
        object: object.map(key),
        why: "forbidden".into(),
    });
}

#[test]
fn a_unit_whose_kind_can_not_be_watched_is_not_ready_until_it_was_listed_again() {
    let mut double = Double::new();
    let commit = || Commit::new("1").with("a", &[], &[config("x", 1)]);
    double.read(commit());
    double.take_log();
    lose(&mut double, None);
    let state = &double.state.units[&id("a")];
    assert_eq!(
        (state.phase.word(), state.health.status, state.gate),
        ("Waiting", HealthStatus::Unknown, false)
    );
    assert_eq!(
        double.why("a"),
        "waits on the management cluster: ConfigMap objects can't be watched: forbidden"
    );
    let ready = double.records[&id("a")].conditions.iter().find(|c| c.kind == "Ready").unwrap();
    assert_eq!(ready.status, Truth::Unknown);
    // Nor does a revision change that, or repair what nobody sees.
    double.read(commit().with("b", &["a"], &[]));
    assert_eq!(double.phase("b"), "Waiting");
    double.objects.remove(&key("x"));
    double.relist();
    assert_eq!([double.phase("a"), double.phase("b")], ["Ready", "Ready"]);
    assert_eq!(double.take_log(), ["apply x"]);
}

#[test]
fn a_check_whose_object_can_not_be_watched_holds_nobody_for_healthy() {
    let mut double = Double::new();
    double.edit("other");
    let check = HealthCheck {
        key: key("other"),
        version: "v1".into(),
        current: None,
        in_progress: None,
        failed: None,
    };
    let a = Unit { health_checks: vec![check], ..unit("a", &[]) };
    double.read(Commit::new("1").unit(a, &[config("x", 1)]));
    assert_eq!(double.phase("a"), "Ready");
    lose(&mut double, Some("other"));
    assert_eq!(double.phase("a"), "Progressing");
    assert!(double.why("a").contains("other: can't be looked at: forbidden"), "{}", double.why("a"));
    double.tell("other");
    assert_eq!(double.phase("a"), "Ready");
}
