//! A HelmRelease whose chart lies in the platform repository, from the first commit to the last.

use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::{World, inventory};

on_both_wires! { a_release_is_installed_upgraded_fed_and_removed }

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";

const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: charted}
spec:
  interval: 10m
  driftDetection: {mode: enabled}
  chart: {spec: {chart: ./charted/chart, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}
  valuesFrom: [{kind: ConfigMap, name: settings}, {kind: Secret, name: secrets}]
";

fn template(name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  labels: {{helm.sh/chart: web}}\ndata:\n  value: {value}\n"
    )
}

/// The cluster's own, of what the chart looks up and is told by reference.
fn tell(world: &World, looked_up: &str) {
    let objects = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: given, namespace: charted}}\ndata: {{value: {looked_up}}}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings, namespace: charted}}\ndata: {{values.yaml: 'greeting: hello'}}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {{name: secrets, namespace: charted}}\nstringData: {{values.yaml: 'password: canary-of-a-chart'}}\n"
    );
    world.kubectl_with(&["apply", "-f", "-"], &objects).expect_success();
}

fn a_release_is_installed_upgraded_fed_and_removed(world: &mut World) {
    world.tenant("charted");
    tell(world, "here");
    let files = [
        ("Chart.yaml", CHART.to_owned()),
        ("values.yaml", "greeting: nothing\n".to_owned()),
        ("templates/web.yaml", template("web", "{{ .Values.greeting }} {{ .Release.Name }}")),
        ("templates/leaves.yaml", template("leaves", "x")),
        ("templates/secret.yaml", template("secret", "{{ .Values.password | b64enc }}")),
        (
            "templates/seen.yaml",
            template(
                "seen",
                "{{ (lookup \"v1\" \"ConfigMap\" .Release.Namespace \"given\").data.value }} on {{ .Capabilities.KubeVersion.Major }}",
            ),
        ),
    ];
    for (name, text) in &files {
        world.repository.write(&format!("charted/chart/{name}"), text);
    }
    world.repository.module("charted", "flux", &[], RELEASE);
    world.repository.module("charted", "stays", &[], &config_map("charted", "stays", "as it is"));
    let commit = world.repository.commit("A chart and its release");
    let unit = world.has_applied("helmrelease/charted/web", &commit);
    assert_eq!(
        inventory(&unit),
        ["leaves", "secret", "seen", "web"].map(|name| format!("ConfigMap/charted/{name}"))
    );
    world.config_map_is("charted", "web", "hello web");
    world.config_map_is("charted", "seen", "here on 1");
    let live = world.object("configmap", "charted", "web").expect("it is there");
    assert_eq!(live["metadata"]["labels"]["app.kubernetes.io/managed-by"], "Helm");
    assert_eq!(live["metadata"]["annotations"]["meta.helm.sh/release-namespace"], "charted");

    // What it looks up changes, and nothing in Git.
    tell(world, "there");
    world.config_map_is("charted", "seen", "there on 1");

    // An upgrade: a plan says it first, without a word of the secret.
    world
        .repository
        .write("charted/chart/templates/web.yaml", &template("web", "{{ .Values.greeting }} again"));
    world
        .repository
        .write("charted/chart/templates/secret.yaml", &template("secret", "{{ .Values.password }}"));
    world.repository.remove("charted/chart/templates/leaves.yaml");
    let path = world.repository.path.display().to_string();
    world.repository.propose("charted-next", "An upgrade");
    let planned = world.mainstay(&["plan", &path, "--branch", "charted-next"]);
    for said in ["ConfigMap charted/web", "ConfigMap charted/leaves", "ConfigMap charted/secret"] {
        assert!(planned.stdout.contains(said), "{said}\n{}\n{}", planned.stdout, planned.stderr);
    }
    assert!(!planned.stdout.contains("canary") && !planned.stderr.contains("canary"), "{}", planned.stdout);
    let commit = world.repository.merge("charted-next");
    world.has_applied("helmrelease/charted/web", &commit);
    world.config_map_is("charted", "web", "hello again");
    world.config_map_is_gone("charted", "leaves");

    world.repository.remove("charted/flux.yaml");
    world.repository.remove("charted/flux");
    world.repository.commit("No release any more");
    world.config_map_is_gone("charted", "web");
    let given = world.config_map("charted", "given").0;
    assert_eq!(given, "there", "what is not the chart's stays");
    assert!(!world.log().contains("canary-of-a-chart"));
}
