use crate::migrate::{
    Act, Before, Goal, Known, Live, Memory, Plan, Recorded, Standing, plan, restore, retain, suspend,
};
use mainstay_object::{ObjectKey, Value};
use mainstay_unit::UnitId;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

fn live(name: &str, applies: &[&str], change: impl FnOnce(&mut Value)) -> Live {
    let entries: Vec<Value> = applies.iter().map(|id| json!({"id": id, "v": "v1"})).collect();
    let mut value = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "shop", "uid": "u", "resourceVersion": "7"},
        "spec": {"prune": true},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "inventory": {"entries": entries},
        },
    });
    change(&mut value);
    Live::read(&value).unwrap()
}

fn child(name: &str) -> String {
    format!("shop_{name}_kustomize.toolkit.fluxcd.io_Kustomization")
}

fn suspended(value: &mut Value) {
    value["spec"]["suspend"] = json!(true);
    value["metadata"]["annotations"] = json!({
        "mainstay.dev/before-migration": Before { prune: Some(true), ..Before::default() }.to_text(),
        "reconcile.fluxcd.io/requestedAt": "now",
    });
    value["status"]["lastHandledReconcileAt"] = json!("now");
}

fn ready() -> Known {
    let record = Recorded { ready: true, suspended: false, says: "Ready".to_owned() };
    Known { record: Some(record), ..Known::default() }
}

fn known(all: &[(&str, Known)]) -> BTreeMap<UnitId, Known> {
    all.iter().map(|(name, known)| (UnitId::new("kustomization", "shop", *name, ""), known.clone())).collect()
}

fn to(goal: Goal, live: &[Live], known: &BTreeMap<UnitId, Known>) -> Plan {
    plan(goal, live, known, &BTreeSet::new())
}

/// `act name`, one for each step.
fn steps(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| format!("{:?} {}", step.act, step.name)).collect()
}

fn why(plan: &Plan) -> Vec<String> {
    plan.rows.iter().map(|row| format!("{}: {}", row.name, row.standing)).collect()
}

#[test]
fn parents_are_suspended_before_their_children_and_restored_after_them() {
    let all = known(&[("all", Known::default()), ("a-part", Known::default())]);
    let before = [live("a-part", &[], |_| {}), live("all", &[&child("a-part"), &child("all")], |_| {})];
    let there = to(Goal::Migrate, &before, &all);
    let expected = ["Suspend shop/all", "Confirm shop/all", "Suspend shop/a-part", "Confirm shop/a-part"];
    assert_eq!(steps(&there), expected, "{:?}", why(&there));
    let after = [live("a-part", &[], suspended), live("all", &[&child("a-part")], suspended)];
    assert_eq!(steps(&to(Goal::Undo, &after, &all)), ["Restore shop/a-part", "Restore shop/all"]);
}

#[test]
fn what_mainstay_could_not_keep_as_it_is_stays_with_flux_and_says_why() {
    let told = |change: fn(&mut Value), known: Option<Known>| {
        let all = known.map(|k| self::known(&[("web", k)])).unwrap_or_default();
        let plan = to(Goal::Migrate, &[live("web", &[], change)], &all);
        assert!(plan.steps.is_empty(), "{:?}", plan.steps);
        why(&plan).remove(0)
    };
    assert_eq!(told(|_| {}, None), "shop/web: the repository does not declare it");
    let change: fn(&mut Value) = |value| value["spec"]["suspend"] = json!(true);
    assert_eq!(told(change, Some(Known::default())), "shop/web: somebody has suspended it; resume it first");
    let change: fn(&mut Value) = |value| {
        value["status"]["conditions"][0] = json!({"type": "Ready", "status": "False", "message": "no"})
    };
    assert_eq!(told(change, Some(Known::default())), "shop/web: not ready in Flux: no");
    let differs = Known { differs: ["a", "b", "c", "d"].map(str::to_owned).into(), ..Known::default() };
    let expected = "shop/web: Mainstay would not leave everything as it is: a, b, c and 1 more";
    assert_eq!(told(|_| {}, Some(differs)), expected);
    let unrendered = Known { unrendered: Some("a bucket".to_owned()), ..Known::default() };
    assert_eq!(told(|_| {}, Some(unrendered)), "shop/web: it is planned, not rendered: a bucket");
}

