//! Units out of charts: a HelmRelease whose chart lies in the platform repository, and what it needs besides.
use super::{errors, id, inputs, told, tree};
use crate::{Cache, Inputs, Supply, read, read_with};
use mainstay_object::{GroupKind, ObjectKey, Value};
use mainstay_unit::tree::TreePath;
use mainstay_unit::{
    Applying, Capabilities, Claim, Content, Lookup, Manifest, Moment, Need, Reading, Reference,
    ReferenceKind, RenderState, Rendered, Target,
};
use serde_json::json;
use std::sync::Arc;

pub(super) const CHART: &str = "=== charts/web/Chart.yaml\napiVersion: v2\nname: web\nversion: 1.2.3\n=== charts/web/values.yaml\nreplicas: 1\n";
pub(super) const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  replicas: {{ .Values.replicas | quote }}\n";

pub(super) fn release(fields: &str) -> String {
    format!(
        "=== kustomization.yaml\nresources: [web.yaml]\n=== web.yaml\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: web, namespace: apps}}\n\
         spec:\n  interval: 10m\n  chart: {{spec: {{chart: ./charts/web, sourceRef: {{kind: GitRepository, name: flux-system, namespace: flux-system}}}}}}\n{fields}"
    )
}

/// A repository with one release, whose chart has these templates.
pub(super) fn repository(fields: &str, templates: &[(&str, &str)]) -> String {
    let templates: String =
        templates.iter().map(|(name, text)| format!("=== charts/web/{name}\n{text}\n")).collect();
    format!("{}{CHART}{templates}", release(fields))
}

pub(super) fn one(fields: &str, template: &str) -> Inputs {
    inputs(tree(&repository(fields, &[("templates/all.yaml", template)])))
}

pub(super) fn state(reading: &Reading) -> &RenderState {
    &reading.units[&id("helmrelease/apps/web")].state
}

pub(super) fn rendered(reading: &Reading) -> &Rendered {
    match state(reading) {
        RenderState::Rendered(rendered) => rendered,
        other => panic!("{other:?}\n{:#?}", told(reading)),
    }
}

pub(super) fn found<'r>(reading: &'r Reading, kind: &str, name: &str) -> &'r Manifest {
    let all = &rendered(reading).objects;
    let found = all.iter().find(|object| object.key.kind() == kind && object.key.name() == name);
    found.unwrap_or_else(|| {
        panic!("no {kind} {name} among {:?}", all.iter().map(|o| &o.key).collect::<Vec<_>>())
    })
}

pub(super) fn value(reading: &Reading, kind: &str, name: &str) -> Value {
    found(reading, kind, name).object().into_value()
}

fn lookup(kind: &str, name: &str) -> Lookup {
    Lookup {
        target: Target::Management,
        api_version: "v1".into(),
        kind: kind.into(),
        namespace: "apps".into(),
        name: name.into(),
    }
}

pub(super) fn reference(kind: ReferenceKind, name: &str) -> Reference {
    Reference { kind, namespace: "apps".into(), name: name.into() }
}

fn refer(inputs: &mut Inputs, kind: ReferenceKind, name: &str, content: &[(&str, &str)]) {
    let content = content.iter().copied().collect();
    inputs.references.insert((reference(kind, name), Claim::default()), Supply::Here(content));
}

#[test]
fn a_chart_of_the_repository_renders_to_what_helm_installs() {
    let reading = read(&one("  values: {replicas: 3}\n", CONFIG));
    assert_eq!(told(&reading), Vec::<String>::new());
    assert_eq!(
        value(&reading, "ConfigMap", "web"),
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"replicas": "3"},
            "metadata": {
                "name": "web", "namespace": "apps", "labels": {"app.kubernetes.io/managed-by": "Helm"},
                "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "apps"},
            },
        })
    );
    assert_eq!(found(&reading, "ConfigMap", "web").origin.to_string(), "charts/web/templates/all.yaml:2:1");
    assert!(rendered(&reading).reads.contains("charts/web/values.yaml"));
    let record = rendered(&reading).release.clone().unwrap();
    assert_eq!((record.name.as_str(), record.namespace.as_str(), record.history), ("web", "apps", 5));
}

