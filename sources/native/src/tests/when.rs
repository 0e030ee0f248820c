//! A Module's `when`: which clusters it chooses, and where its mistakes are shown.

use super::place;
use crate::{Declarations, Place, expand, read};
use mainstay_diagnostic::Diagnostics;
use mainstay_yaml::{Limits, load};
use std::sync::Arc;

const CLUSTERS: &str = "\
apiVersion: mainstay.dev/v1alpha1
kind: Cluster
metadata: {name: eu, labels: {env: prod, zone: a}}
spec: {class: embedded, variables: {replicas: 3, gpu: true}}
---
apiVersion: mainstay.dev/v1alpha1
kind: Cluster
metadata: {name: us, labels: {env: test}}
spec: {class: embedded, variables: {replicas: 1}}
";

/// The units' clusters, or every diagnostic with its place.
fn outcome(when: &str) -> String {
    with(&format!("  when: {when}\n"))
}

fn with(fields: &str) -> String {
    let module = format!(
        "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {{name: m}}\nspec:\n  source: {{path: web}}\n  \
         clusters: {{selector: {{}}}}\n{fields}"
    );
    let mut declarations = Declarations::default();
    let mut diagnostics = Diagnostics::new();
    for text in [CLUSTERS, &module] {
        let documents = load("f.yaml", text.as_bytes(), &Limits::default()).documents;
        for document in documents {
            let root = Arc::new(document.root);
            read(
                &Place { file: "f.yaml".into(), text: text.into(), root },
                &mut declarations,
                &mut diagnostics,
            );
        }
    }
    let expanded = expand(&declarations);
    diagnostics.extend(expanded.diagnostics);
    let failed = expanded.units.iter().filter_map(|unit| unit.failed.clone());
    diagnostics.extend(failed);
    if diagnostics.is_empty() {
        let modules = expanded.units.iter().filter(|unit| unit.unit.id.name == "m");
        return modules.map(|unit| unit.unit.target.name()).collect::<Vec<_>>().join(" ");
    }
    let told = diagnostics.sorted().into_iter();
    told.map(|d| format!("{} {}", d.location.unwrap(), d.message)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_clusters_for_which_it_is_true_are_chosen() {
    for (when, expected) in [
        ("'true'", "eu us"),
        ("'false'", ""),
        ("cluster.labels.env == 'prod'", "eu"),
        ("cluster.variables.replicas > 2", "eu"),
        ("cluster.name.startsWith('u')", "us"),
        ("has(cluster.labels.zone) && cluster.labels.zone == 'a'", "eu"),
        ("cluster.labels.?zone.orValue('b') == 'b'", "us"),
        ("cluster.variables.?gpu.orValue(false)", "eu"),
        ("\"'zone' in cluster.labels\"", "eu"),
    ] {
        assert_eq!(outcome(when), expected, "{when}");
    }
}

#[test]
fn what_can_be_found_without_a_cluster_is_shown_where_it_stands() {
    for (when, expected) in [
        ("cluster.label.env == 'prod'", "f.yaml:7:16 spec.when: undefined field 'label'"),
        ("'cluster.label.env == 1'", "f.yaml:7:17 spec.when: undefined field 'label'"),
        ("clusters.labels", "f.yaml:7:9 spec.when: undeclared reference to 'clusters' (in container '')"),
        ("cluster.name", "f.yaml:7:9 spec.when: it is a string, not true or false"),
        (
            "cluster.name ==",
            "f.yaml:7:24 spec.when: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
        ),
        ("|\n    cluster.name == 'a' &&\n    cluster.nope", "f.yaml:9:12 spec.when: undefined field 'nope'"),
        (
            "\"cluster.name == \\\"a\\\" && nope\"",
            "f.yaml:7:9 spec.when: undeclared reference to 'nope' (in container '')",
        ),
    ] {
        assert_eq!(outcome(when), expected, "{when}");
    }
}

#[test]
fn what_a_cluster_lacks_is_an_error_and_holds_its_unit_back() {
    assert_eq!(
        outcome("cluster.labels.zone == 'a'"),
        "f.yaml:7:23 spec.when: no such key: zone (for cluster us)"
    );
    assert_eq!(outcome("cluster.variables.replicas"), "f.yaml:7:9 spec.when: it is a int, not true or false");
    assert_eq!(
        outcome("cluster.variables.replicas + 'x' == 'y'"),
        "f.yaml:7:36 spec.when: no such overload (for cluster eu)\n\
         f.yaml:7:36 spec.when: no such overload (for cluster us)"
    );
}

#[test]
fn a_position_within_a_field_is_found_however_it_is_written() {
    let text = "a: x\nb: |\n  one\n  two three\nc: 'four five'\nd: >\n  folded\n  over\n";
    let place = place(text).unwrap();
    let at = |pointer: &str, value: &str, line, column| {
        let position = mainstay_diagnostic::Position::new(line, column);
        place.location_within(pointer, value, position).to_string()
    };
    assert_eq!(at("/b", "one\ntwo three\n", 2, 5), "f.yaml:4:7");
    assert_eq!(at("/c", "four five", 1, 6), "f.yaml:5:10");
    assert_eq!(at("/d", "folded over\n", 1, 8), "f.yaml:6:4");
}

#[test]
fn what_checks_and_dependencies_say_is_read_before_it_matters() {
    let check =
        |fields: &str| with(&format!("  healthChecks:\n    - apiVersion: v1\n      kind: Thing\n{fields}"));
    assert_eq!(check("      current: status.ready && has(spec.x)\n      failed: \"!status.ok\"\n"), "eu us");
    assert_eq!(
        check("      current: status.ready.nope()\n"),
        "f.yaml:10:33 spec.healthChecks[0].current: undeclared reference to 'nope' (in container '')"
    );
    assert_eq!(
        check("      failed: \"'a' + 'b'\"\n"),
        "f.yaml:10:15 spec.healthChecks[0].failed: it is a string, not true or false"
    );
    let depends = |expression: &str| {
        with(&format!("  dependsOn:\n    - kind: Cluster\n      name: eu\n      readyExpr: {expression}\n"))
    };
    assert_eq!(depends("dep.status.phase == 'Ready'"), "eu us");
    assert_eq!(
        depends("dependency.status"),
        "f.yaml:10:18 spec.dependsOn[0].readyExpr: undeclared reference to 'dependency' (in container '')"
    );
}
