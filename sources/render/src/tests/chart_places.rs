//! Where charts lie, and what stands beside them.
use super::charts::{
    CHART, CONFIG, found, inputs_with, one, reference, release, rendered, repository, state, value,
};
use super::{errors, id, inputs, told, tree};
use crate::{Cache, Supply, read, read_with};
use mainstay_object::ObjectKey;
use mainstay_unit::tree::TreePath;
use mainstay_unit::{Moment, Need, ReferenceKind, RenderState};
use serde_json::json;
use std::sync::Arc;

#[test]
fn links_within_the_tree_are_followed_and_others_refused() {
    let text = repository("", &[]);
    let with = |target: &str| {
        let mut files = tree(&format!("{text}=== shared/c.yaml\n{CONFIG}"));
        files.insert_symlink(TreePath::parse("charts/web/templates/c.yaml").unwrap(), target);
        read(&inputs(files))
    };
    assert_eq!(rendered(&with("../../../shared/c.yaml")).objects.len(), 1);
    for target in ["../../../../etc/passwd", "/etc/passwd", "nowhere", "c.yaml"] {
        let told = errors(&with(target));
        assert!(
            told.len() == 1 && told[0].starts_with("charts/web/templates/c.yaml MS4503"),
            "{target}: {told:?}"
        );
    }
}

#[test]
fn files_of_values_take_the_place_of_the_charts_own() {
    let with = |fields: &str| {
        let text = repository(
            "",
            &[(
                "templates/c.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {{ .Values | toJson }}\n",
            )],
        );
        let text = text.replace("chart: ./charts/web,", &format!("chart: ./charts/web, {fields},"));
        read(&inputs_with(&format!("{text}=== values/a.yaml\na: '1'\nb: '1'\n=== values/b.yaml\nb: '2'\n")))
    };
    let reading = with("valuesFiles: [values/a.yaml, ./values/b.yaml]");
    assert_eq!(value(&reading, "ConfigMap", "c")["data"], json!({"a": "1", "b": "2"}));
    let told = errors(&with("valuesFiles: [values/none.yaml]"));
    assert!(told.len() == 1 && told[0].contains("values/none.yaml"), "{told:?}");
    let reading = with("valuesFiles: [values/none.yaml, values/b.yaml], ignoreMissingValuesFiles: true");
    assert_eq!(value(&reading, "ConfigMap", "c")["data"], json!({"b": "2"}));
}

fn archive() -> mainstay_unit::ChartArchive {
    let files = [
        ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        ("values.yaml", "replicas: 7\n"),
        ("templates/c.yaml", CONFIG),
    ];
    mainstay_unit::ChartArchive {
        digest: "sha256:1".into(),
        version: "1.0.0".into(),
        files: files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into(),
        stale: None,
    }
}

#[test]
fn a_chart_of_a_registry_is_a_need_until_it_is_here() {
    let text = format!(
        "{}---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {{name: r, namespace: apps}}\nspec: {{url: 'https://user:pass@charts.example.com', secretRef: {{name: s}}}}\n",
        release("").replace(
            "chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}",
            "chart: web, version: '>=1', sourceRef: {kind: HelmRepository, name: r}",
        )
    );
    let mut inputs = inputs_with(&text);
    let reading = read(&inputs);
    let Some(Need::Chart { request, authorities }) = reading.needs.first().cloned() else {
        panic!("{:?} {:#?}", reading.needs, told(&reading))
    };
    assert_eq!(request.to_string(), "web >=1 of https://charts.example.com");
    assert_eq!(request.secret, Some(reference(ReferenceKind::Secret, "s")));
    let question = (*request, authorities);
    inputs.charts.insert(question.clone(), Supply::NotEvaluated("offline".into()));
    let RenderState::NotRendered { reason } = state(&read(&inputs)).clone() else { panic!("it is rendered") };
    assert_eq!(reason, "web >=1 of https://charts.example.com is not evaluated: offline");
    let archive = archive();
    let stale = mainstay_unit::ChartArchive { stale: Some("it does not answer".into()), ..archive.clone() };
    inputs.charts.insert(question.clone(), Supply::Here(Arc::new(stale)));
    let mut cache = Cache::default();
    for _ in 0..2 {
        let told = told(&read_with(&inputs, &mut cache));
        assert!(told.len() == 1 && told[0].contains("MS6001"), "{told:?}");
    }
    inputs.charts.insert(question, Supply::Here(Arc::new(archive)));
    let reading = read(&inputs);
    assert_eq!(told(&reading), Vec::<String>::new());
    assert_eq!(value(&reading, "ConfigMap", "web")["data"]["replicas"], "7");
    assert_eq!(found(&reading, "ConfigMap", "web").origin.to_string(), "web 1.0.0:templates/c.yaml:2:1");
}