#[test]
fn a_commit_that_does_not_touch_the_chart_renders_nothing() {
    let mut files = tree(&repository("", &[("templates/all.yaml", CONFIG)]));
    let mut cache = Cache::default();
    let first = read_with(&inputs(files.clone()), &mut cache);
    assert_eq!(cache.rendered(), 2);
    let mut change = |path: &str, text: &str| {
        files.insert(TreePath::parse(path).unwrap(), text.as_bytes().into());
        let reading = read_with(&inputs(files.clone()), &mut cache);
        assert_eq!(reading, read(&inputs(files.clone())), "{path}");
        (cache.rendered(), reading)
    };
    let (count, again) = change("README.md", "hello");
    assert_eq!(count, 0);
    assert!(match (state(&first), state(&again)) {
        (RenderState::Rendered(before), RenderState::Rendered(after)) => Arc::ptr_eq(before, after),
        _ => false,
    });
    assert_eq!(change("charts/web/values.yaml", "replicas: 2\n").0, 1);
    assert_eq!(change("charts/web/templates/more.yaml", "").0, 1);
    assert_eq!(change("charts/other/templates/more.yaml", "").0, 0);
}

#[test]
fn values_come_from_references_in_order_and_then_from_the_declaration() {
    let template =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {{ .Values.data | toJson }}\n";
    let fields = "  valuesFrom:\n  - {kind: ConfigMap, name: a}\n  - {kind: Secret, name: b, valuesKey: k}\n  - {kind: ConfigMap, name: none, optional: true}\n  - {kind: ConfigMap, name: a, valuesKey: none, optional: true}\n  - {kind: ConfigMap, name: a, valuesKey: port, targetPath: data.port}\n  values: {data: {a: '3'}}\n";
    let mut inputs = one(fields, template);
    let needs = read(&inputs).needs;
    assert_eq!(needs.len(), 3, "everything is asked for at once: {needs:?}");
    refer(
        &mut inputs,
        ReferenceKind::ConfigMap,
        "a",
        &[("values.yaml", "data: {a: '1', b: '1', c: '1'}"), ("port", "\"80\"")],
    );
    refer(&mut inputs, ReferenceKind::Secret, "b", &[("k", "data: {a: '2', b: '2'}")]);
    inputs.references.insert(
        (reference(ReferenceKind::ConfigMap, "none"), Claim::default()),
        Supply::Absent("there is none".into()),
    );
    let reading = read(&inputs);
    assert_eq!(
        value(&reading, "ConfigMap", "c")["data"],
        json!({"a": "3", "b": "2", "c": "1", "port": "80"})
    );
}

#[test]
fn without_a_reference_nothing_is_rendered() {
    let fields = "  valuesFrom: [{kind: Secret, name: s, valuesKey: k}]\n";
    let mut inputs = one(fields, CONFIG);
    let question = (reference(ReferenceKind::Secret, "s"), Claim::default());
    let reason = |inputs: &Inputs| match state(&read(inputs)) {
        RenderState::NotRendered { reason } => reason.clone(),
        other => panic!("{other:?}"),
    };
    inputs.references.insert(question.clone(), Supply::Absent("it does not exist".into()));
    assert_eq!(reason(&inputs), "Secret apps/s: it does not exist");
    inputs.references.insert(question.clone(), Supply::NotEvaluated("no cluster is asked".into()));
    assert_eq!(reason(&inputs), "Secret apps/s is not evaluated: no cluster is asked");
    inputs.references.insert(question.clone(), Supply::Here(Content::default()));
    assert_eq!(reason(&inputs), "Secret apps/s has no key k");
    inputs.references.insert(question.clone(), Supply::Here([("k", b"a: \xff".to_vec())].into()));
    assert_eq!(reason(&inputs), "Secret apps/s: the value of its key k is not UTF-8 text");
    let beside = [("k", b"a: b".to_vec()), ("ring.gpg", b"\xff".to_vec())];
    inputs.references.insert(question, Supply::Here(beside.into()));
    assert!(matches!(state(&read(&inputs)), RenderState::Rendered(_)));
}

