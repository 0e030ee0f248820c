//! HelmReleases, from Flux to Mainstay and back. Flux's controllers do not run: the real helm releases in helm-controller's
//! place, and the test answers as the controllers would, after their source.

use crate::helm::{history, history_is};
use crate::migrate::{DEFINITION, ends, migrate};
use crate::on_both_wires;
use crate::world::World;
use mainstay_harness::{Output, SweptFolder};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

on_both_wires! { what_helm_controller_runs_is_taken_over_given_back_and_taken_over_for_good_without_a_restart }

const NAMESPACE: &str = "releasing";
/// As helm-controller composes it of the target namespace and the name.
const RELEASE: &str = "releasing-web";
const APPS: &str = "kustomization/releasing/apps";
const WEB: &str = "helmrelease/releasing/web";
const KUSTOMIZATIONS: &str = "kustomizations.kustomize.toolkit.fluxcd.io";
const HELM_RELEASES: &str = "helmreleases.helm.toolkit.fluxcd.io";
const BRANCH: &str = "leave-helm-controller";

/// Helm, with the labels that helm-controller's post-renderer sets, and with its name as the owner of fields.
struct Controller {
    folder: SweptFolder,
}

impl Controller {
    fn new() -> Self {
        let folder = SweptFolder::create("mainstay-helm-controller-").expect("a folder");
        let labels =
            "labels: {helm.toolkit.fluxcd.io/name: web, helm.toolkit.fluxcd.io/namespace: releasing}";
        let script = folder.path.join("labels");
        let text =
            format!("#!/bin/sh\nexec sed 's#metadata: {{name: web}}#metadata: {{name: web, {labels}}}#'\n");
        std::fs::write(&script, text).expect("a file");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("its mode");
        Self { folder }
    }

    fn release(&self, world: &World, value: &str) {
        let place = world.repository.path.join("releasing/chart").display().to_string();
        let labels = self.folder.path.join("labels").display().to_string();
        let value = format!("value={value}");
        let how = ["upgrade", "--install", RELEASE, &place, "-n", NAMESPACE, "--no-hooks", "--set", &value];
        world.helm(&[&how[..], &["--post-renderer", &labels]].concat()).expect_success();
        for kind in ["configmap", "deployment"] {
            let mut managers = managed(world, kind)["metadata"]["managedFields"].clone();
            for entry in
                managers.as_array_mut().expect("a list").iter_mut().filter(|e| e["manager"] == "helm")
            {
                entry["manager"] = json!("helm-controller");
            }
            let patch = json!({"metadata": {"managedFields": managers}}).to_string();
            let place = ["patch", kind, "web", "-n", NAMESPACE, "--type=merge", "-p", &patch];
            world.kubectl(&place).expect_success();
        }
    }
}

fn managed(world: &World, kind: &str) -> Value {
    let arguments = ["get", kind, "web", "-n", NAMESPACE, "-o", "json", "--show-managed-fields"];
    serde_json::from_str(&world.kubectl(&arguments).expect_success()).expect("kubectl prints JSON")
}

fn chart(world: &World) {
    let write = |file: &str, text: &str| world.repository.write(&format!("releasing/chart/{file}"), text);
    write("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    write("values.yaml", "value: nothing\n");
    let config =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {value: \"{{ .Values.value }}\"}\n";
    write("templates/web.yaml", config);
    write(
        "templates/server.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  \
         template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: x, image: registry.example.com/x}]}\n",
    );
    write(
        "templates/job.yaml",
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migration, annotations: {helm.sh/hook: \"pre-install,pre-upgrade\"}}\n\
         spec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: x, image: registry.example.com/x}]}}}\n",
    );
}

fn release(name: &str, more: &str) -> String {
    format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: {name}, namespace: releasing{more}}}\n\
         spec:\n  interval: 10m\n  targetNamespace: releasing\n  driftDetection: {{mode: enabled}}\n  values: {{value: first}}\n  \
         chart:\n    spec:\n      chart: ./releasing/chart\n      \
         sourceRef: {{kind: GitRepository, name: flux-system, namespace: flux-system}}\n"
    )
}

