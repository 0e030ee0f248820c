//! What users say in CEL of health and readiness decides, and what has no answer holds back.

use super::double::{Commit, Double, config, id, key, unit};
use mainstay_object::ObjectKey;
use mainstay_unit::{Gate, HealthCheck, Unit};
use serde_json::{Value, json};

fn check(name: &str, current: Option<&str>, in_progress: Option<&str>, failed: Option<&str>) -> HealthCheck {
    let key = match name {
        // A rule for the whole kind.
        "" => ObjectKey::new("", "ConfigMap", "", ""),
        name => key(name),
    };
    let text = |expression: Option<&str>| expression.map(str::to_owned);
    HealthCheck {
        key,
        version: "v1".into(),
        current: text(current),
        in_progress: text(in_progress),
        failed: text(failed),
    }
}

fn checked(name: &str, check: HealthCheck) -> Unit {
    Unit { health_checks: vec![check], ..unit(name, &[]) }
}

/// A unit with one object, whose health an expression decides; what the object is in full.
fn judged(check: HealthCheck, body: Value) -> (Double, String) {
    let mut double = Double::new();
    double.bodies.insert(key("x"), body);
    double.read(Commit::new("1").unit(checked("a", check), &[config("x", 1)]));
    let state = &double.state.units[&id("a")];
    let told = format!("{}: {}", state.health.status, state.health.message);
    (double, told)
}

#[test]
fn an_expression_is_the_health_of_every_object_of_its_kind() {
    let ready = json!({"status": {"ready": true}});
    let cases = [
        (check("", Some("status.ready"), None, None), ready.clone(), "Healthy"),
        (
            check("", Some("!status.ready"), None, None),
            ready.clone(),
            "Progressing: ConfigMap n/x: its check `current` is not true yet",
        ),
        (
            check("", Some("true"), Some("status.ready"), None),
            ready.clone(),
            "Progressing: ConfigMap n/x: its check `inProgress` is true",
        ),
        (
            check("", Some("true"), None, Some("status.ready")),
            ready.clone(),
            "Degraded: ConfigMap n/x: its check `failed` is true",
        ),
        (check("", None, None, Some("!status.ready")), ready.clone(), "Healthy"),
        (
            check("", Some("status.nope"), None, None),
            ready.clone(),
            "Unknown: ConfigMap n/x: the check `current` has no answer: no such key: nope",
        ),
        (
            check("", Some("status.ready"), Some("spec.x"), None),
            ready.clone(),
            "Unknown: ConfigMap n/x: the check `inProgress` has no answer: no such attribute(s): spec",
        ),
        (
            check("", Some("status"), None, None),
            ready.clone(),
            "Unknown: ConfigMap n/x: the check `current` has no answer: it is a map, not true or false",
        ),
        (
            check("", Some("status."), None, None),
            ready.clone(),
            "Unknown: ConfigMap n/x: the check `current` has no answer: Syntax error",
        ),
        (
            check("", Some("lists.range(99999999).size() > 0"), None, None),
            ready,
            "Unknown: ConfigMap n/x: the check `current` has no answer: operation cancelled",
        ),
        (
            check("", Some("true"), None, None),
            json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}}),
            "Progressing: ConfigMap n/x: generation 1 of 2 has been observed",
        ),
        (check("x", Some("status.ready == true"), None, None), json!({"status": {"ready": true}}), "Healthy"),
        (
            check("x", Some("status.ready == true"), None, None),
            json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"ready": true}}),
            "Progressing: ConfigMap n/x: is being deleted",
        ),
        (
            check("", Some("status.ready == true"), None, Some("true")),
            json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"ready": true}}),
            "Degraded: ConfigMap n/x: its check `failed` is true",
        ),
    ];
    for (check, body, expected) in cases {
        let shown = format!("{:?} {:?} {:?}", check.current, check.in_progress, check.failed);
        let (double, told) = judged(check, body);
        assert!(told.starts_with(expected), "{shown}\n wanted {expected}\n found  {told}");
        assert_eq!(double.phase("a") == "Ready", expected == "Healthy", "{shown}");
    }
}