#[test]
fn what_depends_on_a_secret_is_sensitive_in_whatever_form_and_nothing_else_is() {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {v: open}\n---\n\
                    apiVersion: v1\nkind: ConfigMap\nmetadata: {name: said}\ndata: {v: '{{ .Values.password }}'}\n---\n\
                    apiVersion: v1\nkind: ConfigMap\nmetadata: {name: digest}\ndata: {v: '{{ .Values.password | sha256sum }}'}\n---\n\
                    apiVersion: v1\nkind: ConfigMap\nmetadata: {name: length}\ndata: {v: '{{ substr 0 1 .Values.password }}'}\n";
    let mut inputs = one("  valuesFrom: [{kind: Secret, name: s}]\n", template);
    refer(&mut inputs, ReferenceKind::Secret, "s", &[("values.yaml", "password: hunter2\n")]);
    let reading = read(&inputs);
    let names: Vec<&str> = rendered(&reading).sensitive.iter().map(ObjectKey::name).collect();
    assert_eq!(names, ["digest", "length", "said"]);
}

#[test]
fn no_error_quotes_a_secret() {
    let template = "{{ fail (printf \"bad password %s\" .Values.password) }}";
    let mut inputs = one("  valuesFrom: [{kind: Secret, name: s}]\n", template);
    refer(&mut inputs, ReferenceKind::Secret, "s", &[("values.yaml", "password: hunter2\n")]);
    let said = errors(&read(&inputs)).join("\n");
    assert!(said.contains("bad password (hidden)") && !said.contains("hunter2"), "{said}");
    refer(&mut inputs, ReferenceKind::Secret, "s", &[("values.yaml", "password: [hunter2\n")]);
    let said = errors(&read(&inputs)).join("\n");
    assert!(said.contains("MS4506") && said.contains("Secret apps/s, key values.yaml"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_lookup_is_a_need_and_without_a_cluster_not_evaluated() {
    let template = "{{ $s := lookup \"v1\" \"Secret\" \"apps\" \"old\" }}apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {v: '{{ if $s }}{{ $s.data.v | b64dec }}{{ else }}none{{ end }}'}\n";
    let mut inputs = one("  serviceAccountName: helm\n", template);
    let claim = Claim {
        account: Some(mainstay_unit::ServiceAccount { namespace: "apps".into(), name: "helm".into() }),
        authorities: Vec::new(),
    };
    let question = (lookup("Secret", "old"), claim.clone());
    let reading = read(&inputs);
    assert_eq!(
        reading.needs.into_iter().collect::<Vec<_>>(),
        [Need::Lookup { lookup: question.0.clone(), claim }]
    );
    inputs.lookups.insert(question.clone(), Supply::NotEvaluated("no cluster is asked".into()));
    let RenderState::NotRendered { reason } = state(&read(&inputs)).clone() else { panic!("it is rendered") };
    assert_eq!(reason, "the chart looks up Secret apps/old of v1: no cluster is asked");
    inputs.lookups.insert(question.clone(), Supply::Absent("it does not exist".into()));
    let reading = read(&inputs);
    assert_eq!(value(&reading, "ConfigMap", "c")["data"]["v"], "none");
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "old"}, "data": {"v": "aHVudGVyMg=="}});
    inputs.lookups.insert(question, Supply::Here(Arc::new(secret)));
    let reading = read(&inputs);
    assert_eq!(value(&reading, "ConfigMap", "c")["data"]["v"], "hunter2");
    assert_eq!(rendered(&reading).sensitive.len(), 1);
}

#[test]
fn what_was_looked_up_before_is_asked_for_without_a_render_and_a_new_answer_renders() {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {v: '{{ (lookup \"v1\" \"ConfigMap\" \"apps\" \"x\").data.v }}'}\n";
    let mut cache = Cache::default();
    let question = (lookup("ConfigMap", "x"), Claim::default());
    let mut next = |answer: Option<&str>| {
        let mut inputs = one("", template);
        if let Some(answer) = answer {
            let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"v": answer}});
            inputs.lookups.insert(question.clone(), Supply::Here(Arc::new(object)));
        }
        let reading = read_with(&inputs, &mut cache);
        (reading.needs.len(), cache.rendered())
    };
    assert_eq!(next(None), (1, 1), "the folder, and a look at what the chart asks");
    assert_eq!(next(Some("1")), (0, 1));
    assert_eq!(next(None), (1, 0));
    assert_eq!(next(Some("1")), (0, 1), "what a reading did not use is forgotten");
    assert_eq!(next(Some("1")), (0, 0));
    assert_eq!(next(Some("2")), (0, 1));
}

