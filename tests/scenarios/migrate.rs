//! From Flux to Mainstay and back. Flux's controllers do not run: the test does what they would, after their source.

use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::World;
use mainstay_harness::Output;
use serde_json::{Value, json};

on_both_wires! {
    what_flux_applies_is_taken_over_given_back_and_taken_over_for_good_without_a_recreate,
}

const KIND: &str = "kustomizations.kustomize.toolkit.fluxcd.io";
const UNIT: &str = "kustomization/leaving/web";

/// As much of Flux's definition as a client can see.
pub const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: kustomizations.kustomize.toolkit.fluxcd.io}
spec:
  group: kustomize.toolkit.fluxcd.io
  names: {kind: Kustomization, listKind: KustomizationList, plural: kustomizations, singular: kustomization}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, x-kubernetes-preserve-unknown-fields: true}
            status: {type: object, x-kubernetes-preserve-unknown-fields: true}
";

fn kustomization(name: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: leaving{more}}}\n\
         spec:\n  interval: 10m\n  retryInterval: 2s\n  prune: true\n  path: ./leaving/{name}\n  \
         sourceRef: {{kind: GitRepository, name: flux-system, namespace: flux-system}}\n---\n"
    )
}

/// As kustomize-controller applies it.
fn applied(world: &World, kustomization: &str, name: &str, data: &[(&str, &str)]) {
    let data: Value = data.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let labels = json!({
        "kustomize.toolkit.fluxcd.io/name": kustomization, "kustomize.toolkit.fluxcd.io/namespace": "leaving",
    });
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "leaving", "labels": labels},
        "data": data,
    });
    let how =
        ["apply", "--server-side", "--force-conflicts", "--field-manager", "kustomize-controller", "-f", "-"];
    world.kubectl_with(&how, &object.to_string()).expect_success();
}

/// As kustomize-controller answers a request, in a pass that applies nothing.
fn answer(world: &World) {
    let asked = live(world)["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"].clone();
    assert!(asked.is_string(), "nothing was asked");
    status(world, "web", &json!({"lastHandledReconcileAt": asked}));
}

fn status(world: &World, name: &str, status: &Value) {
    let patch = json!({"status": status}).to_string();
    world
        .kubectl(&[
            "patch",
            KIND,
            name,
            "-n",
            "leaving",
            "--subresource=status",
            "--type=merge",
            "-p",
            &patch,
        ])
        .expect_success();
}

fn live(world: &World) -> Value {
    world.object(KIND, "leaving", "web").unwrap_or_default()
}

fn config(world: &World) -> Value {
    let arguments = ["get", "configmap", "web", "-n", "leaving", "-o", "json", "--show-managed-fields"];
    serde_json::from_str(&world.kubectl(&arguments).expect_success()).expect("kubectl prints JSON")
}

fn managers(object: &Value) -> Vec<&str> {
    let entries = object["metadata"]["managedFields"].as_array().expect("managers");
    entries.iter().filter_map(|entry| entry["manager"].as_str()).collect()
}

pub fn migrate(world: &World, more: &[&str]) -> Output {
    let repository = world.repository.path.display().to_string();
    let patience: &[&str] = if more.contains(&"--timeout") { &[] } else { &["--timeout", "1"] };
    world.mainstay(&[&["migrate", "flux", &repository], patience, more].concat())
}

#[track_caller]
pub fn ends(output: &Output, code: i32, says: &[&str]) {
    assert_eq!(output.status.code(), Some(code), "{}{}", output.stdout, output.stderr);
    for text in says {
        let all = format!("{}{}", output.stdout, output.stderr);
        assert!(all.contains(text), "not said: {text}\n{all}");
    }
}

