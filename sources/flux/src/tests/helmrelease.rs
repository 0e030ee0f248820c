use super::{parse, told, unit};
use mainstay_unit::{DriftMode, Gate, NameMatch, OidcIdentity, Selector, Source, Verification};
use std::time::Duration;

fn release(version: &str, fields: &str) -> crate::Read {
    parse(&format!(
        "apiVersion: helm.toolkit.fluxcd.io/{version}\nkind: HelmRelease\nmetadata: {{name: a, namespace: b}}\nspec:\n  interval: 1m\n{fields}"
    ))
    .unwrap()
}

const CHART: &str = "  chart: {spec: {chart: x, sourceRef: {kind: HelmRepository, name: r, namespace: c}}}\n";

#[test]
fn a_release_is_a_chart_with_its_values() {
    for version in ["v2", "v2beta2", "v2beta1"] {
        let read = release(
            version,
            &format!("{CHART}  values: {{a: 1}}\n  valuesFrom: [{{kind: Secret, name: s}}]\n"),
        );
        assert_eq!(told(&read), Vec::<String>::new());
        let unit = unit(read);
        assert_eq!(unit.id.to_string(), "helmrelease/b/a");
        assert_eq!(unit.gate, Gate::Healthy);
        assert_eq!(unit.drift, DriftMode::Ignore);
        assert_eq!(unit.timing.timeout, Duration::from_secs(300));
        let Source::Chart(chart) = unit.source else { panic!("a chart") };
        assert_eq!((chart.chart.as_str(), chart.version.as_str()), ("x", "*"));
        assert_eq!(chart.source.to_string(), "HelmRepository c/r");
        assert_eq!(chart.values["a"], 1);
        assert_eq!(chart.values_from[0].key, "values.yaml");
        assert_eq!((chart.release.name.as_str(), chart.release.namespace.as_str()), ("a", "b"));
    }
}

#[test]
fn a_chart_and_a_reference_exclude_each_other() {
    assert_eq!(
        told(&release("v2", "")),
        ["5: MS3001 required field spec.chart is missing (set spec.chart, or spec.chartRef)"]
    );
    let both = format!("{CHART}  chartRef: {{kind: OCIRepository, name: x}}\n");
    assert_eq!(told(&release("v2", &both)), ["7: MS3003 spec.chart and spec.chartRef exclude each other"]);
}

#[test]
fn drift_detection_is_the_drift_mode() {
    let read = release(
        "v2",
        &format!(
            "{CHART}  driftDetection: {{mode: enabled, ignore: [{{paths: [/spec/replicas], target: {{kind: Deployment}}}}]}}\n"
        ),
    );
    let unit = unit(read);
    assert_eq!(unit.drift, DriftMode::Correct);
    assert_eq!(unit.drift_ignore[0].kind, NameMatch::pattern("Deployment").unwrap());
}

#[test]
fn fields_are_left_by_labels_annotations_and_version_too() {
    let ignore = |target: &str| {
        let rule = format!("{{paths: [/spec/replicas], target: {{{target}}}}}");
        release("v2", &format!("{CHART}  driftDetection: {{mode: enabled, ignore: [{rule}]}}\n"))
    };
    let read = ignore("version: v1, labelSelector: 'app in (web)', annotationSelector: '!fixed'");
    let rule = &unit(read).drift_ignore[0];
    assert_eq!(rule.version, NameMatch::pattern("v1").unwrap());
    assert_eq!(rule.labels, Selector::parse("app in (web)").unwrap());
    assert_eq!(rule.annotations, Selector::parse("!fixed").unwrap());
    let told = told(&ignore("labelSelector: 'app within (web)'"));
    assert!(told.len() == 1 && told[0].contains("\"app within (web)\" is not a valid selector"), "{told:?}");
}

#[test]
fn options_below_actions_are_checked_too() {
    let read = release("v2", &format!("{CHART}  install: {{remediation: {{retry: 3}}}}\n"));
    assert_eq!(
        told(&read),
        [
            "7: MS3002 unknown field spec.install.remediation.retry (did you mean retries?)",
            "7: MS3010 field spec.install.remediation has no effect (nothing is uninstalled because it failed: what can be is tried again, until the next commit)",
        ]
    );
}

#[test]
fn what_concerns_helms_process_alone_has_no_effect_and_says_so() {
    let fields = "  test: {enable: true}\n  persistentClient: false\n  uninstall: {keepHistory: true, disableHooks: true}\n";
    let read = release("v2", &format!("{CHART}{fields}"));
    let places: Vec<String> =
        told(&read).iter().map(|line| line.split(" (").next().unwrap_or_default().to_owned()).collect();
    assert_eq!(
        places,
        [
            "8: MS3010 field spec.persistentClient has no effect",
            "7: MS3010 field spec.test has no effect",
            "9: MS3010 field spec.uninstall.keepHistory has no effect",
        ]
    );
    assert!(!read.diagnostics.has_errors());
}

