//! A chart that only the real Helm renders: refused, allowed by the Platform and by who starts Mainstay, applied.

use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::{World, inventory};

on_both_wires! { a_chart_is_left_to_helm_where_the_platform_and_its_operator_say_so }

const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: web
  namespace: confined
  annotations: {mainstay.dev/renderer: native}
spec:
  interval: 10m
  driftDetection: {mode: enabled}
  chart: {spec: {chart: ./confined/chart, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}
  valuesFrom: [{kind: Secret, name: secrets}]
";

/// Deeper than Mainstay lets templates call each other, and not too deep for Helm.
const DEEP: &str =
    "{{- define \"down\" }}{{ if . }}{{ include \"down\" (sub . 1) }}{{ else }}deep{{ end }}{{ end -}}
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {value: '{{ include \"down\" 300 }}'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: secret}
data: {value: '{{ .Values.password | b64enc }}'}
";

const PLATFORM: &str =
    "apiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {name: p}\nspec: {helm: {exec: true}}\n";

fn a_chart_is_left_to_helm_where_the_platform_and_its_operator_say_so(world: &mut World) {
    world.tenant("confined");
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: secrets, namespace: confined}\nstringData: {values.yaml: 'password: canary-of-a-helm'}\n";
    world.kubectl_with(&["apply", "-f", "-"], secret).expect_success();
    let chart = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
    world.repository.write("confined/chart/Chart.yaml", chart);
    world.repository.write("confined/chart/templates/all.yaml", DEEP);
    world.repository.module("confined", "flux", &[], RELEASE);
    world.repository.module("confined", "stays", &[], &config_map("confined", "stays", "as it is"));
    world.repository.commit("A chart that is too deep");
    let unit = world.is("helmrelease/confined/web", "Failed");
    let message = unit["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("more than 100 deep"), "{message}");
    let hint = problem(world, "MS4505")["hint"].as_str().unwrap_or_default().to_owned();
    assert!(hint.contains("mainstay.dev/renderer: exec"), "{hint}");

    let asking = RELEASE.replace("renderer: native", "renderer: exec");
    world.repository.module("confined", "flux", &[], &asking);
    let commit = world.repository.commit("It asks for the real Helm");
    world.has_read(&commit);
    let refused = problem(world, "MS4509");
    let place = refused["location"].as_str().unwrap_or_default();
    assert!(place.starts_with("confined/flux/objects.yaml:6:"), "{refused:#}");
    let path = world.repository.path.display().to_string();
    let helm = world.helm_path().display().to_string();
    let planned = world.mainstay(&["plan", &path, "--helm", &helm]);
    assert!(
        planned.stdout.contains("MS4509") && planned.stdout.contains("spec: {helm: {exec: true}}"),
        "{}",
        planned.stdout
    );
    assert_eq!(planned.status.code(), Some(1), "{}", planned.stderr);

    // A tenant's word is none.
    world.repository.write("confined/platform.yaml", PLATFORM);
    let commit = world.repository.commit("A tenant allows itself");
    world.has_read(&commit);
    assert!(world.object("configmap", "confined", "web").is_none());
    world.repository.remove("confined/platform.yaml");

    world.repository.write("platform.yaml", PLATFORM);
    let commit = world.repository.commit("The Platform allows it");
    world.has_read(&commit);
    world.until("nobody has named a program", |world| {
        let unit = world.unit("helmrelease/confined/web")?;
        let message = unit["message"].as_str().unwrap_or_default();
        if message.contains("no program is named: --helm") { Ok(()) } else { Err(message.to_owned()) }
    });

    world.run_with(&[world.wire(), "--helm", &helm]);
    let unit = world.has_applied("helmrelease/confined/web", &commit);
    assert_eq!(inventory(&unit), ["secret", "web"].map(|name| format!("ConfigMap/confined/{name}")));
    let uid = world.config_map_is("confined", "web", "deep");
    let live = world.object("configmap", "confined", "web").expect("it is there");
    assert_eq!(live["metadata"]["annotations"]["meta.helm.sh/release-name"], "web");
    let listed = world.helm(&["list", "--namespace", "confined", "--output", "json"]);
    assert!(listed.stdout.contains("\"name\":\"web\""), "{} {}", listed.stdout, listed.stderr);

    // A change: said by a plan first, without a word of the secret.
    let deeper = DEEP.replace("deep{{", "deeper{{").replace("| b64enc", "| b64enc | quote");
    world.repository.write("confined/chart/templates/all.yaml", &deeper);
    world.repository.propose("confined-next", "Deeper");
    let planned = world.mainstay(&["plan", &path, "--branch", "confined-next", "--helm", &helm]);
    assert!(planned.stdout.contains("ConfigMap confined/web"), "{}\n{}", planned.stdout, planned.stderr);
    for text in [&planned.stdout, &planned.stderr] {
        assert!(!text.contains("canary") && !text.contains("Y2FuYXJ5"), "{text}");
    }
    let commit = world.repository.merge("confined-next");
    world.has_applied("helmrelease/confined/web", &commit);
    assert_eq!(world.config_map_is("confined", "web", "deeper"), uid);

    // A restart changes nothing.
    let before =
        world.object("configmap", "confined", "web").expect("it is there")["metadata"]["resourceVersion"]
            .clone();
    world.run_with(&[world.wire(), "--helm", &helm]);
    world.has_applied("helmrelease/confined/web", &commit);
    let after = world.object("configmap", "confined", "web").expect("it is there");
    assert_eq!(after["metadata"]["resourceVersion"], before);

    // Without permission what is there stays as it is.
    world.repository.remove("platform.yaml");
    let commit = world.repository.commit("The Platform allows it no more");
    world.has_read(&commit);
    problem(world, "MS4509");
    assert_eq!(world.config_map_is("confined", "web", "deeper"), uid);

    assert!(!world.log().contains("canary-of-a-helm"));
    world.run_with(&[world.wire()]);
    world.repository.remove("confined/flux.yaml");
    world.repository.remove("confined/flux");
    let commit = world.repository.commit("Nothing of it any more");
    world.has_read(&commit);
    world.config_map_is_gone("confined", "web");
}

/// What is wrong with the revision, by its code.
#[track_caller]
fn problem(world: &mut World, code: &str) -> serde_json::Value {
    world.until(&format!("{code} is told"), |world| {
        let view = world.view()?;
        let problems = view["problems"].as_array().cloned().unwrap_or_default();
        let found = problems.iter().find(|problem| problem["code"] == *code).cloned();
        found.ok_or_else(|| format!("{problems:?}"))
    })
}
