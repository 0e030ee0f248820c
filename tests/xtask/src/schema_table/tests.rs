use serde_json::{Map, json};

use super::convert::{collect, compact};
use super::discover::{discover, name_types};
use super::*;

#[test]
fn a_schema_keeps_what_merging_needs_and_loses_its_prose() {
    let schema = json!({
        "type": "object",
        "description": "long",
        "required": ["ports"],
        "properties": {
            "ports": {
                "type": "array",
                "description": "longer",
                "items": {"default": {}, "allOf": [{"$ref": "#/components/schemas/Port"}]},
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["port"],
                "x-kubernetes-patch-strategy": "merge",
                "x-kubernetes-patch-merge-key": "port",
            },
            "protocol": {"type": "string", "default": "TCP"},
            "target": {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
            "labels": {"type": "object", "additionalProperties": {"type": "string", "default": ""}},
        },
    });
    let expected = json!({
        "k": "object",
        "req": ["ports"],
        "f": {
            "ports": {"k": "array", "i": {"ref": "Port", "def": {}}, "lt": "map", "lk": ["port"], "ps": "merge", "pk": "port"},
            "protocol": {"k": "string", "def": "TCP"},
            "target": {"k": "int-or-string"},
            "labels": {"k": "object", "ap": {"k": "string", "def": ""}},
        },
    });
    assert_eq!(compact(&schema).expect("a schema"), expected);
}

#[test]
fn an_unknown_keyword_is_refused_rather_than_lost() {
    let refused = compact(&json!({"type": "object", "x-kubernetes-new": true})).expect_err("refused");
    assert!(refused.to_string().contains("x-kubernetes-new"), "{refused}");
}

#[test]
fn documents_must_agree_on_a_definition() {
    let document = |kind: &str| json!({"components": {"schemas": {"A": {"type": kind}}}});
    let mut definitions = Map::new();
    collect(&mut definitions, &document("string")).expect("the first");
    collect(&mut definitions, &document("string")).expect("the same");
    collect(&mut definitions, &document("object")).expect_err("another");
}

#[test]
fn subresources_belong_to_their_kind_and_may_be_of_another_group() {
    let get = |path: &str| {
        Ok(match path {
            "/apis" => json!({"groups": []}),
            _ => json!({"resources": [
                {"name": "pods", "kind": "Pod", "singularName": "pod", "shortNames": ["po"], "namespaced": true,
                 "verbs": ["list", "get"]},
                {"name": "pods/eviction", "kind": "Eviction", "group": "policy", "version": "v1", "verbs": ["create"]},
            ]}),
        })
    };
    let of = |group: &str, kind: &str| json!({"x-kubernetes-group-version-kind": [{"group": group, "version": "v1", "kind": kind}]});
    let definitions = json!({"core.Pod": of("", "Pod"), "policy.Eviction": of("policy", "Eviction")});
    let kinds = discover(&get).expect("discovery").kinds;
    let kinds = name_types(kinds, definitions.as_object().expect("a map")).expect("types");
    let expected = json!([{
        "group": "", "version": "v1", "kind": "Pod", "plural": "pods", "singular": "pod", "shortNames": ["po"],
        "categories": [], "namespaced": true, "verbs": ["get", "list"], "type": "core.Pod",
        "subresources": {"eviction": {"group": "policy", "version": "v1", "kind": "Eviction", "verbs": ["create"],
                                      "type": "policy.Eviction"}},
    }]);
    assert_eq!(json!(kinds), expected);
}

#[test]
fn the_minor_version_names_the_files() {
    assert_eq!(minor("v1.36.3").expect("a version"), "1.36");
    minor("nonsense").expect_err("no version");
}

#[test]
fn what_a_server_serves_only_when_asked_is_in_no_table() {
    let group = |name: &str, versions: &[&str]| {
        let versions: Vec<_> = versions.iter().map(|version| json!({"version": version})).collect();
        json!({"name": name, "versions": versions})
    };
    let mut groups = json!({"groups": [
        group("storage.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
        group("flowcontrol.apiserver.k8s.io", &["v1", "v1beta3"]),
        group("internal.apiserver.k8s.io", &["v1alpha1"]),
    ]});
    sources::leave_out_what_must_be_switched_on(&mut groups).expect("groups");
    let expected = json!({"groups": [
        group("storage.k8s.io", &["v1"]),
        group("flowcontrol.apiserver.k8s.io", &["v1", "v1beta3"]),
    ]});
    assert_eq!(groups, expected);
}

#[test]
fn enumerations_are_found_in_the_code_that_openapi_is_made_of() {
    let generated = concat!(
        "func schema_k8sio_api_core_v1_A(ref common.ReferenceCallback) common.OpenAPIDefinition {\n",
        "\t\t\t\t\t\"policy\": {\n",
        "\t\t\t\t\t\t\tEnum:    []interface{}{\"Always\", \"Never, ever\"},\n",
        "\t\t\t\t\t\"modes\": {\n",
        "\t\t\t\t\t\t\tItems: &spec.SchemaOrArray{\n",
        "\t\t\t\t\t\t\t\t\t\tEnum:    []interface{}{\"\"},\n",
        "func schema_k8sio_api_core_v1_Unserved(ref common.ReferenceCallback) common.OpenAPIDefinition {\n",
        "\t\t\t\t\t\"policy\": {\n",
        "\t\t\t\t\t\t\tEnum:    []interface{}{\"Other\"},\n",
    );
    let text = json!({"k": "string"});
    let fields = json!({"policy": text, "modes": {"k": "array", "i": text}});
    let mut types = Map::new();
    types.insert("io.k8s.api.core.v1.A".to_owned(), json!({"k": "object", "f": fields}));
    assert_eq!(enums::add(&mut types, generated).expect("enumerations"), 2);
    let fields = &types["io.k8s.api.core.v1.A"]["f"];
    assert_eq!(fields["policy"]["enum"], json!(["Always", "Never, ever"]));
    assert_eq!(fields["modes"]["i"]["enum"], json!([""]));
}
