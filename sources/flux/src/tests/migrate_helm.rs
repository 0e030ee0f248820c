//! HelmReleases, and the Kustomizations that apply them.

use crate::migrate::{
    Act, Before, Goal, Helm, Known, Live, Plan, Recorded, Standing, plan, restore, retain, suspend,
};
use mainstay_object::{ObjectKey, Value};
use mainstay_unit::UnitId;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

fn kustomization(name: &str, applies: &[&str], change: impl FnOnce(&mut Value)) -> Live {
    let entries: Vec<Value> = applies.iter().map(|id| json!({"id": id, "v": "v1"})).collect();
    let status = json!({"inventory": {"entries": entries}});
    made("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name, &json!({"prune": true}), status, change)
}

fn release(name: &str, change: impl FnOnce(&mut Value)) -> Live {
    let spec =
        json!({"chart": {"spec": {"chart": "x", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}});
    let status = json!({"history": [{"name": name, "namespace": "shop", "version": 3}]});
    made("helm.toolkit.fluxcd.io/v2", "HelmRelease", name, &spec, status, change)
}

fn made(
    version: &str,
    kind: &str,
    name: &str,
    spec: &Value,
    mut status: Value,
    change: impl FnOnce(&mut Value),
) -> Live {
    status["conditions"] = json!([{"type": "Ready", "status": "True"}]);
    let mut value = json!({
        "apiVersion": version, "kind": kind, "spec": spec, "status": status,
        "metadata": {"name": name, "namespace": "shop", "uid": "u", "resourceVersion": "7"},
    });
    change(&mut value);
    Live::read(&value).unwrap()
}

const WEB: &str = "shop_web_helm.toolkit.fluxcd.io_HelmRelease";
const CHARTS: &str = "shop_charts_source.toolkit.fluxcd.io_HelmRepository";

fn suspended(value: &mut Value) {
    value["spec"]["suspend"] = json!(true);
    value["metadata"]["annotations"] = json!({"mainstay.dev/before-migration": Before::default().to_text()});
}

/// What Mainstay makes of a release, with Helm's newest record as Flux has written it.
fn rendered(name: &str) -> Known {
    let (name, namespace, storage) = (name.to_owned(), "shop".to_owned(), "shop".to_owned());
    let helm =
        Helm { name, namespace, storage, newest: Some((3, "deployed".to_owned())), otherwise: Vec::new() };
    Known { helm: Some(helm), ..Known::default() }
}

fn ready(known: Known) -> Known {
    Known { record: Some(Recorded { ready: true, suspended: false, says: "Ready".to_owned() }), ..known }
}

type All = BTreeMap<UnitId, Known>;

fn known(all: &[(&str, &str, Known)]) -> All {
    all.iter().map(|(kind, name, known)| (UnitId::new(*kind, "shop", *name, ""), known.clone())).collect()
}

fn to(goal: Goal, live: &[Live], known: &All) -> Plan {
    plan(goal, live, known, &BTreeSet::new())
}

fn steps(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| format!("{:?} {}", step.act, step.titled())).collect()
}

fn why(plan: &Plan) -> Vec<String> {
    plan.rows.iter().map(|row| format!("{}: {}", row.titled(), row.standing)).collect()
}

#[test]
fn who_applies_a_release_goes_before_it_and_comes_back_after_it() {
    let all = known(&[("helmrelease", "web", rendered("web")), ("kustomization", "apps", Known::default())]);
    let there = [release("web", |_| {}), kustomization("apps", &[WEB, CHARTS], |_| {})];
    let plan = to(Goal::Migrate, &there, &all);
    let expected = [
        "Suspend Kustomization shop/apps",
        "Confirm Kustomization shop/apps",
        "Suspend HelmRelease shop/web",
        "Confirm HelmRelease shop/web",
    ];
    assert_eq!(steps(&plan), expected, "{:?}", why(&plan));
    let after = [release("web", suspended), kustomization("apps", &[WEB], suspended)];
    let back = ["Restore HelmRelease shop/web", "Restore Kustomization shop/apps"];
    assert_eq!(steps(&to(Goal::Undo, &after, &all)), back);
    let all = known(&[
        ("helmrelease", "web", ready(rendered("web"))),
        ("kustomization", "apps", ready(Known::default())),
    ]);
    let expected = [
        "TakeOver Kustomization shop/apps",
        "Remove Kustomization shop/apps",
        "TakeOver HelmRelease shop/web",
        "Remove HelmRelease shop/web",
    ];
    assert_eq!(steps(&to(Goal::Finish, &after, &all)), expected);
}

#[test]
fn a_release_that_would_not_go_on_as_it_is_stays_with_flux_and_says_why() {
    let told = |change: &dyn Fn(&mut Value, &mut Helm)| {
        let (mut known, mut helm) = (Known::default(), rendered("web").helm.unwrap());
        let live = release("web", |value| change(value, &mut helm));
        known.helm = Some(helm);
        let plan = to(Goal::Migrate, &[live], &self::known(&[("helmrelease", "web", known)]));
        assert!(plan.steps.is_empty(), "{:?}", plan.steps);
        why(&plan).remove(0)
    };
    let none = told(&|_, helm| helm.newest = None);
    assert_eq!(none, "HelmRelease shop/web: Helm has no record of the release web in shop");
    let pending = told(&|_, helm| helm.newest = Some((3, "pending-upgrade".to_owned())));
    assert_eq!(pending, "HelmRelease shop/web: Helm says that web 3 is pending-upgrade");
    let since = told(&|_, helm| helm.newest = Some((4, "deployed".to_owned())));
    assert!(since.ends_with("Helm's newest record of web is 4, Flux released 3: somebody else has since"));
    let other = told(&|_, helm| helm.otherwise = vec!["the values".to_owned(), "ConfigMap web".to_owned()]);
    assert!(other.ends_with("otherwise would be: the values, ConfigMap web"), "{other}");
    let named = told(&|value, _| value["status"]["history"][0]["name"] = json!("shop-web"));
    assert!(
        named.ends_with("Flux's release is shop-web in shop, Mainstay's would be web in shop"),
        "{named}"
    );
    // Where an older Flux tells no history, Helm's record is what counts.
    let older = release("web", |value| value["status"]["history"] = Value::Null);
    let plan = to(Goal::Migrate, &[older], &known(&[("helmrelease", "web", rendered("web"))]));
    assert_eq!(plan.rows[0].standing, Standing::Free);
}

#[test]
fn who_feeds_a_release_that_stays_with_flux_stays_too() {
    let all =
        known(&[("kustomization", "apps", Known::default()), ("kustomization", "charts", Known::default())]);
    let there = [
        kustomization("apps", &[WEB], |_| {}),
        kustomization("charts", &[CHARTS], |_| {}),
        release("web", |_| {}),
    ];
    let plan = to(Goal::Migrate, &there, &all);
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    let expected = [
        "Kustomization shop/apps: it applies HelmRelease shop/web, which stays Flux's",
        "Kustomization shop/charts: it applies HelmRepository shop/charts, from which HelmRelease shop/web has its chart \
         and stays Flux's",
        "HelmRelease shop/web: the repository does not declare it",
    ];
    assert_eq!(why(&plan), expected);
    let by_chart = release("web", |value| {
        value["spec"] = json!({"chartRef": {"kind": "HelmChart", "name": "web"}});
    });
    let plan = to(Goal::Migrate, &[there[1].clone(), by_chart], &all);
    assert!(plan.steps.is_empty(), "a HelmChart may name any HelmRepository: {:?}", plan.steps);
}

#[test]
fn a_release_for_another_clusters_flux_is_needed_there() {
    let lost = vec![ObjectKey::new("helm.toolkit.fluxcd.io", "HelmRelease", "shop", "web")];
    let remote = kustomization("apps", &[WEB], |value| {
        value["spec"]["kubeConfig"] = json!({"secretRef": {"name": "edge"}});
    });
    let all = [(remote.unit.clone(), Known { lost: lost.clone(), ..Known::default() })].into();
    let plan = to(Goal::Migrate, &[remote], &all);
    assert!(why(&plan)[0].ends_with("HelmRelease.helm.toolkit.fluxcd.io shop/web"), "{:?}", why(&plan));
    let all = known(&[("kustomization", "apps", Known { lost, ..Known::default() })]);
    assert_eq!(steps(&to(Goal::Migrate, &[kustomization("apps", &[WEB], |_| {})], &all)).len(), 2);
}

#[test]
fn what_others_wait_for_in_flux_is_not_removed_before_them() {
    let waits = |value: &mut Value| value["spec"]["dependsOn"] = json!([{"name": "web"}]);
    let there = [release("db", waits), release("web", suspended)];
    let all = known(&[("helmrelease", "web", ready(rendered("web")))]);
    let plan = to(Goal::Finish, &there, &all);
    assert_eq!(steps(&plan), ["TakeOver HelmRelease shop/web"]);
    assert!(plan.steps[0].reason.ends_with("it stays, suspended: HelmRelease shop/db depends on it"));
    let both = |value: &mut Value| {
        waits(value);
        suspended(value);
    };
    let there = [release("db", both), release("web", suspended)];
    let all = known(&[
        ("helmrelease", "db", ready(rendered("db"))),
        ("helmrelease", "web", ready(rendered("web"))),
    ]);
    let removed = to(Goal::Finish, &there, &all).steps.into_iter().filter(|step| step.act == Act::Remove);
    assert_eq!(removed.count(), 2);
}

#[test]
fn one_name_of_two_kinds_can_be_told_apart() {
    let there = [kustomization("web", &[], |_| {}), release("web", |_| {})];
    let all = known(&[("helmrelease", "web", rendered("web")), ("kustomization", "web", Known::default())]);
    let only = |name: &str| {
        let plan = plan(Goal::Migrate, &there, &all, &BTreeSet::from([name.to_owned()]));
        plan.rows.iter().map(|row| row.kind.clone()).collect::<Vec<_>>()
    };
    assert_eq!(only("shop/web"), ["HelmRelease", "Kustomization"]);
    assert_eq!(only("helmrelease/shop/web"), ["HelmRelease"]);
    assert_eq!(only("Kustomization/shop/web"), ["Kustomization"]);
    assert_eq!(only("bucket/shop/web"), Vec::<String>::new());
}

#[test]
fn nothing_of_a_release_is_written_but_whether_it_is_suspended() {
    let one = release("web", |value| value["spec"]["suspend"] = json!(false));
    let before = Before { suspend: Some(false), ..Before::default() };
    assert_eq!(suspend(&one, &before, "now")["spec"], json!({"suspend": true}));
    assert_eq!(retain(&one)["spec"], json!({"suspend": true}));
    assert_eq!(restore(&one, &before)["spec"], json!({"suspend": false}));
    assert_eq!(restore(&one, &Before::default())["spec"], json!({"suspend": null}));
}