#[test]
fn a_chart_without_the_proof_that_is_asked_for_fails_its_unit() {
    let of = |source: &str, url: &str| {
        format!(
            "{}---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {{name: r, namespace: apps}}\nspec: {{type: oci, url: '{url}'}}\n",
            release("").replace(
                "chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}",
                &format!("{source}, verify: {{provider: cosign, secretRef: {{name: k}}}}"),
            )
        )
    };
    let registry = "chart: web, version: '>=1', sourceRef: {kind: HelmRepository, name: r}";
    let mut inputs = inputs_with(&of(registry, "oci://charts.example.com"));
    let reading = read(&inputs);
    let Some(Need::Chart { request, authorities }) = reading.needs.first().cloned() else {
        panic!("{:?} {:#?}", reading.needs, told(&reading))
    };
    let keys = reference(ReferenceKind::Secret, "k");
    assert_eq!(request.verify, Some(mainstay_unit::Verification::Cosign { keys }));
    inputs.charts.insert((*request, authorities), Supply::Refused("nobody has signed it".into()));
    let reading = read(&inputs);
    let told = errors(&reading);
    assert!(
        told.len() == 1 && told[0].contains("MS6002") && told[0].contains("nobody has signed it"),
        "{told:?}"
    );
    assert!(matches!(state(&reading), RenderState::Failed { .. }), "{:?}", state(&reading));
    assert!(!reading.unread.is_empty(), "what it had declared is not gone");
    let tree =
        "chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}";
    let told = errors(&read(&inputs_with(&format!("{}{CHART}", of(tree, "oci://charts.example.com")))));
    assert!(told.len() == 1 && told[0].contains("its chart lies in a tree"), "{told:?}");
}

#[test]
fn a_signature_by_anyone_is_a_warning_as_long_as_nobody_is_named() {
    let of = |identities: &str| {
        let source = format!(
            "chart: web, sourceRef: {{kind: HelmRepository, name: r}}, verify: {{provider: cosign{identities}}}"
        );
        let release = release("").replace(
            "chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}",
            &source,
        );
        let mut inputs = inputs_with(&format!(
            "{release}---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {{name: r, namespace: apps}}\nspec: {{type: oci, url: 'oci://charts.example.com'}}\n"
        ));
        let Some(Need::Chart { request, authorities }) = read(&inputs).needs.first().cloned() else {
            panic!("a chart is needed")
        };
        let archive = Supply::Here(Arc::new(archive()));
        inputs.charts.insert((*request, authorities), archive);
        told(&read(&inputs))
    };
    let anyone = of("");
    assert!(
        anyone.len() == 1 && anyone[0].contains("MS6003 anyone may have signed the chart of "),
        "{anyone:?}"
    );
    assert_eq!(of(", matchOIDCIdentity: [{issuer: a, subject: b}]"), Vec::<String>::new());
}

#[test]
fn a_native_module_has_its_chart_in_the_repository_too() {
    let reading = read(&inputs_with(&format!(
        "=== m.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {{name: web}}\nspec: {{source: {{chart: {{path: charts/web}}}}, namespace: shop, values: {{replicas: 2}}}}\n{CHART}=== charts/web/templates/c.yaml\n{CONFIG}"
    )));
    assert_eq!(told(&reading), Vec::<String>::new());
    let RenderState::Rendered(rendered) = &reading.units[&id("module/platform/web")].state else {
        panic!("not rendered")
    };
    assert_eq!(rendered.objects[0].key, ObjectKey::new("", "ConfigMap", "shop", "web"));
    assert_eq!(rendered.objects[0].object().value()["data"]["replicas"], "2");
}