#[test]
fn capabilities_are_needed_only_where_they_are_asked_for() {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {helm: '{{ .Capabilities.HelmVersion.Version }}'}\n";
    assert!(read(&one("", template)).needs.is_empty());
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  v: '{{ .Capabilities.KubeVersion.Minor }}'\n  own: '{{ .Capabilities.APIVersions.Has \"example.com/v1/Widget\" }}'\n  old: '{{ .Capabilities.APIVersions.Has \"apps/v1beta1\" }}'\n";
    let mut inputs = one("", template);
    let needs = read(&inputs).needs;
    assert!(matches!(needs.first(), Some(Need::Capabilities { .. })), "{needs:?}");
    let question = (Target::Management, Vec::new());
    inputs.capabilities.insert(question.clone(), Supply::NotEvaluated("no cluster is asked".into()));
    assert_eq!(
        *state(&read(&inputs)),
        RenderState::NotRendered { reason: "the chart asks what its cluster is: no cluster is asked".into() }
    );
    let served = Capabilities {
        version: "v1.31.4".into(),
        apis: vec!["example.com/v1".into(), "example.com/v1/Widget".into()],
        cluster_scoped: [GroupKind::new("example.com", "Widget")].into(),
    };
    inputs.capabilities.insert(question, Supply::Here(Arc::new(served)));
    let reading = read(&inputs);
    assert_eq!(value(&reading, "ConfigMap", "c")["data"], json!({"v": "31", "own": "true", "old": "false"}));
}

#[test]
fn the_scope_of_a_foreign_kind_is_asked_for_unless_the_repository_defines_it() {
    let template = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n";
    let mut inputs = one("", template);
    assert!(matches!(read(&inputs).needs.first(), Some(Need::Capabilities { .. })));
    inputs.capabilities.insert(
        (Target::Management, Vec::new()),
        Supply::Here(Arc::new(Capabilities {
            version: "v1.31.4".into(),
            apis: vec!["example.com/v1/Widget".into()],
            cluster_scoped: [GroupKind::new("example.com", "Widget")].into(),
        })),
    );
    assert_eq!(found(&read(&inputs), "Widget", "w").key.namespace(), "");
    let crd = |scope: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: widgets.example.com}}\nspec: {{group: example.com, scope: {scope}, names: {{kind: Widget}}}}\n"
        )
    };
    let own =
        inputs_with(&repository("", &[("templates/w.yaml", template), ("crds/w.yaml", &crd("Cluster"))]));
    assert_eq!(found(&read(&own), "Widget", "w").key.namespace(), "");
    let text = repository("", &[("templates/w.yaml", template)])
        .replace("resources: [web.yaml]", "resources: [web.yaml, crd.yaml]");
    for (scope, namespace) in [("Cluster", ""), ("Namespaced", "apps")] {
        let elsewhere = inputs_with(&format!("{text}=== crd.yaml\n{}", crd(scope)));
        let reading = read(&elsewhere);
        assert!(reading.needs.is_empty(), "{:?}", reading.needs);
        assert_eq!(found(&reading, "Widget", "w").key.namespace(), namespace);
    }
}

pub(super) fn inputs_with(text: &str) -> Inputs {
    inputs(tree(text))
}

