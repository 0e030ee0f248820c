use super::{kustomization, parse, told, unit};
use mainstay_unit::{DeletionPolicy, Gate, Missing, Source, SourceId, Target, Workload};
use std::time::Duration;

#[test]
fn a_required_field_that_is_missing_is_an_error_each() {
    let read = parse(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: a\n  namespace: b\nspec:\n  path: ./x\n",
    )
    .unwrap();
    assert_eq!(
        told(&read),
        [
            "7: MS3001 required field spec.interval is missing",
            "7: MS3001 required field spec.prune is missing",
            "7: MS3001 required field spec.sourceRef is missing",
        ]
    );
}

#[test]
fn an_unknown_field_names_the_nearest() {
    let read = kustomization("targetNamepsace: x");
    assert_eq!(told(&read), ["8: MS3002 unknown field spec.targetNamepsace (did you mean targetNamespace?)"]);
}

#[test]
fn a_field_that_is_not_acted_on_is_an_error() {
    let read = kustomization("kubeConfig:\n  configMapRef: {name: x}\nbuildMetadata: [originAnnotations]");
    assert_eq!(
        told(&read).iter().map(|line| line.split(" (").next().unwrap()).collect::<Vec<_>>(),
        ["9: MS3004 field spec.kubeConfig.configMapRef is not supported yet",]
    );
}

#[test]
fn wrong_types_durations_and_enums_are_told_with_their_place() {
    let read = kustomization(
        "timeout: 5\nretryInterval: 5 minutes\nwait: \"yes\"\ndeletionPolicy: delete\ndependsOn:\n  name: x",
    );
    assert_eq!(
        told(&read),
        [
            "11: MS3003 spec.deletionPolicy: \"delete\" is none of MirrorPrune, Delete, WaitForTermination, Orphan (did you mean Delete?)",
            "13: MS3003 spec.dependsOn: expected a list, found a map",
            "9: MS3003 spec.retryInterval: \"5 minutes\" is not a duration (write a number and a unit: 30s, 5m, 1h30m)",
            "8: MS3003 spec.timeout: expected a duration such as 5m, found a number",
            "10: MS3003 spec.wait: expected true or false, found a string",
        ]
    );
}

#[test]
fn the_gate_is_what_flux_waits_for() {
    let check = "healthChecks:\n- {apiVersion: apps/v1, kind: Deployment, name: a, namespace: b}";
    assert_eq!(unit(kustomization("")).gate, Gate::Applied);
    assert_eq!(unit(kustomization(check)).gate, Gate::Checks);
    assert_eq!(unit(kustomization("wait: true")).gate, Gate::Healthy);
}

#[test]
fn defaults_of_time_are_the_controllers() {
    let timing = unit(kustomization("")).timing;
    assert_eq!(timing.interval, Duration::from_secs(600));
    assert_eq!(timing.retry_interval, Duration::from_secs(600));
    assert_eq!(timing.timeout, Duration::from_secs(570));
    assert_eq!(unit(kustomization("timeout: 1s")).timing.timeout, Duration::from_secs(30));
}

#[test]
fn a_check_on_a_flux_object_is_a_check_on_its_unit() {
    let read = kustomization(
        "healthChecks:\n- {apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, name: a, namespace: b}",
    );
    assert_eq!(unit(read).health_checks[0].key.to_string(), "Unit.mainstay.dev helmrelease.b.a");
}

#[test]
fn dependencies_stay_in_their_namespace_and_wait() {
    let read = kustomization("dependsOn:\n- name: a\n- {name: b, namespace: other, readyExpr: 'true'}");
    let unit = unit(read);
    let names: Vec<_> = unit.depends_on.iter().map(|d| d.on.to_string()).collect();
    assert_eq!(names, ["kustomization/flux-system/a", "kustomization/other/b"]);
    assert!(unit.depends_on.iter().all(|d| d.missing == Missing::Wait));
    assert_eq!(unit.depends_on[1].ready_expr.as_deref(), Some("true"));
}

#[test]
fn a_kubeconfig_is_a_target() {
    let unit = unit(kustomization("kubeConfig:\n  secretRef: {name: eu-1}"));
    assert_eq!(unit.id.to_string(), "kustomization/flux-system/apps@eu-1");
    assert_eq!(
        unit.target,
        Target::from(Workload {
            name: "eu-1".into(),
            secret_namespace: "flux-system".into(),
            secret_name: "eu-1".into(),
            key: None
        })
    );
}

