use super::{parse, told};
use crate::{Declaration, SourceSpec, is_installation};
use mainstay_object::Object;
use mainstay_unit::{GitVerification, Reference, ReferenceKind, Signable};
use serde_json::json;

fn source(kind: &str, version: &str, spec: &str) -> crate::Read {
    parse(&format!(
        "apiVersion: source.toolkit.fluxcd.io/{version}\nkind: {kind}\nmetadata: {{name: a, namespace: b}}\nspec: {spec}\n"
    ))
    .unwrap()
}

#[test]
fn a_git_repository_follows_master_unless_it_says_otherwise() {
    let read = source("GitRepository", "v1", "{interval: 1m, url: 'https://x/y'}");
    let Declaration::Source(found) = read.declaration else { panic!("a source") };
    let SourceSpec::Git { reference, .. } = found.spec else { panic!("git") };
    assert_eq!(reference.branch.as_deref(), Some("master"));
}

#[test]
fn every_kind_and_version_is_read() {
    let cases = [
        (
            "GitRepository",
            &["v1", "v1beta2", "v1beta1"][..],
            "{interval: 1m, url: 'ssh://git@x/y', ref: {branch: main}}",
        ),
        (
            "OCIRepository",
            &["v1", "v1beta2"],
            "{interval: 1m, url: 'oci://x/y', ref: {tag: v1}, verify: {provider: cosign}}",
        ),
        ("HelmRepository", &["v1", "v1beta2", "v1beta1"], "{interval: 1m, url: 'https://x'}"),
        (
            "HelmChart",
            &["v1", "v1beta2", "v1beta1"],
            "{interval: 1m, chart: c, sourceRef: {kind: HelmRepository, name: x}}",
        ),
        ("Bucket", &["v1", "v1beta2", "v1beta1"], "{interval: 1m, bucketName: c, endpoint: x}"),
    ];
    for (kind, versions, spec) in cases {
        for version in versions {
            let read = source(kind, version, spec);
            assert_eq!(told(&read), Vec::<String>::new(), "{kind} {version}");
            assert!(matches!(read.declaration, Declaration::Source(_)));
        }
    }
}

#[test]
fn credentials_of_a_service_account_are_not_passed_over() {
    for (kind, url) in [("GitRepository", "https://x/y"), ("OCIRepository", "oci://x/y")] {
        let read = source(kind, "v1", &format!("{{interval: 1m, url: '{url}', serviceAccountName: puller}}"));
        assert!(
            told(&read)[0].contains("MS3004 field spec.serviceAccountName is not supported yet"),
            "{kind}"
        );
    }
}

#[test]
fn a_git_repository_may_ask_who_signed_its_commit_or_its_tag() {
    let asked = |verify: &str| {
        let read =
            source("GitRepository", "v1", &format!("{{interval: 1m, url: 'https://x/y', verify: {verify}}}"));
        let told = told(&read);
        let Declaration::Source(found) = read.declaration else { panic!("a source") };
        let SourceSpec::Git { verify, .. } = found.spec else { panic!("git") };
        (verify, told, found.broken)
    };
    let keys = Reference { kind: ReferenceKind::Secret, namespace: "b".into(), name: "k".into() };
    for (mode, what) in [
        ("", Signable::Commit),
        ("mode: HEAD, ", Signable::Commit),
        ("mode: head, ", Signable::Commit),
        ("mode: Tag, ", Signable::Tag),
        ("mode: TagAndHEAD, ", Signable::TagAndCommit),
    ] {
        let (found, told, broken) = asked(&format!("{{{mode}secretRef: {{name: k}}}}"));
        assert_eq!((told, broken), (Vec::new(), false), "{mode}");
        assert_eq!(found, Some(GitVerification { what, keys: keys.clone() }), "{mode}");
    }
    // What asks for less than it says is no source.
    for verify in [
        "{}",
        "{mode: HEAD}",
        "{mode: tag, secretRef: {name: k}}",
        "{secretRef: {}}",
        "{provider: cosign, secretRef: {name: k}}",
    ] {
        let (_, told, broken) = asked(verify);
        assert!(broken && told.len() == 1, "{verify}: {told:?}");
    }
}

#[test]
fn kinds_without_desired_state_are_a_warning_and_unknown_ones_an_error() {
    let alert = parse(
        "apiVersion: notification.toolkit.fluxcd.io/v1beta3\nkind: Alert\nmetadata: {name: a, namespace: b}\n",
    );
    assert_eq!(told(&alert.unwrap()), ["2: MS3005 Alert a is not interpreted"]);
    let unknown = source("GitRepository", "v3", "{}");
    assert_eq!(
        told(&unknown),
        [
            "1: MS3006 there is no GitRepository in source.toolkit.fluxcd.io/v3 (GitRepository is read in version v1, v1beta2, v1beta1)"
        ]
    );
    assert!(parse("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n").is_none());
}

#[test]
fn flux_itself_is_recognised() {
    let object = |value| Object::new(value).unwrap();
    let label = json!({"app.kubernetes.io/part-of": "flux"});
    let yes = [
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "source-controller", "namespace": "flux-system", "labels": label}}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system", "labels": label}}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "crd-controller-flux-system", "labels": label}}),
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "kustomizations.kustomize.toolkit.fluxcd.io"}}),
    ];
    for value in yes {
        assert!(is_installation(&object(value.clone())), "{value}");
    }
    let no = [
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "flux-system"}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "web", "labels": label}}),
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "a.example.com"}}),
    ];
    for value in no {
        assert!(!is_installation(&object(value.clone())), "{value}");
    }
}

#[test]
fn a_chart_in_a_repository_is_followed_whatever_its_version_says() {
    let of = |kind: &str, strategy: &str| {
        let read = parse(&format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\nmetadata: {{name: web, namespace: apps}}\nspec:\n  \
             interval: 10m\n  chart: ./web\n  sourceRef: {{kind: {kind}, name: fleet}}\n  reconcileStrategy: {strategy}\n"
        ))
        .unwrap();
        let Declaration::Source(source) = &read.declaration else { panic!("{:?}", read.declaration) };
        assert!(!source.broken);
        told(&read)
    };
    assert_eq!(
        of("GitRepository", "ChartVersion"),
        [
            "8: MS3010 field spec.reconcileStrategy has no effect (a chart in a repository is followed, whatever its version says)"
        ]
    );
    assert_eq!(of("GitRepository", "Revision"), Vec::<String>::new());
    assert_eq!(of("HelmRepository", "ChartVersion"), Vec::<String>::new());
}
