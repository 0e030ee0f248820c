//! Charts that ask for the real Helm: the runs that they need, and what is made of what was printed.
use super::charts::{CHART, CONFIG, found, reference, rendered, repository, state, value};
use super::{errors, id, inputs, told, tree};
use crate::{Cache, Inputs, Supply, read, read_with};
use mainstay_unit::{Capabilities, Claim, HelmRun, Need, Reading, ReferenceKind, RenderState, Target};
use serde_json::json;
use std::sync::Arc;

const PLATFORM: &str = "=== platform.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {name: p}\nspec: {helm: {exec: true}}\n";

/// A release that asks for it, with one template; what is known of its cluster.
fn asking(fields: &str, template: &str) -> String {
    let text = repository(fields, &[("templates/all.yaml", template)]);
    text.replace(
        "metadata: {name: web, namespace: apps}",
        "metadata: {name: web, namespace: apps, annotations: {mainstay.dev/renderer: exec}}",
    )
}

fn one(text: &str) -> Inputs {
    let mut inputs = inputs(tree(text));
    let served =
        Capabilities { version: "v1.31.2".into(), apis: vec!["v1".into()], ..Capabilities::default() };
    inputs.capabilities.insert((Target::Management, Vec::new()), Supply::Here(Arc::new(served)));
    inputs
}

fn runs(reading: &Reading) -> Vec<HelmRun> {
    let run = |need: &Need| match need {
        Need::Helm { run } => Some(run.clone()),
        _ => None,
    };
    reading.needs.iter().filter_map(run).collect()
}

fn print(object: &str) -> String {
    format!("---\n# Source: web/templates/all.yaml\n{object}\n")
}