#[test]
fn a_native_module_without_the_proof_that_it_asks_for_fails_its_unit() {
    let mut inputs = inputs_with(
        "=== m.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {name: web}\nspec: {source: {chart: {repository: 'oci://charts.example.com', name: web, verify: {provider: cosign, secretRef: {name: keys}}}}, namespace: shop}\n",
    );
    let reading = read(&inputs);
    let Some(Need::Chart { request, authorities }) = reading.needs.first().cloned() else {
        panic!("{:?} {:#?}", reading.needs, told(&reading))
    };
    let Some(mainstay_unit::Verification::Cosign { keys }) = &request.verify else {
        panic!("none is asked for")
    };
    assert_eq!(keys.to_string(), "Secret mainstay-system/keys");
    inputs.charts.insert((*request, authorities), Supply::Refused("nobody has signed it".into()));
    let told = errors(&read(&inputs));
    assert!(
        told.len() == 1 && told[0].contains("MS6002") && told[0].contains("nobody has signed it"),
        "{told:?}"
    );
}

#[test]
fn charts_beside_the_chart_and_packed_ones_are_read_too() {
    let web = CHART.replace(
        "version: 1.2.3\n",
        "version: 1.2.3\ndependencies: [{name: db, version: '1.x', repository: 'file://../db'}]\n",
    );
    let db = "=== charts/db/Chart.yaml\napiVersion: v2\nname: db\nversion: 1.0.0\ndependencies: [{name: log, version: '1.x', repository: 'file://../log'}]\n\
              === charts/log/Chart.yaml\napiVersion: v2\nname: log\nversion: 1.0.0\n";
    let config = |name: &str| {
        format!(
            "=== charts/{name}/templates/c.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"
        )
    };
    let text = format!("{}{web}{db}{}{}", release(""), config("db"), config("log"));
    let reading = read(&inputs_with(&text));
    assert_eq!(told(&reading), Vec::<String>::new());
    let names: Vec<&str> = rendered(&reading).objects.iter().map(|object| object.key.name()).collect();
    assert_eq!(names, ["db", "log"]);

    let circle = db.replace("file://../log", "file://../db");
    let told_of = errors(&read(&inputs_with(&format!("{}{web}{circle}", release("")))));
    assert!(told_of.len() == 1 && told_of[0].contains("more than 8 deep"), "{told_of:?}");
}

#[test]
fn hooks_are_disabled_action_by_action() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: j\n  annotations: {helm.sh/hook: 'pre-install,post-upgrade,pre-delete'}\n";
    let moments = |fields: &str| -> Vec<Moment> {
        let reading = read(&one(fields, job));
        rendered(&reading).hooks.iter().flat_map(|hook| hook.moments.iter().copied()).collect()
    };
    assert_eq!(moments(""), [Moment::PreInstall, Moment::PostUpgrade, Moment::PreDelete]);
    assert_eq!(moments("  install: {disableHooks: true}\n"), [Moment::PostUpgrade, Moment::PreDelete]);
    assert_eq!(
        moments("  upgrade: {disableHooks: true}\n  uninstall: {disableHooks: true}\n"),
        [Moment::PreInstall]
    );
}

#[test]
fn values_that_the_charts_schema_refuses_are_an_error_unless_it_is_not_asked() {
    let schema = ("values.schema.json", "{\"properties\": {\"replicas\": {\"type\": \"integer\"}}}");
    let with = |fields: &str| {
        read(&inputs_with(&repository(
            &format!("  values: {{replicas: many}}\n{fields}"),
            &[schema, ("templates/c.yaml", CONFIG)],
        )))
    };
    let told = errors(&with(""));
    assert!(
        told.len() == 1 && told[0].starts_with("web.yaml:1 MS4505") && told[0].contains("replicas"),
        "{told:?}"
    );
    let reading =
        with("  install: {disableSchemaValidation: true}\n  upgrade: {disableSchemaValidation: true}\n");
    assert_eq!(value(&reading, "ConfigMap", "web")["data"]["replicas"], "many");
}

