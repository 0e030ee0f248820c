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
    if let Some(Verification::Cosign { keys }) = &request.verify {
        return keys.to_string();
    }
    assert_eq!(request.verify, None);
    "nothing".to_owned()
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
fn what_can_not_be_proved_is_an_error_at_its_place() {
    for chart in ["repository: 'https://example.com', name: web", "path: charts/web"] {
        let told = outcome("m.yaml", &format!("{chart}, {KEYS}"), "");
        let what =
            "MS2004 spec.source.chart.verify: only charts of oci:// repositories have signatures of cosign's";
        assert!(told.starts_with("m.yaml:6:") && told.ends_with(what), "{told}");
    }
    let of = |verify: &str| {
        outcome("m.yaml", &format!("repository: 'oci://example.com/charts', name: web, verify: {verify}"), "")
    };
    let cases = [
        (
            "{provider: helm, secretRef: {name: keys}}",
            "83 MS2004 spec.source.chart.verify.provider: \"helm\" is none of cosign",
        ),
        ("{provider: cosign}", "64 MS2002 required field spec.source.chart.verify.secretRef is missing"),
        (
            "{provider: cosign, secretRef: {name: ''}}",
            "109 MS2004 spec.source.chart.verify.secretRef.name: shorter than 1 characters",
        ),
        (
            "{provider: cosign, secretRef: {name: keys}, matchOIDCIdentity: []}",
            "116 MS2003 unknown field spec.source.chart.verify.matchOIDCIdentity",
        ),
    ];
    for (verify, expected) in cases {
        assert_eq!(of(verify), format!("m.yaml:6:{expected}"));
    }
}