fn kustomization(more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: apps, namespace: releasing{more}}}\n\
         spec:\n  interval: 10m\n  prune: true\n  path: ./releasing/apps\n  \
         sourceRef: {{kind: GitRepository, name: flux-system, namespace: flux-system}}\n"
    )
}

/// What Flux has: a Kustomization that applies a HelmRelease, and a HelmRelease of nobody's.
fn flux(world: &mut World) {
    let finalized = ", finalizers: [finalizers.fluxcd.io]";
    let definition = DEFINITION
        .replace("kustomize.toolkit", "helm.toolkit")
        .replace("Kustomization", "HelmRelease")
        .replace("kustomization", "helmrelease")
        .replace("name: v1", "name: v2");
    for (kind, text) in [(KUSTOMIZATIONS, DEFINITION), (HELM_RELEASES, &definition)] {
        world.kubectl_with(&["apply", "-f", "-"], text).expect_success();
        world
            .kubectl(&["wait", "--for=condition=Established", "--timeout=60s", "crd", kind])
            .expect_success();
    }
    let objects = [kustomization(finalized), release("web", finalized), release("foreign", finalized)];
    for object in objects {
        world.until("the kind is served", |world| {
            let made = world.kubectl_with(&["apply", "-f", "-"], &object);
            if made.success() { Ok(()) } else { Err(made.stderr) }
        });
    }
    let entries = json!([{"id": "releasing_web_helm.toolkit.fluxcd.io_HelmRelease", "v": "v2"}]);
    says(world, KUSTOMIZATIONS, "apps", json!({"inventory": {"entries": entries}}));
    says(world, HELM_RELEASES, "foreign", json!({}));
    has_released(world, 1);
}

/// As helm-controller notes what it has released.
fn has_released(world: &World, number: u64) {
    let history = json!([{
        "name": RELEASE, "namespace": NAMESPACE, "version": number, "status": "deployed", "chartName": "web",
        "chartVersion": "1.0.0", "digest": "sha256:0", "configDigest": "sha256:0",
    }]);
    let status =
        json!({"storageNamespace": NAMESPACE, "helmChart": "flux-system/releasing-web", "history": history});
    says(world, HELM_RELEASES, "web", status);
}

fn says(world: &World, kind: &str, name: &str, mut status: Value) {
    let ready = json!([{"type": "Ready", "status": "True", "reason": "Succeeded", "message": "Applied"}]);
    status["conditions"] = ready;
    patch_status(world, kind, name, &status);
}

fn patch_status(world: &World, kind: &str, name: &str, status: &Value) {
    let patch = json!({"status": status}).to_string();
    let place = ["-n", NAMESPACE, "--subresource=status", "--type=merge", "-p", &patch];
    world.kubectl(&[&["patch", kind, name][..], &place].concat()).expect_success();
}

fn live(world: &World, kind: &str, name: &str) -> Value {
    world.object(kind, NAMESPACE, name).unwrap_or_default()
}

/// As both controllers answer what they were asked.
fn answer(world: &World) {
    for (kind, name) in [(KUSTOMIZATIONS, "apps"), (HELM_RELEASES, "web")] {
        let asked =
            live(world, kind, name)["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"].clone();
        assert!(asked.is_string(), "{name} was asked nothing");
        patch_status(world, kind, name, &json!({"lastHandledReconcileAt": asked}));
    }
}

/// As a controller does at the end of a deletion.
fn let_go(world: &World, kind: &str, name: &str) {
    let patch = r#"{"metadata":{"finalizers":null}}"#;
    world.kubectl(&["patch", kind, name, "-n", NAMESPACE, "--type=merge", "-p", patch]).expect_success();
}