#[test]
fn who_applies_what_stays_with_flux_stays_too_and_so_does_everybody_above() {
    let source = ObjectKey::new("source.toolkit.fluxcd.io", "GitRepository", "shop", "shop");
    let charts = ObjectKey::new("source.toolkit.fluxcd.io", "HelmRepository", "shop", "charts");
    let table = ObjectKey::new("example.com", "Table", "shop", "prices");
    let with =
        |lost: &[&ObjectKey]| Known { lost: lost.iter().copied().cloned().collect(), ..Known::default() };
    let all =
        known(&[("all", with(&[])), ("data", with(&[&table, &source])), ("web", with(&[&source, &charts]))]);
    let live = [
        live("all", &[&child("data"), &child("web")], |_| {}),
        live("data", &[], |_| {}),
        live("web", &[], |_| {}),
    ];
    let plan = to(Goal::Migrate, &live, &all);
    assert_eq!(steps(&plan), ["Suspend shop/web", "Confirm shop/web"]);
    assert!(
        plan.steps[0].reason.contains("Kustomization shop/all applies this one"),
        "{}",
        plan.steps[0].reason
    );
    assert_eq!(
        why(&plan)[..2],
        [
            "shop/all: it applies Kustomization shop/data, which stays Flux's",
            "shop/data: Flux applies what Mainstay would not: Table.example.com shop/prices",
        ]
    );
}

#[test]
fn a_migration_that_was_stopped_goes_on_where_it_was() {
    let unanswered = |value: &mut Value| {
        suspended(value);
        value["status"]["lastHandledReconcileAt"] = json!("earlier");
    };
    let all = known(&[("web", ready())]);
    let plan = to(Goal::Migrate, &[live("web", &[], unanswered)], &all);
    assert_eq!(steps(&plan), ["Confirm shop/web"]);
    let finish = to(Goal::Finish, &[live("web", &[], unanswered)], &all);
    assert!(finish.refused[0].contains("has not confirmed"), "{:?}", finish.refused);
    assert!(to(Goal::Migrate, &[live("web", &[], suspended)], &all).steps.is_empty());
}

#[test]
fn nothing_is_given_back_while_mainstay_holds_it() {
    let live = [live("web", &[], suspended)];
    let held = to(Goal::Undo, &live, &known(&[("web", ready())]));
    assert!(held.steps.is_empty() && held.refused[0].contains("mainstay suspend kustomization/shop/web"));
    let mut asleep = ready();
    asleep.record.as_mut().unwrap().suspended = true;
    assert_eq!(steps(&to(Goal::Undo, &live, &known(&[("web", asleep)]))), ["Restore shop/web"]);
    assert_eq!(steps(&to(Goal::Undo, &live, &BTreeMap::new())), ["Restore shop/web"], "no longer declared");
}

#[test]
fn flux_objects_go_only_when_every_unit_is_ready_and_nobody_makes_them_again() {
    let both = [live("db", &[], suspended), live("web", &["shop_web__Service"], suspended)];
    let all = known(&[("db", ready()), ("web", ready())]);
    let expected = ["TakeOver shop/db", "Remove shop/db", "TakeOver shop/web", "Remove shop/web"];
    assert_eq!(steps(&to(Goal::Finish, &both, &all)), expected);
    let early = to(Goal::Finish, &both, &known(&[("db", Known::default()), ("web", ready())]));
    assert!(early.steps.is_empty() && early.refused[0].contains("not ready"), "{:?}", early.refused);
    let above = [live("all", &[&child("web")], |_| {}), live("web", &[], suspended)];
    let kept = to(Goal::Finish, &above, &known(&[("web", ready())]));
    assert_eq!(steps(&kept), ["TakeOver shop/web"]);
    assert!(kept.steps[0].reason.contains("Kustomization shop/all applies it and would make it again"));
}

