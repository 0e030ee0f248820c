//! Public platform repositories with charts, from the first commit until everything is ready. Their charts are small ones
//! of the same names and versions, from a registry on this machine.

use crate::on_both_wires;
use crate::registry::{self, Offer};
use crate::world::World;
use mainstay_harness::corpora_or_skip;
use serde_json::Value;
use std::fs;
use std::path::Path;

on_both_wires! { charts_of_flux_example, charts_of_infraflux }

/// Deployments of the parts, definitions of the kinds (`plural Kind group/version scope`), and a ConfigMap that tells with
/// which values the chart was rendered.
fn chart<'a>(place: &'a str, name: &'a str, version: &'a str, parts: &[&str], kinds: &[&str]) -> Offer<'a> {
    let mut files = vec![(
        "templates/told.yaml".to_owned(),
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Chart.Name }}-told\ndata:\n  value: {{ toJson .Values | quote }}\n"
            .to_owned(),
    )];
    for part in parts {
        let deployment = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {part}\nspec:\n  selector: {{matchLabels: {{app: {part}}}}}\n  \
             template:\n    metadata: {{labels: {{app: {part}}}}}\n    spec: {{containers: [{{name: main, image: 'example.com/{part}:1'}}]}}\n"
        );
        files.push((format!("templates/{part}.yaml"), deployment));
    }
    for kind in kinds {
        let words: Vec<&str> = kind.split(' ').collect();
        let [plural, kind, version, scope] = words[..] else { panic!("not a kind: {kind}") };
        let (group, version) = version.split_once('/').expect("a group and a version");
        let definition = format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: {plural}.{group}\n  \
             annotations: {{api-approved.kubernetes.io: 'https://example.com'}}\nspec:\n  \
             group: {group}\n  scope: {scope}\n  names: {{plural: {plural}, kind: {kind}}}\n  versions:\n  - name: {version}\n    \
             served: true\n    storage: true\n    subresources: {{status: {{}}}}\n    \
             schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}\n"
        );
        files.push((format!("crds/{plural}.yaml"), definition));
    }
    Offer { place, name, version, files }
}

/// Everything below a folder of the corpora becomes the repository, its registries being ours.
fn copy(from: &Path, to: &Path, change: &dyn Fn(String) -> String) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to, change);
        } else {
            fs::write(to, change(fs::read_to_string(from).expect("text"))).expect("a file");
        }
    }
}

/// Waits until these units, and all others, are ready.
fn are_ready(world: &mut World, ids: &[&str]) {
    world.until("every unit is ready", |world| {
        let units = world.units()?;
        if let Some(missing) = ids.iter().find(|id| !units.iter().any(|unit| unit["id"] == **id)) {
            return Err(format!("there is no {missing}"));
        }
        let waiting = units.iter().filter(|unit| unit["phase"] != "Ready");
        let said: Vec<String> =
            waiting.map(|unit| format!("{} is {}: {}", unit["id"], unit["phase"], unit["message"])).collect();
        if said.is_empty() { Ok(()) } else { Err(said.join("\n")) }
    });
}

/// What a chart was rendered with.
fn told(world: &World, namespace: &str, chart: &str) -> Value {
    let (value, _) = world.config_map(namespace, &format!("{chart}-told"));
    serde_json::from_str(&value).unwrap_or_else(|error| panic!("{chart} says {value:?}: {error}"))
}

/// As its controller would say it, once it is there.
fn becomes_ready(world: &mut World, kind: &str, name: &str) {
    let status = r#"{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Succeeded","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}"#;
    world.until(&format!("{kind} {name} is there"), |world| {
        let patch = ["patch", kind, name, "--subresource=status", "--type=merge", "-p", status];
        let output = world.kubectl(&patch);
        if output.success() { Ok(()) } else { Err(output.stderr) }
    });
}

/// What the real Helm lists in all namespaces, in their order.
fn releases(world: &World) -> Vec<String> {
    let listed = world.helm(&["list", "--all-namespaces", "-o", "json"]).expect_success();
    let listed: Value = serde_json::from_str(&listed).expect("helm prints JSON");
    let text = |release: &Value| {
        let said = |field: &str| release[field].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", said("name"), said("chart"), said("status"))
    };
    listed.as_array().expect("a list").iter().map(text).collect()
}

