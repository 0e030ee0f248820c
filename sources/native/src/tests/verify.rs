//! What a Module's chart has to prove, and whose keys it may name.
use crate::{Declarations, Place, expand, read};
use mainstay_diagnostic::Diagnostics;
use mainstay_unit::{Need, Source, Verification};
use mainstay_yaml::{Limits, load};
use std::sync::Arc;

const TENANT: &str = "apiVersion: mainstay.dev/v1alpha1\nkind: Tenant\nmetadata: {name: team}\nspec: {paths: [team], \
                      namespaces: [shop]}\n";
const KEYS: &str = "verify: {provider: cosign, secretRef: {name: keys}}";

/// What is asked of the chart, or every diagnostic with its place.
fn outcome(file: &str, chart: &str, fields: &str) -> String {
    let module = format!(
        "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {{name: m}}\nspec:\n  source:\n    chart: {{{chart}}}\n{fields}"
    );
    let mut declarations = Declarations::default();
    let mut diagnostics = Diagnostics::new();
    for (file, text) in [("tenants.yaml", TENANT), (file, &module)] {
        for document in load(file, text.as_bytes(), &Limits::default()).documents {
            let root = Arc::new(document.root);
            read(&Place { file: file.into(), text: text.into(), root }, &mut declarations, &mut diagnostics);
        }
    }
    let expanded = expand(&declarations);
    diagnostics.extend(expanded.diagnostics);
    if !diagnostics.is_empty() {
        let told = diagnostics.sorted().into_iter();
        let told = told.map(|d| format!("{} {} {}", d.location.unwrap(), d.code.id, d.message));
        return told.collect::<Vec<_>>().join("\n");
    }
    let Some(Need::Chart { request, .. }) = expanded.repositories.values().next() else {
        panic!("{:?}", expanded.repositories)
    };
    let Source::Chart(chart) = &expanded.units[0].unit.source else { panic!("{:?}", expanded.units) };
    assert_eq!(chart.verify, request.verify);
    match &request.verify {
        None => "nothing".to_owned(),
        Some(Verification::Cosign { keys }) => keys.to_string(),
        Some(Verification::Provenance { keys }) => format!("provenance by {keys}"),
        Some(Verification::Identity { any_of, root }) => {
            let any_of = any_of.iter().map(|one| format!("{} of {}", one.subject, one.issuer));
            let root = root.as_ref().map_or("the public root".to_owned(), ToString::to_string);
            format!("{}, by {root}", any_of.collect::<Vec<_>>().join(" or "))
        }
    }
}

#[test]
fn keys_are_the_platforms_or_in_the_modules_own_namespace() {
    let oci = format!("repository: 'oci://example.com/charts', name: web, {KEYS}");
    assert_eq!(outcome("m.yaml", &oci, ""), "Secret mainstay-system/keys");
    assert_eq!(outcome("m.yaml", &oci, "  namespace: shop\n"), "Secret mainstay-system/keys");
    assert_eq!(outcome("team/m.yaml", &oci, "  namespace: shop\n"), "Secret shop/keys");
    assert_eq!(
        outcome("team/m.yaml", &oci, "  namespace: mainstay-system\n"),
        "team/m.yaml:6:102 MS2015 a Secret of namespace mainstay-system is not tenant team's to use"
    );
    assert_eq!(
        outcome("team/m.yaml", &oci, ""),
        "team/m.yaml:6:102 MS2015 keys of tenant team are in the namespace of its Module, and none is named"
    );
    assert_eq!(outcome("m.yaml", "repository: 'oci://example.com/charts', name: web", ""), "nothing");
}