#[test]
fn variables_of_a_native_module_are_set_in_its_values() {
    let with = |value: &str| {
        read(&inputs_with(&format!(
            "=== m.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {{name: web}}\nspec: {{source: {{chart: {{path: charts/web}}}}, variables: {{count: 4}}, values: {{replicas: '{value}'}}}}\n{CHART}=== charts/web/templates/c.yaml\n{}",
            CONFIG.replace("replicas | quote", "replicas | toJson | quote")
        )))
    };
    let reading = with("${count}");
    assert_eq!(told(&reading), Vec::<String>::new());
    let RenderState::Rendered(rendered) = &reading.units[&id("module/platform/web")].state else {
        panic!("not rendered")
    };
    assert_eq!(rendered.objects[0].object().value()["data"]["replicas"], "4", "a number, as in manifests");
    let told = errors(&with("${cuont}"));
    assert!(told.len() == 1 && told[0].contains("MS4506") && told[0].contains("cuont"), "{told:?}");
}

#[test]
fn a_chart_beside_its_own_kind_is_told_and_one_beside_the_kind_of_another_is_not() {
    // The app holds a release and an ExternalSecret; charts of a registry are known to nobody here.
    let unit = |name: &str| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: apps}}\n\
             spec: {{interval: 1h, prune: true, path: ./{name}, sourceRef: {{kind: GitRepository, name: flux-system, namespace: flux-system}}}}\n---\n"
        )
    };
    let chart = |name: &str| {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: {name}, namespace: apps}}\n\
             spec:\n  interval: 1h\n  chart: {{spec: {{chart: {name}, version: 1.0.0, sourceRef: {{kind: HelmRepository, name: r}}}}}}\n---\n"
        )
    };
    let repository = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: r, namespace: apps}\nspec: {url: 'https://charts.example.com'}\n";
    let secret =
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: s, namespace: apps}\n";
    let crd = "=== defined/crd.yaml\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: externalsecrets.external-secrets.io}\n\
               spec: {group: external-secrets.io, scope: Namespaced, names: {kind: ExternalSecret, plural: externalsecrets}, versions: [{name: v1, served: true, storage: true}]}\n";
    let told_of = |app: &str, others: &[&str], more: &str| {
        let units: String = others.iter().map(|name| unit(name)).collect();
        let folders: String = others
            .iter()
            .filter(|name| **name != "defined")
            .map(|name| format!("=== {name}/r.yaml\n{}", chart(name)))
            .collect();
        let text = format!(
            "=== sync/kustomization.yaml\nresources: [all.yaml]\n=== sync/all.yaml\n{}{units}{repository}=== app/all.yaml\n{}{secret}{folders}{more}",
            unit("app"),
            chart(app)
        );
        let all = told(&read(&super::inputs_at(tree(&text), "sync")));
        all.into_iter().filter(|line| line.contains("MS5007")).collect::<Vec<_>>()
    };
    let beside = "app/all.yaml:8 MS5007 kustomization/apps/app holds a chart and s of kind ExternalSecret.external-secrets.io, whose CRD nothing else provides";
    // It is the only chart, or the only one by that name.
    assert_eq!(told_of("web", &[], ""), [beside]);
    assert_eq!(told_of("external-secrets", &["other"], ""), [beside]);
    // Another one could bring it: by its name, or because no name says anything.
    assert_eq!(told_of("web", &["external-secrets"], ""), Vec::<String>::new());
    assert_eq!(told_of("web", &["other"], ""), Vec::<String>::new());
    // Another unit does.
    assert_eq!(told_of("external-secrets", &["defined"], crd), Vec::<String>::new());
}