fn config(data: &str) -> String {
    print(&format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\ndata: {{x: {data}}}"))
}

/// Reads until nothing is lacking; every run prints what this says of it.
fn answered(inputs: &mut Inputs, print: impl Fn(&HelmRun) -> Supply<Arc<str>>) -> Reading {
    for _ in 0..5 {
        let reading = read(inputs);
        let runs = runs(&reading);
        if runs.is_empty() {
            return reading;
        }
        inputs.helm.extend(runs.iter().map(|run| (*run.digest(), print(run))));
    }
    panic!("there is no end to it")
}

fn here(text: impl AsRef<str>) -> Supply<Arc<str>> {
    Supply::Here(text.as_ref().into())
}

#[test]
fn nothing_is_run_unless_the_platform_allows_it() {
    let reading = read(&one(&asking("", CONFIG)));
    assert_eq!(
        errors(&reading),
        [
            "web.yaml:3 MS4509 the chart of helmrelease/apps/web asks for the real Helm, which is not allowed here"
        ]
    );
    let problem = reading.errors().next().unwrap();
    assert!(problem.hint.as_ref().unwrap().contains("spec: {helm: {exec: true}}"), "{problem:?}");
    assert!(reading.needs.is_empty(), "{:?}", reading.needs);
    assert!(matches!(state(&reading), RenderState::Failed { .. }));
}

#[test]
fn a_tenant_can_not_allow_it() {
    let tenant = "=== tenant.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Tenant\nmetadata: {name: t}\nspec: {paths: [teams/t]}\n";
    let platform = PLATFORM.replace("=== platform.yaml", "=== teams/t/platform.yaml");
    let reading = read(&one(&format!("{}{tenant}{platform}", asking("", CONFIG))));
    assert!(runs(&reading).is_empty());
    assert!(!matches!(state(&reading), RenderState::Rendered(_)), "{:?}", state(&reading));
}

#[test]
fn helm_is_given_what_the_native_renderer_is_given_and_read_the_same() {
    let text = format!("{}{PLATFORM}", asking("  values: {replicas: 3}\n", CONFIG));
    let mut inputs = one(&text);
    let reading = read(&inputs);
    let runs = runs(&reading);
    assert!(matches!(state(&reading), RenderState::NotRendered { .. }));
    let turns: Vec<u8> = runs.iter().map(|run| run.given().turn).collect();
    assert_eq!(turns.len(), 2, "it is run twice, to tell whether it makes the same: {turns:?}");
    let given = runs[0].given();
    assert_eq!(given.values, r#"{"replicas":3.0}"#, "as JSON has numbers");
    assert_eq!((&*given.release, &*given.namespace, &*given.kube_version), ("web", "apps", "v1.31.2"));
    assert_eq!(given.api_versions, ["v1"]);
    let names: Vec<&str> = given.files.keys().map(String::as_str).collect();
    assert_eq!(names, ["Chart.yaml", "templates/all.yaml", "values.yaml"]);
    let output = print("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  replicas: \"3\"");
    let reading = answered(&mut inputs, |_| here(&output));
    assert_eq!(told(&reading), Vec::<String>::new());
    let native = read(&one(&text.replace("renderer: exec", "renderer: native")));
    assert_eq!(found(&reading, "ConfigMap", "web"), found(&native, "ConfigMap", "web"));
    assert_eq!(rendered(&reading).release, rendered(&native).release, "Helm is told the same");
    let again = one(&text.replace("renderer: exec", "renderer: helm"));
    assert_eq!(errors(&read(&again)), ["web.yaml:3 MS3003 mainstay.dev/renderer: expected native or exec"]);
}

#[test]
fn a_module_asks_by_a_field() {
    let module = format!(
        "=== m.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {{name: web}}\nspec:\n  source:\n    chart: {{path: charts/web, renderer: exec}}\n{CHART}"
    );
    let reading = read(&one(&module));
    assert_eq!(errors(&reading).len(), 1, "{:?}", errors(&reading));
    assert!(errors(&reading)[0].starts_with("m.yaml:6 MS4509"), "{:?}", errors(&reading));
    let mut inputs = one(&format!("{module}{PLATFORM}"));
    let reading = answered(&mut inputs, |_| here(config("1")));
    assert_eq!(told(&reading), Vec::<String>::new());
    let RenderState::Rendered(rendered) = &reading.units[&id("module/platform/web")].state else {
        panic!("{:?}", reading.units.keys())
    };
    assert_eq!(rendered.objects.len(), 1);
}

#[test]
fn what_is_known_is_not_run_again() {
    let text = format!("{}{PLATFORM}", asking("", CONFIG));
    let mut cache = Cache::default();
    let mut inputs = one(&text);
    for _ in 0..2 {
        let needs = runs(&read_with(&inputs, &mut cache));
        inputs.helm.extend(needs.iter().map(|run| (*run.digest(), here(config("1")))));
    }
    let first = read_with(&inputs, &mut cache);
    inputs.helm.clear();
    let again = read_with(&inputs, &mut cache);
    assert!(again.needs.is_empty() && cache.rendered() == 0);
    assert_eq!(state(&first), state(&again));
    let forbidden = one(&text.replace("exec: true", "exec: false"));
    assert_eq!(errors(&read_with(&forbidden, &mut cache)).len(), 1, "what was rendered before does not help");
}

#[test]
fn what_differs_between_two_runs_is_an_error_that_names_the_field_and_no_value() {
    let text = format!("{}{PLATFORM}", asking("", CONFIG));
    let differing = |run: &HelmRun| here(config(&format!("hunter{}", run.given().turn)));
    let reading = answered(&mut one(&text), differing);
    assert_eq!(
        errors(&reading),
        [
            "web.yaml:1 MS4510 the chart of helmrelease/apps/web makes something else each time: ConfigMap apps/web /data/x"
        ]
    );
    let post = "  postRenderers: [{kustomize: {patches: [{target: {kind: ConfigMap}, patch: '[{op: replace, path: /data/x, value: set}]'}]}}]\n";
    let text = format!("{}{PLATFORM}", asking(post, CONFIG));
    let reading = answered(&mut one(&text), differing);
    assert_eq!(errors(&reading), Vec::<String>::new());
    assert_eq!(value(&reading, "ConfigMap", "web")["data"], json!({"x": "set"}));
}

#[test]
fn what_follows_from_a_secret_is_sensitive_and_no_error_quotes_it() {
    let fields = "  valuesFrom: [{kind: Secret, name: s}]\n";
    let text = format!("{}{PLATFORM}", asking(fields, CONFIG));
    let mut inputs = one(&text);
    let content = [("values.yaml".to_owned(), "password: hunter2\n".to_owned())].into();
    inputs
        .references
        .insert((reference(ReferenceKind::Secret, "s"), Claim::default()), Supply::Here(content));
    let with_it = |run: &HelmRun| {
        let values: serde_json::Value = serde_json::from_str(&run.given().values).unwrap();
        let reversed: String = values["password"].as_str().unwrap().chars().rev().collect();
        let other = print("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {x: y}");
        here(config(&reversed) + &other)
    };
    let reading = answered(&mut inputs.clone(), with_it);
    assert_eq!(told(&reading), Vec::<String>::new());
    let sensitive: Vec<&str> = rendered(&reading).sensitive.iter().map(|key| key.name()).collect();
    assert_eq!(sensitive, ["web"]);
    for said in [
        "Error: execution error at (web/templates/all.yaml:4:12): no hunter2 here",
        "Error: YAML parse error on web/templates/all.yaml: cannot unmarshal !!str `hunt...` into x",
        "Error: cannot unmarshal `hunt...` into x",
    ] {
        let reading = answered(&mut inputs.clone(), |_| Supply::Absent(said.to_owned()));
        let errors = errors(&reading);
        assert!(errors.len() == 1 && !errors[0].contains("hunt"), "{errors:?}");
        assert!(errors[0].contains("fails in the real Helm"), "{errors:?}");
    }
}

#[test]
fn where_helm_fails_is_where_it_says() {
    let text = format!("{}{PLATFORM}", asking("", CONFIG));
    let said = "Error: execution error at (web/templates/all.yaml:4:12): replicas are missing\n\nUse --debug flag to render out invalid YAML";
    let reading = answered(&mut one(&text), |_| Supply::Absent(said.to_owned()));
    assert_eq!(
        errors(&reading),
        [
            "charts/web/templates/all.yaml:4 MS4505 the chart of helmrelease/apps/web fails in the real Helm: execution error at (web/templates/all.yaml:4:12): replicas are missing"
        ]
    );
    let reading = answered(&mut one(&text), |_| Supply::NotEvaluated("no program is named".to_owned()));
    match state(&reading) {
        RenderState::NotRendered { reason } => {
            assert_eq!(reason, "the real Helm was not run: no program is named")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_chart_that_lacks_what_it_depends_on_is_not_run() {
    let text = format!("{}{PLATFORM}", asking("", CONFIG)).replace(
        "version: 1.2.3\n",
        "version: 1.2.3\ndependencies: [{name: db, version: 1.x.x, repository: 'https://charts.example.com'}]\n",
    );
    let reading = read(&one(&text));
    assert!(runs(&reading).is_empty());
    let errors = errors(&reading);
    assert!(errors.len() == 1 && errors[0].contains("missing in charts/ directory: db"), "{errors:?}");
}

#[test]
fn a_template_that_looks_something_up_is_told_of() {
    let template = "{{- $old := lookup \"v1\" \"Secret\" .Release.Namespace \"s\" }}\n";
    let text = format!("{}{PLATFORM}", asking("", template));
    let reading = answered(&mut one(&text), |_| here(config("1")));
    assert_eq!(
        told(&reading),
        [
            "charts/web/templates/all.yaml:1 MS4511 web/templates/all.yaml looks up objects, of which the real Helm finds none"
        ]
    );
}

#[test]
fn a_function_that_only_helm_may_know_names_the_way_out() {
    let text = repository("", &[("templates/all.yaml", "x: {{ futureFunction 1 }}\n")]);
    let reading = read(&one(&text));
    let problem = reading.errors().next().unwrap();
    assert!(problem.message.contains("function \"futureFunction\" not defined"), "{problem:?}");
    let hint = problem.hint.as_deref().unwrap();
    assert!(hint.contains("mainstay.dev/renderer: exec") && hint.contains("spec.helm.exec"), "{hint}");
    let failing = repository("", &[("templates/all.yaml", "x: {{ fail \"no\" }}\n")]);
    assert_eq!(read(&one(&failing)).errors().next().unwrap().hint, None);
}