fn what_flux_applies_is_taken_over_given_back_and_taken_over_for_good_without_a_recreate(world: &mut World) {
    world.tenant("leaving");
    ends(&migrate(world, &[]), 3, &["there is no Flux on this cluster", "--kubeconfig"]);
    flux(world);
    declared_on_a_branch(world);
    let (before, object) = (live(world), config(world));
    let uid = object["metadata"]["uid"].clone();
    let branch = ["--branch", "leave-flux"];
    let branched = |more: &[&'static str]| [&branch[..], more].concat();

    let shown = migrate(world, &branched(&[]));
    let says = [
        "suspend Kustomization leaving/web",
        "Nothing has been changed",
        "the repository does not declare it",
    ];
    ends(&shown, 2, &says);
    assert!(!shown.stdout.contains("suspend Kustomization leaving/foreign"), "{}", shown.stdout);
    let json: Value = serde_json::from_str(&migrate(world, &branched(&["-o", "json"])).stdout).expect("JSON");
    assert_eq!(json["steps"][0]["act"], "suspend", "{json:#}");
    let standings: Vec<&Value> =
        json["rows"].as_array().expect("rows").iter().map(|r| &r["standing"]).collect();
    assert_eq!(standings, ["stays", "stays", "flux"], "{json:#}");
    assert_eq!((live(world), config(world)), (before.clone(), object.clone()), "nothing has been changed");

    let unanswered = migrate(world, &branched(&["--yes"]));
    ends(&unanswered, 3, &["suspended; what it was before", "has not answered"]);
    assert_eq!(live(world)["spec"]["suspend"], true);
    answer(world);
    ends(&migrate(world, &branched(&["--yes"])), 0, &["Done", "no daemon has looked at it yet"]);
    ends(&migrate(world, &branched(&["--finish"])), 1, &["no daemon has looked at it yet"]);

    let commit = world.repository.merge("leave-flux");
    world.has_applied(UNIT, &commit);
    let shared = config(world);
    assert_eq!(shared["metadata"]["uid"], uid);
    assert_eq!(shared["data"], object["data"]);
    assert!(managers(&shared).contains(&"mainstay") && managers(&shared).contains(&"kustomize-controller"));

    never_forced(world);

    ends(&migrate(world, &["--undo", "--yes"]), 1, &["mainstay suspend kustomization/leaving/web"]);
    assert_eq!(live(world)["spec"]["suspend"], true, "nothing has been done");
    ends(&world.mainstay(&["suspend", UNIT]), 0, &[]);
    world.is(UNIT, "Suspended");
    ends(&migrate(world, &["--undo"]), 2, &["spec.suspend absent"]);
    ends(&migrate(world, &["--undo", "--yes"]), 0, &["given back to Flux"]);
    assert_eq!(live(world)["spec"], before["spec"]);
    assert!(!live(world).to_string().contains("mainstay.dev/before-migration"));

    ends(&world.mainstay(&["resume", UNIT]), 0, &[]);
    world.is(UNIT, "Held");
    let done = std::thread::scope(|scope| {
        let seen: &World = world;
        let command = scope.spawn(|| migrate(seen, &["--yes", "--timeout", "60", "--only", "leaving/web"]));
        while live(seen)["spec"]["suspend"] != true && !command.is_finished() {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        answer(seen);
        command.join().expect("it ends")
    });
    ends(&done, 0, &["suspended; what it was before", "kustomize-controller has seen it", "Next:"]);
    for_good(world, &uid);
}

/// What Flux has: a Kustomization that the repository will declare, and one that it never will.
fn flux(world: &mut World) {
    world.kubectl_with(&["apply", "-f", "-"], DEFINITION).expect_success();
    world.kubectl(&["wait", "--for=condition=Established", "--timeout=60s", "crd", KIND]).expect_success();
    applied(world, "web", "web", &[("value", "first"), ("more", "yes")]);
    applied(world, "foreign", "foreign", &[("value", "first")]);
    applied(world, "behind", "behind", &[("value", "old")]);
    for name in ["web", "foreign", "behind"] {
        let object = kustomization(name, ", finalizers: [finalizers.fluxcd.io]");
        world.until("the kind is served", |world| {
            let made = world.kubectl_with(&["apply", "-f", "-"], &object);
            if made.success() { Ok(()) } else { Err(made.stderr) }
        });
        let inventory = json!({"entries": [{"id": format!("leaving_{name}__ConfigMap"), "v": "v1"}]});
        let ready = json!([{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "Applied"}]);
        status(world, name, &json!({"conditions": ready, "inventory": inventory}));
    }
}

/// Not on the branch that the daemon follows: it would adopt at once.
fn declared_on_a_branch(world: &World) {
    world.repository.commit("A tenant");
    let both = kustomization("web", "") + &kustomization("behind", "");
    world.repository.module("leaving", "flux", &[], &both);
    world.repository.write("leaving/behind/x.yaml", &config_map("leaving", "behind", "new"));
    let two = config_map("leaving", "web", "first").replace("\ndata:\n", "\ndata:\n  more: \"yes\"\n");
    world.repository.write("leaving/web/x.yaml", &two);
    world.repository.propose("leave-flux", "What Flux applies");
}

/// What Flux applies is left alone; what it has applied otherwise and applies no more is told, and not forced.
fn never_forced(world: &mut World) {
    let held = world.is("kustomization/leaving/behind", "Held");
    let message = held["message"].as_str().unwrap_or_default();
    assert!(message.contains("managed by Flux"), "{message}");
    let planned = world.mainstay(&["plan", &world.repository.path.display().to_string()]).stdout;
    let left = "kustomization/leaving/behind (managed by Flux: its Kustomization leaving/behind is there and not \
        suspended: nothing of this is done)";
    assert!(planned.contains(left), "{planned}");
    suspend(world, "behind", &json!(true));
    let failed = world.is("kustomization/leaving/behind", "Failed");
    let message = failed["message"].as_str().unwrap_or_default();
    assert!(message.contains("owned by kustomize-controller"), "{message}");
    assert_eq!(world.config_map("leaving", "behind").0, "old");
    applied(world, "behind", "behind", &[("value", "new")]);
    world.is("kustomization/leaving/behind", "Ready");
    suspend(world, "behind", &Value::Null);
    world.is("kustomization/leaving/behind", "Held");
}

fn suspend(world: &World, name: &str, suspend: &Value) {
    let patch = json!({"spec": {"suspend": suspend}}).to_string();
    world.kubectl(&["patch", KIND, name, "-n", "leaving", "--type=merge", "-p", &patch]).expect_success();
}

fn for_good(world: &mut World, uid: &Value) {
    let shown = migrate(world, &["--finish"]);
    ends(
        &shown,
        2,
        &["take over the objects of Kustomization leaving/web", "remove Kustomization leaving/web"],
    );
    let removed = migrate(world, &["--finish", "--yes"]);
    ends(&removed, 3, &["1 of 1 object taken over\n", "has not let go of it"]);
    let leaving = live(world);
    assert_eq!(leaving["spec"]["suspend"], true, "a finalizer of Flux's deletes nothing");
    assert_eq!(leaving["spec"]["prune"], false, "of older releases neither");
    let_go(world, "web");
    ends(&migrate(world, &["--finish", "--yes"]), 0, &["Done"]);
    assert!(world.object(KIND, "leaving", "web").is_none());

    let ours = config(world);
    assert_eq!(&ours["metadata"]["uid"], uid);
    assert!(!managers(&ours).contains(&"kustomize-controller"), "{ours:#}");
    assert!(!ours["metadata"]["labels"].to_string().contains("fluxcd"), "{ours:#}");
    assert_eq!(ours["data"], json!({"value": "first", "more": "yes"}));
    let foreign = world.object("configmap", "leaving", "foreign").expect("it was never ours");
    assert!(foreign["metadata"]["labels"].to_string().contains("fluxcd"));
    for name in ["foreign", "behind"] {
        let other = world.object(KIND, "leaving", name).expect("it is Flux's");
        assert_eq!(other["spec"]["suspend"], Value::Null);
    }

    // What leaves Git leaves the object: nobody else owns it any more.
    world.repository.write("leaving/web/x.yaml", &config_map("leaving", "web", "second"));
    let commit = world.repository.commit("A key goes, another changes");
    world.has_applied(UNIT, &commit);
    let ours = config(world);
    assert_eq!((&ours["metadata"]["uid"], &ours["data"]), (uid, &json!({"value": "second"})));

    let_go(world, "foreign");
    let_go(world, "behind");
    world.kubectl(&["delete", "crd", KIND]).expect_success();
}

/// As kustomize-controller does at the end of a deletion.
fn let_go(world: &World, name: &str) {
    let patch = r#"{"metadata":{"finalizers":null}}"#;
    world.kubectl(&["patch", KIND, name, "-n", "leaving", "--type=merge", "-p", patch]).expect_success();
}