#[test]
fn definitions_are_made_once_or_replaced_or_skipped_and_always_kept() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.example.com}\nspec: {group: example.com, scope: Cluster, names: {kind: Widget}}\n";
    let with = |fields: &str| {
        read(&inputs_with(&repository(fields, &[("crds/w.yaml", crd), ("templates/c.yaml", CONFIG)])))
    };
    let made = |fields: &str| {
        let reading = with(fields);
        let crd = rendered(&reading).objects.iter().find(|o| o.key.kind() == "CustomResourceDefinition")?;
        assert!(
            crd.policy.keep.is_some()
                && !crd.object().value()["metadata"].to_string().contains("meta.helm.sh")
        );
        Some(crd.policy.applying)
    };
    assert_eq!(made(""), Some(Applying::IfNotPresent));
    assert_eq!(made("  install: {crds: Skip}\n"), None);
    assert_eq!(made("  upgrade: {crds: CreateReplace}\n"), Some(Applying::Always));
    assert_eq!(made("  install: {crds: CreateReplace}\n"), Some(Applying::Always));
    assert_eq!(
        made("  install: {crds: CreateReplace}\n  upgrade: {crds: Create}\n"),
        Some(Applying::IfNotPresent)
    );
}

#[test]
fn names_and_namespaces_are_helm_controllers() {
    let facts = |fields: &str| {
        let reading = read(&one(
            fields,
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {v: '{{ .Release.Namespace }}/{{ .Release.Name }} {{ .Release.IsInstall }} {{ .Release.Revision }}'}\n",
        ));
        assert_eq!(errors(&reading), Vec::<String>::new());
        (value(&reading, "ConfigMap", "c")["data"]["v"].clone(), reading)
    };
    assert_eq!(facts("").0, "apps/web true 1");
    assert_eq!(facts("  targetNamespace: blue\n").0, "blue/blue-web true 1");
    assert_eq!(facts("  targetNamespace: blue\n  releaseName: w\n").0, "blue/w true 1");
    let (_, reading) = facts("  targetNamespace: blue\n  install: {createNamespace: true}\n");
    let namespace = found(&reading, "Namespace", "blue");
    assert_eq!(namespace.policy.applying, Applying::IfNotPresent);
    assert!(namespace.policy.keep.is_some());
}

#[test]
fn a_namespace_that_somebody_declares_is_his() {
    let text = repository(
        "  targetNamespace: blue\n  install: {createNamespace: true}\n",
        &[("templates/c.yaml", CONFIG)],
    )
    .replace("resources: [web.yaml]", "resources: [web.yaml, blue.yaml]");
    let reading = read(&inputs_with(&format!(
        "{text}=== blue.yaml\napiVersion: v1\nkind: Namespace\nmetadata: {{name: blue, labels: {{team: a}}}}\n"
    )));
    assert_eq!(told(&reading), Vec::<String>::new());
    assert!(rendered(&reading).objects.iter().all(|object| object.key.kind() != "Namespace"));
}

#[test]
fn post_renderers_and_common_metadata_come_after_the_templates() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: 'web:1'}]}}}\n";
    let fields = "  commonMetadata: {labels: {team: a}}\n  postRenderers:\n  - kustomize:\n      images: [{name: web, newTag: '2'}]\n      patches:\n      - patch: |-\n          - {op: add, path: /spec/replicas, value: 4}\n        target: {kind: Deployment}\n";
    let reading = read(&one(fields, deployment));
    assert_eq!(told(&reading), Vec::<String>::new());
    let found = value(&reading, "Deployment", "web");
    assert_eq!(found["spec"]["replicas"], 4);
    assert_eq!(found["spec"]["template"]["spec"]["containers"][0]["image"], "web:2");
    assert_eq!(found["metadata"]["labels"], json!({"app.kubernetes.io/managed-by": "Helm", "team": "a"}));
    let broken = fields.replace("/spec/replicas", "/nowhere/replicas");
    let told = errors(&read(&one(&broken, deployment)));
    assert!(
        told.len() == 1 && told[0].starts_with("web.yaml:") && told[0].contains("a post renderer fails"),
        "{told:?}"
    );
}