#[test]
fn what_somebody_would_make_again_is_not_removed() {
    let made = |metadata: Value| {
        live("web", &[], |value| {
            suspended(value);
            for (name, field) in metadata.as_object().unwrap() {
                value["metadata"][name] = field.clone();
            }
        })
    };
    let finish = |metadata| to(Goal::Finish, &[made(metadata)], &known(&[("web", ready())]));
    let label = json!({"labels": {"resourceset.fluxcd.controlplane.io/name": "apps"}});
    let owner = json!({"ownerReferences": [{"kind": "Tenant", "name": "shop", "controller": true}]});
    for (metadata, by) in [(label, "the Flux Operator (apps)"), (owner, "Tenant shop")] {
        let plan = finish(metadata);
        assert_eq!(steps(&plan), ["TakeOver shop/web"]);
        assert!(plan.steps[0].reason.ends_with(&format!("{by} applies it and would make it again")));
    }
    assert_eq!(steps(&finish(json!({"labels": {"app": "web"}}))).len(), 2);
}

#[test]
fn what_is_not_named_is_not_touched_and_a_wrong_name_does_nothing() {
    let both = [live("db", &[], |_| {}), live("web", &[], |_| {})];
    let all = known(&[("db", Known::default()), ("web", Known::default())]);
    let only = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let one = plan(Goal::Migrate, &both, &all, &only(&["shop/db"]));
    assert_eq!((steps(&one).len(), one.rows.len()), (2, 1));
    let wrong = plan(Goal::Migrate, &both, &all, &only(&["shop/db", "shop/dv"]));
    assert!(wrong.steps.is_empty());
    assert_eq!(wrong.refused, ["there is no shop/dv of Flux's"]);
}

#[test]
fn inventories_are_read_as_flux_writes_them() {
    let ids = [
        "shop_web_apps_Deployment",
        "_shop__Namespace",
        "_system__reader_rbac.authorization.k8s.io_ClusterRole",
        "odd",
    ];
    let read = live("web", &ids, |_| {});
    let keys: Vec<ObjectKey> = read.inventory.iter().map(|(key, _)| key.clone()).collect();
    let expected = [
        ObjectKey::new("apps", "Deployment", "shop", "web"),
        ObjectKey::new("", "Namespace", "", "shop"),
        ObjectKey::new("rbac.authorization.k8s.io", "ClusterRole", "", "system:reader"),
    ];
    assert_eq!(keys, expected);
    let known = known(&[("web", Known::default())]);
    let Standing::Stays(holds) = &to(Goal::Migrate, &[read], &known).rows[0].standing else {
        panic!("it stays")
    };
    assert_eq!(
        holds.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [r#"its inventory holds {"id":"odd","v":"v1"}, which names no object"#]
    );
}

#[test]
fn what_was_before_is_given_back_to_the_letter() {
    let before =
        Before { suspend: Some(false), prune: Some(true), deletion_policy: Some("Delete".to_owned()) };
    let one = live("web", &[], |value| value["spec"]["deletionPolicy"] = json!("Delete"));
    let patch = suspend(&one, &before, "now");
    assert_eq!(patch["spec"], json!({"suspend": true}));
    assert_eq!(patch["metadata"]["resourceVersion"], "7");
    let text = patch["metadata"]["annotations"]["mainstay.dev/before-migration"].as_str().unwrap();
    assert_eq!(Before::read_text(text), Some(before.clone()));
    let spec = json!({"suspend": false, "prune": true, "deletionPolicy": "Delete"});
    assert_eq!(restore(&one, &before)["spec"], spec);
    assert_eq!(restore(&one, &Before::default())["spec"]["suspend"], Value::Null);
    assert_eq!(retain(&one)["spec"], json!({"suspend": true, "prune": false, "deletionPolicy": "Orphan"}));
    assert_eq!(retain(&live("web", &[], |_| {}))["spec"], json!({"suspend": true, "prune": false}));
    for wrong in ["", "[]", "{\"suspend\": 1}", "{\"deletionPolicy\": false}"] {
        assert_eq!(Before::read_text(wrong), None, "{wrong}");
    }
}

#[test]
fn an_annotation_that_somebody_changed_is_never_guessed_at() {
    let one = live("web", &[], |value| {
        suspended(value);
        value["metadata"]["annotations"]["mainstay.dev/before-migration"] = json!("yes");
    });
    assert_eq!(one.memory, Memory::Unreadable);
    for goal in [Goal::Migrate, Goal::Undo, Goal::Finish] {
        let plan = to(goal, std::slice::from_ref(&one), &known(&[("web", ready())]));
        assert!(plan.steps.iter().all(|step| step.act == Act::Confirm) && plan.steps.is_empty());
    }
}