#[test]
fn an_object_is_judged_anew_when_it_changes_and_when_its_check_does() {
    let (mut double, _) =
        judged(check("", Some("status.ready"), None, None), json!({"status": {"ready": false}}));
    assert_eq!(double.phase("a"), "Progressing");
    double.bodies.insert(key("x"), json!({"status": {"ready": true}}));
    double.objects.get_mut(&key("x")).unwrap().version += 100;
    double.tell("x");
    assert_eq!(double.phase("a"), "Ready");
    double.take_log();
    let anew = checked("a", check("", Some("!status.ready"), None, None));
    double.read(Commit::new("2").unit(anew, &[config("x", 1)]));
    assert_eq!(double.take_log(), ["look x"]);
    assert_eq!(double.phase("a"), "Progressing");
}

#[test]
fn the_check_of_another_units_object_is_this_units_own() {
    let mut double = Double::new();
    double.bodies.insert(key("x"), json!({"status": {"ready": false}}));
    let watcher = checked("b", check("x", Some("status.ready"), None, None));
    double.read(Commit::new("1").with("a", &[], &[config("x", 1)]).unit(watcher, &[config("y", 1)]));
    assert_eq!([double.phase("a"), double.phase("b")], ["Ready", "Progressing"]);
    double.bodies.insert(key("x"), json!({"status": {"ready": true}}));
    double.objects.get_mut(&key("x")).unwrap().version += 100;
    double.tell("x");
    assert_eq!([double.phase("a"), double.phase("b")], ["Ready", "Ready"]);
}

fn after(expression: &str) -> Unit {
    let mut unit = unit("b", &["a"]);
    unit.depends_on[0].ready_expr = Some(expression.to_owned());
    unit
}

const READY: &str = "dep.status.conditions.filter(c, c.type == 'Ready').all(c, c.status == 'True')";

#[test]
fn a_ready_expression_decides_in_place_of_the_gate() {
    for (expression, goes) in [
        (READY, false),
        ("dep.metadata.generation == dep.status.observedGeneration", true),
        ("dep.metadata.name == 'a' && self.metadata.name == 'b'", true),
        ("dep.status.phase == 'Ready'", false),
        ("false", false),
        ("dep.status.nope", false),
        ("dep.metadata.name", false),
        ("other.status", false),
    ] {
        let mut double = Double::new();
        double.sick.insert(key("x"));
        double.read(
            Commit::new("1").with("a", &[], &[config("x", 1)]).unit(after(expression), &[config("y", 1)]),
        );
        assert_eq!(double.phase("a"), "Progressing");
        assert_eq!(double.objects.contains_key(&key("y")), goes, "{expression}: {}", double.why("b"));
    }
}

#[test]
fn a_dependent_starts_when_its_ready_expression_becomes_true() {
    let mut double = Double::new();
    double.sick.insert(key("x"));
    let mut first = unit("a", &[]);
    let healthy = READY.replace("'Ready'", "'Healthy'");
    // Its gate is open all along: the expression asks for more.
    first.gate = Gate::Applied;
    double.read(Commit::new("1").unit(first, &[config("x", 1)]).unit(after(&healthy), &[config("y", 1)]));
    assert!(!double.objects.contains_key(&key("y")));
    assert!(double.why("b").contains("its readyExpr is not true yet"), "{}", double.why("b"));
    double.sick.clear();
    double.heal("x", mainstay_unit::Health::healthy(""));
    assert!(double.objects.contains_key(&key("y")), "{}", double.why("b"));
}

#[test]
fn why_a_ready_expression_has_no_answer_is_shown() {
    let mut double = Double::new();
    double.read(
        Commit::new("1").with("a", &[], &[config("x", 1)]).unit(after("dep.status.nope"), &[config("y", 1)]),
    );
    assert!(
        double.why("b").contains("its readyExpr has no answer: no such key: nope"),
        "{}",
        double.why("b")
    );
}

#[test]
fn an_expression_that_comes_later_is_told_the_objects_by_the_watch_and_looks_at_none() {
    let mut double = Double::new();
    double.bodies.insert(key("x"), json!({"status": {"ready": true}}));
    double.read(Commit::new("1").unit(unit("a", &[]), &[config("x", 1)]));
    assert!(double.in_full.is_empty(), "nobody has asked for whole objects yet");
    let check = check("", Some("status.ready"), None, None);
    double.read(Commit::new("2").unit(checked("a", check), &[config("x", 1)]));
    assert!(double.in_full.contains("ConfigMap"), "a watch with whole objects takes the place of the first");
    assert_eq!(double.state.units[&id("a")].health.message, "1 object is healthy");
}