#[test]
fn hooks_are_apart_with_their_moments_and_tests_are_apart_from_those() {
    let job = |name: &str, hook: &str| {
        format!("apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n  annotations: {hook}\n---\n")
    };
    let template = format!(
        "{}{}{CONFIG}",
        job(
            "migrate",
            "{helm.sh/hook: 'pre-install,pre-upgrade', helm.sh/hook-weight: '-5', helm.sh/hook-delete-policy: hook-succeeded}"
        ),
        job("check", "{helm.sh/hook: 'test-success,post-delete'}")
    );
    let reading = read(&one("", &template));
    assert_eq!(told(&reading), Vec::<String>::new());
    let rendered = rendered(&reading);
    assert_eq!(rendered.objects.len(), 1);
    let [hook, check] = &rendered.hooks[..] else { panic!("{:?}", rendered.hooks) };
    assert_eq!(check.moments.iter().copied().collect::<Vec<_>>(), [Moment::PostDelete]);
    let [test] = &rendered.tests.hooks[..] else { panic!("{:?}", rendered.tests) };
    assert_eq!(test.manifest.key, check.manifest.key);
    assert_eq!(test.moments.iter().copied().collect::<Vec<_>>(), [Moment::Test]);
    assert_eq!(hook.manifest.key, ObjectKey::new("batch", "Job", "apps", "migrate"));
    assert_eq!(hook.moments.iter().copied().collect::<Vec<_>>(), [Moment::PreInstall, Moment::PreUpgrade]);
    assert_eq!(hook.weight, -5);
    let disabled =
        read(&one("  install: {disableHooks: true}\n  upgrade: {disableHooks: true}\n", &template));
    assert_eq!(super::charts::rendered(&disabled).hooks.len(), 1);
    let other = read(&one("", &template.replace("post-delete", "pre-delete")));
    assert_ne!(super::charts::rendered(&other).digest, rendered.digest);
    let only = |hook: &str| read(&one("", &format!("{}{CONFIG}", job("check", hook))));
    let (tested, untested) = (only("{helm.sh/hook: test}"), only("{helm.sh/hook: test-failure}"));
    let (tested, untested) = (super::charts::rendered(&tested), super::charts::rendered(&untested));
    assert_eq!((tested.tests.hooks.len(), untested.tests.hooks.len()), (1, 0));
    assert_eq!(tested.digest, untested.digest, "a test makes no other release");
}

#[test]
fn what_is_wrong_is_told_at_the_template() {
    let cases = [
        ("{{ .Values.a.b.c }}", "charts/web/templates/all.yaml:1 MS4505"),
        ("\n{{ if }}", "charts/web/templates/all.yaml:2 MS4505"),
        ("a: [", "charts/web/templates/all.yaml:1 MS4505"),
        ("kind: X\n", "charts/web/templates/all.yaml:1 MS4505"),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
            "charts/web/templates/all.yaml:6 MS4505",
        ),
    ];
    for (template, place) in cases {
        let told = errors(&read(&one("", template)));
        assert!(told.len() == 1 && told[0].starts_with(place), "{template:?}: {told:?}");
    }
    let missing = release("").replace("./charts/web", "./charts/wen") + CHART;
    let told = errors(&read(&inputs_with(&missing)));
    assert!(told.len() == 1 && told[0].starts_with("web.yaml:6 MS4501"), "{told:?}");
    let dependency = CHART.replace(
        "version: 1.2.3\n",
        "version: 1.2.3\ndependencies: [{name: db, version: '1', repository: 'https://x'}]\n",
    );
    let told = errors(&read(&inputs_with(&format!("{}{dependency}", release("")))));
    assert!(told.len() == 1 && told[0].starts_with("charts/web/Chart.yaml MS4505"), "{told:?}");
}

#[test]
fn chance_and_time_are_told_and_agree_from_render_to_render() {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {p: '{{ randAlphaNum 12 }}', t: '{{ now | unixEpoch }}'}\n";
    let at = |now: u64, key: u8| {
        let mut inputs = one("", template);
        inputs.now = now;
        inputs.key = mainstay_object::DigestKey([key; 32]);
        let reading = read(&inputs);
        assert!(told(&reading)[0].contains("MS4508"), "{:?}", told(&reading));
        assert_eq!(rendered(&reading).sensitive.len(), 1, "a password of the chart's making is one");
        value(&reading, "ConfigMap", "c")["data"].clone()
    };
    let day = 24 * 3600;
    assert_eq!(at(90 * day, 1), at(179 * day, 1));
    let (before, after) = (at(179 * day, 1), at(180 * day, 1));
    assert_eq!(before["p"], after["p"]);
    assert_ne!(before["t"], after["t"]);
    assert_ne!(at(0, 1)["p"], at(0, 2)["p"], "the key decides");
}
