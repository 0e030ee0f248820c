//! CEL rules of definitions: refused where they are wrong, held against objects where they are right.

use super::support::host;
use serde_json::{Value, json};

const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const SHIPS: &str = "/apis/example.com/v1/namespaces/default/ships";

fn definition(rules: Value) -> String {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "ships.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "ships", "singular": "ship", "kind": "Ship", "listKind": "ShipList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object",
                "properties": {"spec": {
                    "type": "object", "x-kubernetes-validations": rules, "required": ["size"],
                    "properties": {"size": {"type": "integer"}, "most": {"type": "integer"}},
                }},
            }}}],
        },
    })
    .to_string()
}

fn ship(size: i64, most: i64) -> String {
    json!({
        "apiVersion": "example.com/v1", "kind": "Ship", "metadata": {"name": "a"},
        "spec": {"size": size, "most": most},
    })
    .to_string()
}

#[test]
fn a_definition_whose_rule_does_not_compile_is_refused() {
    let told = host().fails(&format!("POST {CRDS}"), &definition(json!([{"rule": "self.nope == 1"}])));
    let place =
        "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: ";
    assert!(told.starts_with("422 Invalid: ") && told.contains(place), "{told}");
    assert!(told.contains("compilation failed: ERROR: <input>:1:5: undefined field 'nope'"), "{told}");
}

#[test]
fn objects_are_held_against_the_rules_when_they_are_made_and_changed() {
    let mut host = host();
    let rules = json!([
        {"rule": "self.size <= self.most", "message": "too large"},
        {"rule": "self.size >= oldSelf.size", "messageExpression": "'shrunk by ' + string(oldSelf.size - self.size)"},
    ]);
    host.ok(&format!("POST {CRDS}"), &definition(rules));
    let told = host.fails(&format!("POST {SHIPS}"), &ship(3, 2));
    assert_eq!(told, "422 Invalid: Ship.example.com \"a\" is invalid: spec: Invalid value: too large");
    host.ok(&format!("POST {SHIPS}"), &ship(2, 5));
    let told = host.fails(&format!("MERGE {SHIPS}/a"), r#"{"spec":{"size":1}}"#);
    assert_eq!(told, "422 Invalid: Ship.example.com \"a\" is invalid: spec: Invalid value: shrunk by 1");
    host.ok(&format!("MERGE {SHIPS}/a"), r#"{"spec":{"size":4}}"#);
}

#[test]
fn rules_are_not_asked_about_an_object_that_its_schema_does_not_fit() {
    let mut host = host();
    host.ok(&format!("POST {CRDS}"), &definition(json!([{"rule": "self.size > 1"}])));
    let told = host.fails(&format!("POST {SHIPS}"), &ship(3, 2).replace("\"size\":3", "\"big\":3"));
    assert!(told.contains("spec.size: Required value"), "{told}");
    assert!(told.contains("<nil>: Invalid value: null: some validation rules were not checked"), "{told}");
}