#[test]
fn what_would_change_what_is_applied_and_is_not_done_is_an_error() {
    for fields in ["  upgrade: {preserveValues: true}\n", "  uninstall: {deletionPropagation: orphan}\n"] {
        let told = told(&release("v2", &format!("{CHART}{fields}")));
        assert!(told.len() == 1 && told[0].starts_with("7: MS3004 "), "{told:?}");
    }
    let both = "{provider: cosign, secretRef: {name: k}, matchOIDCIdentity: [{issuer: a, subject: b}]}";
    let both = told(&release("v2", &CHART.replace("chart: x,", &format!("chart: x, verify: {both},"))));
    assert!(
        both.len() == 1
            && both[0].contains("MS3004 spec.chart.spec.verify.matchOIDCIdentity: an identity beside a key"),
        "{both:?}"
    );
    for (provider, what) in [
        ("notation", "a signature of notation's is not supported yet"),
        ("helm", "Helm's own provenance, for which Flux has no field, is not supported yet"),
    ] {
        let verify = format!("chart: x, verify: {{provider: {provider}, secretRef: {{name: k}}}},");
        let told = told(&release("v2", &CHART.replace("chart: x,", &verify)));
        assert!(told.last().is_some_and(|last| last.contains(what)), "{told:?}");
    }
}

#[test]
fn the_keys_of_a_signature_lie_beside_the_source() {
    let verify = "chart: x, verify: {provider: cosign, secretRef: {name: k}},";
    let read = unit(release("v2", &CHART.replace("chart: x,", verify)));
    let mainstay_unit::Source::Chart(chart) = read.source else { panic!("a chart") };
    let Some(Verification::Cosign { keys }) = chart.verify else { panic!("it is asked for") };
    let mainstay_unit::SourceId::Named { namespace, .. } = chart.source else { panic!("a name") };
    assert_eq!((keys.namespace, keys.name.as_str()), (namespace, "k"));
}

#[test]
fn whoever_signs_without_a_key_is_named_or_is_anyone() {
    let verify = |fields: &str| {
        let verify = format!("chart: x, verify: {{provider: cosign{fields}}},");
        let read = unit(release("v2", &CHART.replace("chart: x,", &verify)));
        let mainstay_unit::Source::Chart(chart) = read.source else { panic!("a chart") };
        match chart.verify {
            Some(Verification::Identity { any_of, root }) => (any_of, root.map(|root| root.name)),
            Some(Verification::Cosign { .. } | Verification::Provenance { .. }) | None => panic!("by name"),
        }
    };
    assert_eq!(verify(""), (vec![], None));
    let one = |issuer: &str, subject: &str| OidcIdentity { issuer: issuer.into(), subject: subject.into() };
    let named = verify(", matchOIDCIdentity: [{issuer: ^a$, subject: b.*}, {issuer: c, subject: d}]");
    assert_eq!(named, (vec![one("^a$", "b.*"), one("c", "d")], None));
    let root = verify(", matchOIDCIdentity: [{issuer: a, subject: b}], trustedRootSecretRef: {name: r}");
    assert_eq!(root, (vec![one("a", "b")], Some("r".to_owned())));
}

#[test]
fn how_soon_it_is_tried_again_is_the_strategys_to_say() {
    let fields = "  install: {strategy: {name: RetryOnFailure, retryInterval: 30s}}\n";
    let unit = unit(release("v2", &format!("{CHART}{fields}")));
    assert_eq!(unit.timing.retry_interval, Duration::from_secs(30));
}

#[test]
fn an_upgrade_is_rolled_back_where_helm_controller_would_roll_its_last_failure_back() {
    let rolls_back = |upgrade: &str| {
        let read = release("v2", &format!("{CHART}  upgrade: {{{upgrade}}}\n"));
        match unit(read).source {
            Source::Chart(chart) => chart.release.rollback,
            Source::Folder { .. } | Source::Objects(_) => panic!("no chart"),
        }
    };
    assert!(!rolls_back(""));
    assert!(!rolls_back("remediation: {retries: 0}"));
    assert!(rolls_back("remediation: {retries: 3}"));
    assert!(rolls_back("remediation: {retries: -1, strategy: rollback}"));
    assert!(rolls_back("remediation: {remediateLastFailure: true}"));
    assert!(!rolls_back("remediation: {retries: 3, remediateLastFailure: false}"));
    assert!(!rolls_back("remediation: {retries: 3}, strategy: {name: RetryOnFailure}"));
    assert!(!rolls_back("remediation: {retries: 3, strategy: uninstall}"));
    let read =
        release("v2", &format!("{CHART}  upgrade: {{remediation: {{retries: 3, strategy: uninstall}}}}\n"));
    assert_eq!(
        told(&read),
        [
            "7: MS3010 field spec.upgrade.remediation.strategy has no effect (nothing is uninstalled because it failed; the strategy rollback goes back)"
        ]
    );
}