fn charts_of_flux_example(world: &mut World) {
    let Some(corpora) = corpora_or_skip("charts_of_flux_example") else { return };
    let mut world = world.another();
    let address = registry::open(
        world.helm_path(),
        &[
            chart(
                "oci://quay.io/jetstack/charts/cert-manager",
                "cert-manager",
                "v1.19.1",
                &["cert-manager", "cert-manager-webhook"],
                &["clusterissuers ClusterIssuer cert-manager.io/v1 Cluster"],
            ),
            chart(
                "oci://docker.io/envoyproxy/gateway-helm",
                "gateway-helm",
                "1.8.0-rc.1",
                &["envoy-gateway"],
                &[
                    "gatewayclasses GatewayClass gateway.networking.k8s.io/v1 Cluster",
                    "gateways Gateway gateway.networking.k8s.io/v1 Namespaced",
                ],
            ),
            chart("https://stefanprodan.github.io/podinfo", "podinfo", "6.9.2", &["podinfo"], &[]),
        ],
    );
    let ours = |text: String| {
        let text = text
            .replace("https://stefanprodan.github.io", &format!("http://{address}/stefanprodan.github.io"));
        let text =
            text.replace("url: oci://quay.io", &format!("insecure: true\n  url: oci://{address}/quay.io"));
        text.replace("url: oci://docker.io", &format!("insecure: true\n  url: oci://{address}/docker.io"))
    };
    copy(&corpora.join("repos/flux2-kustomize-helm-example"), &world.repository.path, &ours);
    world.repository.commit("Flux's example");
    world.run_with(&[world.wire(), "--path", "clusters/staging"]);
    let units = [
        "kustomization/flux-system/infra-controllers",
        "kustomization/flux-system/infra-configs",
        "kustomization/flux-system/apps",
        "helmrelease/cert-manager/cert-manager",
        "helmrelease/envoy-gateway-system/envoy-gateway",
        "helmrelease/podinfo/podinfo",
    ];
    are_ready(&mut world, &units);
    assert_eq!(
        releases(&world),
        [
            "cert-manager cert-manager-v1.19.1 deployed",
            "envoy-gateway gateway-helm-1.8.0-rc.1 deployed",
            "podinfo podinfo-6.9.2 deployed",
        ]
    );
    // The overlay's patch of a HelmRelease's values.
    assert_eq!(told(&world, "podinfo", "podinfo")["httpRoute"]["hostnames"][0], "podinfo.staging");
    assert_eq!(told(&world, "cert-manager", "cert-manager")["config"]["enableGatewayAPI"], true);
    let issuer = world.object("clusterissuer", "", "letsencrypt").expect("it was applied");
    assert_eq!(issuer["spec"]["acme"]["server"], "https://acme-staging-v02.api.letsencrypt.org/directory");
    let plan =
        world.mainstay(&["plan", "--path", "clusters/staging", &world.repository.path.display().to_string()]);
    assert!(plan.success(), "nothing is left to do: {}{}", plan.stdout, plan.stderr);
}

fn charts_of_infraflux(world: &mut World) {
    let Some(corpora) = corpora_or_skip("charts_of_infraflux") else { return };
    let mut world = world.another();
    let kyverno = ["kyverno", "kyverno-background-controller", "kyverno-cleanup-controller"];
    let address = registry::open(
        world.helm_path(),
        &[
            chart("https://helm.cilium.io", "cilium", "1.14.9", &[], &[]),
            chart("https://helm.cilium.io", "cilium", "1.15.7", &["cilium-operator"], &[]),
            chart(
                "https://kubernetes-sigs.github.io/external-dns",
                "external-dns",
                "1.14.4",
                &["external-dns"],
                &[],
            ),
            chart(
                "https://charts.jetstack.io",
                "cert-manager",
                "v1.19.1",
                &["cert-manager", "cert-manager-cainjector", "cert-manager-webhook"],
                &[],
            ),
            chart(
                "https://kyverno.github.io/kyverno",
                "kyverno",
                "3.2.6",
                &kyverno,
                &["clusterpolicies ClusterPolicy kyverno.io/v1 Cluster"],
            ),
            chart(
                "https://charts.external-secrets.io",
                "external-secrets",
                "0.9.13",
                &["external-secrets"],
                &["clustersecretstores ClusterSecretStore external-secrets.io/v1beta1 Cluster"],
            ),
            chart("https://stefanprodan.github.io/podinfo", "podinfo", "6.9.2", &["podinfo"], &[]),
        ],
    );
    // Its own faults mended: three sources and a file that are missing.
    let ours = |text: String| {
        let text = text.replace("url: https://", &format!("url: http://{address}/"));
        let text = text.replace("\n  - secret-external-dns-demo.yaml", "");
        let lacks = text.contains("kind: Kustomization\n")
            && text.contains("\n  prune: true\n")
            && !text.contains("sourceRef:");
        if lacks {
            text.replace(
                "\n  prune: true\n",
                "\n  prune: true\n  sourceRef: {kind: GitRepository, name: flux-system}\n",
            )
        } else {
            text
        }
    };
    copy(&corpora.join("repos/infraflux"), &world.repository.path, &ours);
    world.repository.commit("infraflux");
    world.run_with(&[world.wire()]);
    becomes_ready(&mut world, "clusterpolicy", "verify-images-audit");
    becomes_ready(&mut world, "clustersecretstore", "generic-secretstore");
    let units = [
        "kustomization/flux-system/bootstrap-namespaces",
        "kustomization/flux-system/kyverno",
        "helmrelease/kube-system/cilium",
        "helmrelease/external-dns/external-dns",
        "helmrelease/podinfo/podinfo",
    ];
    are_ready(&mut world, &units);
    assert_eq!(
        releases(&world),
        [
            "cert-manager cert-manager-v1.19.1 deployed",
            "cilium cilium-1.15.7 deployed",
            "external-dns external-dns-1.14.4 deployed",
            "external-secrets external-secrets-0.9.13 deployed",
            "kyverno kyverno-3.2.6 deployed",
            "podinfo podinfo-6.9.2 deployed",
        ]
    );
    assert_eq!(told(&world, "podinfo", "podinfo")["ui"]["color"], "#0ea5e9");
    assert_eq!(told(&world, "kube-system", "cilium")["operator"]["replicas"], 1);
    let plan = world.mainstay(&["plan", &world.repository.path.display().to_string()]);
    assert!(plan.success(), "nothing is left to do: {}{}", plan.stdout, plan.stderr);
}
