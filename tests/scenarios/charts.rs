//! A HelmRelease whose chart lies in the platform repository, from the first commit to the last.

use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::{World, inventory};

on_both_wires! {
    a_release_is_installed_upgraded_fed_and_removed,
    what_an_umbrella_chart_declares_is_there_until_the_chart_says_otherwise,
}

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

const UMBRELLA: &str = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: umbrella, namespace: covered}
spec:
  interval: 10m
  chart: {spec: {chart: ./covered/umbrella, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}
";

/// A release and a folder, declared by a template, which looks for them as some do.
const DECLARES: &str = "{{- range .Values.releases }}
{{- if lookup \"helm.toolkit.fluxcd.io/v2\" \"HelmRelease\" $.Release.Namespace . }}{{ fail \"is there\" }}{{ end }}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: {{ . }}
spec:
  interval: 10m
  chart: {spec: {chart: ./covered/inner, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}
  values: {greeting: hello from {{ $.Release.Name }}}
{{- end }}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: extras
spec:
  interval: 10m
  prune: true
  path: ./covered/extras
  sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}
";

fn what_an_umbrella_chart_declares_is_there_until_the_chart_says_otherwise(world: &mut World) {
    world.tenant("covered");
    let files = [
        ("umbrella/Chart.yaml", CHART.replace("web", "umbrella")),
        ("umbrella/values.yaml", "releases: [one, two]\n".to_owned()),
        ("umbrella/templates/all.yaml", DECLARES.to_owned()),
        ("inner/Chart.yaml", CHART.replace("web", "inner")),
        ("inner/templates/all.yaml", template("{{ .Release.Name }}", "{{ .Values.greeting }}")),
        ("extras/all.yaml", config_map("covered", "extra", "a folder")),
    ];
    for (name, text) in &files {
        world.repository.write(&format!("covered/{name}"), text);
    }
    world.repository.module("covered", "flux", &[], UMBRELLA);
    let commit = world.repository.commit("An umbrella");
    for unit in ["helmrelease/covered/umbrella", "helmrelease/covered/one", "kustomization/covered/extras"] {
        world.has_applied(unit, &commit);
    }
    world.config_map_is("covered", "two", "hello from umbrella");
    world.config_map_is("covered", "extra", "a folder");

    // What can't be rendered says nothing of what it had declared.
    world.repository.write("covered/umbrella/values.yaml", "releases: 1\n");
    world.repository.commit("A mistake");
    world.is("helmrelease/covered/two", "Held");
    world.config_map_is("covered", "two", "hello from umbrella");

    world.repository.write("covered/umbrella/values.yaml", "releases: [one]\n");
    world.repository.commit("One is enough");
    world.config_map_is_gone("covered", "two");
    for unit in ["helmrelease/covered/umbrella", "helmrelease/covered/one"] {
        world.is(unit, "Ready");
    }
    world.config_map_is("covered", "one", "hello from umbrella");

    world.repository.module("covered", "stays", &[], &config_map("covered", "stays", "as it is"));
    world.repository.remove("covered/flux.yaml");
    world.repository.remove("covered/flux");
    world.repository.commit("No umbrella any more");
    for name in ["one", "extra"] {
        world.config_map_is_gone("covered", name);
    }
}