#[test]
fn a_provenance_is_asked_of_any_repository_and_an_identity_in_the_place_of_a_key() {
    let ring = "verify: {provider: helm, secretRef: {name: ring}}";
    for url in ["https://example.com", "oci://example.com/charts"] {
        let chart = format!("repository: '{url}', name: web, {ring}");
        assert_eq!(outcome("m.yaml", &chart, ""), "provenance by Secret mainstay-system/ring");
        let shop = "  namespace: shop\n";
        assert_eq!(outcome("team/m.yaml", &chart, shop), "provenance by Secret shop/ring");
        assert!(
            outcome("team/m.yaml", &chart, "  namespace: other\n")
                .contains("MS2015 a Secret of namespace other")
        );
    }
    let by = |fields: &str| {
        let identities = "[{issuer: '^a$', subject: b}, {issuer: c, subject: d}]";
        format!(
            "repository: 'oci://example.com/charts', name: web, \
             verify: {{provider: cosign, matchOIDCIdentity: {identities}{fields}}}"
        )
    };
    assert_eq!(outcome("m.yaml", &by(""), ""), "b of ^a$ or d of c, by the public root");
    assert_eq!(outcome("team/m.yaml", &by(""), ""), "b of ^a$ or d of c, by the public root");
    let root = by(", trustedRootSecretRef: {name: root}");
    assert_eq!(outcome("m.yaml", &root, ""), "b of ^a$ or d of c, by Secret mainstay-system/root");
    assert_eq!(
        outcome("team/m.yaml", &root, "  namespace: shop\n"),
        "b of ^a$ or d of c, by Secret shop/root"
    );
    assert!(outcome("team/m.yaml", &root, "").contains("MS2015 keys of tenant team are in the namespace"));
}

#[test]
fn what_can_not_be_proved_is_an_error_at_its_place() {
    for (chart, what) in [
        (
            "repository: 'https://example.com', name: web",
            "only charts of oci:// repositories have signatures of cosign's",
        ),
        ("path: charts/web", "only charts of repositories are signed"),
    ] {
        let told = outcome("m.yaml", &format!("{chart}, {KEYS}"), "");
        let what = format!("MS2004 spec.source.chart.verify: {what}");
        assert!(told.starts_with("m.yaml:6:") && told.ends_with(&what), "{told}");
    }
    let told = outcome("m.yaml", "path: charts/web, verify: {provider: helm, secretRef: {name: k}}", "");
    assert!(
        told.ends_with("MS2004 spec.source.chart.verify: only charts of repositories are signed"),
        "{told}"
    );
    let of = |verify: &str| {
        outcome("m.yaml", &format!("repository: 'oci://example.com/charts', name: web, verify: {verify}"), "")
    };
    let cases = [
        (
            "{provider: notation, secretRef: {name: keys}}",
            "83 MS2004 spec.source.chart.verify.provider: \"notation\" is none of cosign, helm",
        ),
        (
            "{provider: cosign}",
            "64 MS2004 spec.source.chart.verify: expected secretRef, which names the Secret of the keys, or matchOIDCIdentity",
        ),
        (
            "{provider: helm}",
            "64 MS2004 spec.source.chart.verify: expected secretRef, which names the Secret of the keyrings",
        ),
        (
            "{provider: helm, secretRef: {name: k}, matchOIDCIdentity: [{issuer: a, subject: b}]}",
            "111 MS2004 spec.source.chart.verify.matchOIDCIdentity: a provenance of Helm's is signed with a key",
        ),
        (
            "{provider: helm, secretRef: {name: k}, trustedRootSecretRef: {name: r}}",
            "111 MS2004 spec.source.chart.verify.trustedRootSecretRef: a provenance of Helm's is signed with a key",
        ),
        (
            "{provider: cosign, secretRef: {name: k}, matchOIDCIdentity: [{issuer: a, subject: b}]}",
            "113 MS2004 spec.source.chart.verify.matchOIDCIdentity: expected keys or identities, not both",
        ),
        (
            "{provider: cosign, secretRef: {name: k}, trustedRootSecretRef: {name: r}}",
            "113 MS2004 spec.source.chart.verify.trustedRootSecretRef: for a key no trust root is asked",
        ),
        (
            "{provider: cosign, matchOIDCIdentity: [{issuer: '', subject: b}]}",
            "120 MS2004 spec.source.chart.verify.matchOIDCIdentity[0].issuer: shorter than 1 characters",
        ),
        (
            "{provider: cosign, secretRef: {name: ''}}",
            "109 MS2004 spec.source.chart.verify.secretRef.name: shorter than 1 characters",
        ),
        (
            "{provider: cosign, secretRef: {name: keys}, keys: []}",
            "116 MS2003 unknown field spec.source.chart.verify.keys",
        ),
    ];
    for (verify, expected) in cases {
        assert_eq!(of(verify), format!("m.yaml:6:{expected}"));
    }
}