/// What would show that a pod was made anew, and what Helm reads.
fn untouched(world: &World) -> Value {
    let server = live(world, "deployment", "web");
    let record = live(world, "secret", "sh.helm.release.v1.releasing-web.v2");
    let replicas =
        world.kubectl(&["get", "replicasets,pods", "-n", NAMESPACE, "-o", "name"]).expect_success();
    json!({
        "uid": server["metadata"]["uid"], "spec": server["spec"], "replicas": replicas,
        "record": record["data"], "labels": record["metadata"]["labels"],
    })
}

#[track_caller]
fn steps(output: &Output) -> Vec<String> {
    let json: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let one = |step: &Value| {
        let text = |field: &str| step[field].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", text("act"), text("kind"), text("name"))
    };
    json["steps"].as_array().expect("steps").iter().map(one).collect()
}

fn what_helm_controller_runs_is_taken_over_given_back_and_taken_over_for_good_without_a_restart(
    world: &mut World,
) {
    world.tenant(NAMESPACE);
    chart(world);
    let controller = Controller::new();
    controller.release(world, "older");
    flux(world);
    // Not on the branch that the daemon follows: it would adopt at once.
    world.repository.commit("A tenant");
    world.repository.module(NAMESPACE, "flux", &[], &kustomization(""));
    world.repository.write("releasing/apps/web.yaml", &release("web", ""));
    world.repository.propose(BRANCH, "What Flux applies");
    chart(world);
    let branched = |more: &[&'static str]| [&["--branch", BRANCH][..], more].concat();

    let early = migrate(world, &branched(&[]));
    let says = [
        "Helm has deployed something else than Mainstay would; otherwise would be: the values, ConfigMap web",
        "it applies HelmRelease releasing/web, which stays Flux's",
        "the repository does not declare it",
        "Nothing to do",
    ];
    ends(&early, 0, &says);

    controller.release(world, "first");
    let since = migrate(world, &branched(&[]));
    ends(
        &since,
        0,
        &["Helm's newest record of releasing-web is 2, Flux released 1: somebody else has since"],
    );
    has_released(world, 2);
    let before = (live(world, KUSTOMIZATIONS, "apps"), live(world, HELM_RELEASES, "web"));
    let was = untouched(world);

    let shown = migrate(world, &branched(&["-o", "json"]));
    let expected = [
        "suspend Kustomization releasing/apps",
        "confirm Kustomization releasing/apps",
        "suspend HelmRelease releasing/web",
        "confirm HelmRelease releasing/web",
    ];
    assert_eq!(steps(&shown), expected, "{}{}", shown.stdout, shown.stderr);
    let unanswered = migrate(world, &branched(&["--yes"]));
    ends(&unanswered, 3, &["kustomize-controller has not answered", "helm-controller has not answered"]);
    answer(world);
    ends(&migrate(world, &branched(&["--yes"])), 0, &["Done", "no daemon has looked at it yet"]);

    let commit = world.repository.merge(BRANCH);
    world.has_applied(APPS, &commit);
    world.has_applied(WEB, &commit);
    world.until("Helm's record is the unit's", |world| {
        let record = live(world, "secret", "sh.helm.release.v1.releasing-web.v2");
        match record["metadata"]["annotations"]["mainstay.dev/unit"].as_str() {
            Some(WEB) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    assert_eq!(untouched(world), was, "neither the Deployment nor what Helm reads has changed");
    assert_eq!(world.object("job", NAMESPACE, "migration"), None, "nothing was upgraded");
    assert_eq!(
        history(world, RELEASE, NAMESPACE),
        [(1, "superseded".to_owned()), (2, "deployed".to_owned())]
    );

    given_back(world, &before);
    assert_eq!(untouched(world), was, "helm-controller finds its own record, and has nothing to do");
    again(world);
    for_good(world);
    assert_eq!(untouched(world), was, "the end restarts nothing either");
    upgraded(world);

    let_go(world, HELM_RELEASES, "foreign");
    world.kubectl(&["delete", "crd", KUSTOMIZATIONS, HELM_RELEASES]).expect_success();
}

/// Only what Mainstay does not hold, and as it was.
fn given_back(world: &mut World, before: &(Value, Value)) {
    ends(&migrate(world, &["--undo", "--yes"]), 1, &["mainstay suspend helmrelease/releasing/web"]);
    assert_eq!(live(world, HELM_RELEASES, "web")["spec"]["suspend"], true, "nothing has been done");
    for unit in [APPS, WEB] {
        ends(&world.mainstay(&["suspend", unit]), 0, &[]);
        world.is(unit, "Suspended");
    }
    let undone = migrate(world, &["--undo", "--yes"]);
    ends(
        &undone,
        0,
        &["restore HelmRelease releasing/web: as it was before: spec.suspend absent", "given back to Flux"],
    );
    let place = |text: &str| undone.stdout.find(text).expect("a step");
    assert!(place("restore HelmRelease") < place("restore Kustomization"), "{}", undone.stdout);
    let after = (live(world, KUSTOMIZATIONS, "apps"), live(world, HELM_RELEASES, "web"));
    assert_eq!((&after.0["spec"], &after.1["spec"]), (&before.0["spec"], &before.1["spec"]));
    assert!(!after.1.to_string().contains("mainstay.dev"), "{:#}", after.1);
}

fn again(world: &mut World) {
    for unit in [APPS, WEB] {
        ends(&world.mainstay(&["resume", unit]), 0, &[]);
        world.is(unit, "Held");
    }
    ends(&migrate(world, &["--yes"]), 3, &["suspend HelmRelease releasing/web"]);
    answer(world);
    ends(&migrate(world, &["--yes"]), 0, &["Done"]);
    world.is(APPS, "Ready");
    world.is(WEB, "Ready");
}

fn for_good(world: &mut World) {
    let shown = migrate(world, &["--finish"]);
    ends(
        &shown,
        2,
        &["take over the objects of HelmRelease releasing/web", "without uninstalling: its 2 objects stay"],
    );
    // Each waits for its controller to let go.
    ends(&migrate(world, &["--finish", "--yes"]), 3, &["kustomize-controller has not let go of it"]);
    let_go(world, KUSTOMIZATIONS, "apps");
    let removed = migrate(world, &["--finish", "--yes"]);
    ends(&removed, 3, &["helm-controller has not let go of it"]);
    assert_eq!(
        live(world, HELM_RELEASES, "web")["spec"]["suspend"],
        true,
        "its finalizer uninstalls nothing"
    );
    let_go(world, HELM_RELEASES, "web");
    ends(&migrate(world, &["--finish", "--yes"]), 0, &["Done"]);
    for name in ["web", "foreign"] {
        let there = world.object(HELM_RELEASES, NAMESPACE, name).is_some();
        assert_eq!(there, name == "foreign", "{name}");
    }
    let server = managed(world, "deployment");
    let managers = server["metadata"]["managedFields"].to_string();
    assert!(managers.contains("mainstay") && !managers.contains("helm-controller"), "{managers}");
    assert!(!server["metadata"]["labels"].to_string().contains("fluxcd"), "{server:#}");
}

/// Helm's history goes on, and what leaves the chart leaves the object.
fn upgraded(world: &mut World) {
    let values = release("web", "").replace("value: first", "value: second");
    world.repository.write("releasing/apps/web.yaml", &values);
    let write = |file: &str, text: &str| world.repository.write(&format!("releasing/chart/{file}"), text);
    write("templates/job.yaml", "");
    write("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.1.0\n");
    let commit = world.repository.commit("An upgrade");
    world.has_applied(WEB, &commit);
    world.config_map_is(NAMESPACE, "web", "second");
    history_is(world, RELEASE, NAMESPACE, &[(1, "superseded"), (2, "superseded"), (3, "deployed")]);
}