#[test]
fn fields_become_the_overlay() {
    let read = kustomization(
        "path: ./x/\ntargetNamespace: t\nnamePrefix: p-\nimages: [{name: a, newTag: b}]\ncomponents: [c]\n\
         patches: [{patch: 'x'}]\ncommonMetadata: {labels: {l: m}}\nignoreMissingComponents: true\n\
         decryption: {provider: sops}\npostBuild:\n  substitute: {a: b}\n  substituteFrom: [{kind: Secret, name: s, optional: true}]",
    );
    assert_eq!(told(&read), Vec::<String>::new());
    let Source::Folder { source, path, overlay } = unit(read).source else { panic!("a folder") };
    assert_eq!(source.to_string(), "GitRepository flux-system/flux-system");
    assert_eq!(path.as_str(), "x");
    let keys: Vec<_> = overlay.kustomization.keys().map(String::as_str).collect();
    assert_eq!(keys, ["components", "images", "namePrefix", "namespace", "patches"]);
    assert_eq!(overlay.labels, [("l".to_owned(), "m".to_owned())]);
    assert!(overlay.ignore_missing_components);
    let decryption = overlay.decryption.as_ref().unwrap();
    assert_eq!((decryption.provider.as_str(), decryption.keys.is_none()), ("sops", true));
    let substitution = overlay.substitution.unwrap();
    assert_eq!(substitution.from[0].reference.to_string(), "Secret flux-system/s");
    assert!(substitution.from[0].optional && !substitution.strict);
}

#[test]
fn nothing_is_substituted_unless_asked_for() {
    let substitution = |fields: &str| match unit(kustomization(fields)).source {
        Source::Folder { overlay, .. } => overlay.substitution.is_some(),
        Source::Chart(_) | Source::Objects(_) => false,
    };
    assert!(!substitution(""));
    assert!(!substitution("postBuild: {substitute: {}}"));
    assert!(substitution("postBuild: {substituteStrategy: Always}"));
}

#[test]
fn older_versions_keep_the_fields_that_later_ones_dropped() {
    let text = |version: &str| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/{version}\nkind: Kustomization\nmetadata: {{name: a, namespace: b}}\n\
             spec: {{interval: 1m, prune: true, sourceRef: {{kind: GitRepository, name: x}}, validation: client, \
             patchesStrategicMerge: [{{kind: A}}]}}\n"
        )
    };
    for version in ["v1beta1", "v1beta2"] {
        let read = parse(&text(version)).unwrap();
        assert_eq!(told(&read), Vec::<String>::new());
        let Source::Folder { overlay, .. } = unit(read).source else { panic!("a folder") };
        assert_eq!(overlay.kustomization["patches"][0]["patch"], "{\"kind\":\"A\"}");
    }
    assert_eq!(told(&parse(&text("v1")).unwrap()).len(), 2);
}

#[test]
fn deletion_policies_are_ours() {
    let policy = |fields: &str| unit(kustomization(fields)).deletion_policy;
    assert_eq!(policy(""), DeletionPolicy::MirrorPrune);
    assert_eq!(policy("deletionPolicy: WaitForTermination"), DeletionPolicy::Delete);
    assert_eq!(policy("deletionPolicy: Orphan"), DeletionPolicy::Orphan);
}

#[test]
fn a_path_out_of_the_source_is_an_error() {
    assert_eq!(
        told(&kustomization("path: ../x")),
        ["8: MS4501 the path \"../x\" leads out of the repository"]
    );
}

#[test]
fn without_a_source_the_unit_is_still_known() {
    let read = parse(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a, namespace: b}\nspec: {interval: 1m, prune: true, path: x}\n",
    )
    .unwrap();
    let unit = unit(read);
    assert_eq!(unit.id.to_string(), "kustomization/b/a");
    assert!(matches!(unit.source, Source::Folder { source: SourceId::Named { .. }, .. }));
}

#[test]
fn an_object_without_namespace_is_an_error() {
    let read = parse(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\nspec: {interval: 1m, prune: true, sourceRef: {kind: GitRepository, name: x}}\n",
    );
    assert!(told(&read.unwrap())[0].contains("MS3007"));
}

#[test]
fn a_wrong_expression_is_told_of_before_it_matters() {
    for (fields, expected) in [
        ("dependsOn:\n- {name: a, readyExpr: \"dep.status.phase == 'Ready'\"}", vec![]),
        (
            "dependsOn:\n- {name: a, readyExpr: dep.status.ready}",
            vec!["9: MS3003 spec.dependsOn[0].readyExpr: expected an expression of type bool, found dyn"],
        ),
        (
            "dependsOn:\n- {name: a, readyExpr: other.ready == true}",
            vec![
                "9: MS3003 spec.dependsOn[0].readyExpr: undeclared reference to 'other' (in container '') (at 1:1 of the expression)",
            ],
        ),
        (
            "healthCheckExprs:\n- apiVersion: a.b/v1\n  kind: C\n  current: status.ready && spec.nope()\n  failed: status.failed",
            vec![
                "11: MS3003 spec.healthCheckExprs[0].current: undeclared reference to 'nope' (in container '') (at 1:26 of the expression)",
            ],
        ),
    ] {
        let found = told(&kustomization(fields));
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(found, expected, "{fields}");
    }
}
