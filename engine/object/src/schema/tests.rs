use super::{Definitions, ListRelation, Minor, Shape, from_crd};
use crate::{GroupVersionKind, Kinds, TypeId, Types, unknown_fields};
use serde_json::{Value, json};

fn errors(spec: Value) -> Vec<String> {
    match from_crd(&json!({"type": "object", "properties": {"spec": spec}})) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn what_is_not_structural_is_reported_all_at_once() {
    let found = errors(json!({
        "type": "object",
        "properties": {
            "a": {},
            "b": {"type": "array"},
            "c": {"type": "array", "items": {}},
            "d": {"type": "text"},
            "e": {"type": "string", "pattern": "("},
            "f": {"$ref": "#/x", "type": "string"},
            "g": {"type": "object", "additionalProperties": false},
        },
    }));
    let expected = [
        "properties[spec].properties[a].type: Required value: must not be empty for specified object fields",
        "properties[spec].properties[b].items: Required value: must be specified",
        "properties[spec].properties[c].items.type: Required value: must not be empty for specified array items",
        r#"properties[spec].properties[d].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string""#,
        "properties[spec].properties[f].$ref: Forbidden: $ref is not supported",
        "properties[spec].properties[g].additionalProperties: Forbidden: additionalProperties cannot be set to false",
    ];
    assert!(expected.iter().all(|one| found.iter().any(|error| error == one)), "{found:#?}");
    assert!(
        found.iter().any(|error| error.starts_with("properties[spec].properties[e].pattern: Invalid value"))
    );
    assert_eq!(found.len(), 7);
}

#[test]
fn the_root_is_an_object() {
    let of = |schema: Value| from_crd(&schema).map(drop).unwrap_err()[0].to_string();
    assert_eq!(of(json!({})), "type: Required value: must not be empty at the root");
    assert_eq!(of(json!({"type": "string"})), r#"type: Invalid value: "string": must be object at the root"#);
}

#[test]
fn list_keys_must_be_fields_that_are_always_there() {
    let list = |keys: Value, items: Value| {
        errors(
            json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys, "items": items}),
        )
    };
    let item = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    assert!(list(json!(["a"]), item.clone())[0].contains("must have a default or be a required property"));
    assert!(list(json!(["b"]), item)[0].contains("must all be names of item properties"));
    assert!(
        list(json!([]), json!({"type": "object"}))[0]
            .contains("must not be empty if x-kubernetes-list-type is map")
    );
    assert!(list(json!(["a"]), json!({"type": "string"}))[0].contains("must be object if parent"));
}

#[test]
fn schemas_nested_too_deep_are_refused() {
    let deep = (0..300)
        .fold(json!({"type": "object"}), |below, _| json!({"type": "object", "properties": {"a": below}}));
    assert!(errors(deep).iter().any(|error| error.ends_with("must not be nested deeper than 200")));
}

#[test]
fn a_custom_resource_has_the_metadata_of_every_object() {
    let schema = from_crd(&json!({"type": "object"})).expect("structural");
    let metadata = schema.types.child(schema.root, "metadata").expect("declared");
    let references = schema.types.child(metadata, "ownerReferences").expect("declared");
    let Shape::List(list) = &schema.types.get(references).shape else { panic!("a list") };
    assert_eq!(list.relation, ListRelation::Map(vec!["uid".to_owned()]));
}

#[test]
fn rules_are_kept_for_who_can_evaluate_them() {
    let schema = from_crd(&json!({
        "type": "object",
        "x-kubernetes-validations": [{"rule": "self.a == oldSelf.a", "message": "a stays", "optionalOldSelf": true}],
    }))
    .expect("structural");
    let rules = &schema.types.get(schema.root).rules;
    assert_eq!((rules.len(), rules[0].message.as_str(), rules[0].optional_old_self), (1, "a stays", true));
    assert_eq!(
        errors(json!({"type": "string", "x-kubernetes-validations": [{}]})),
        ["properties[spec].x-kubernetes-validations[0].rule: Required value: rule is not specified"]
    );
}

#[test]
fn types_may_contain_themselves() {
    let types = Types::builtin();
    let crd = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let step = |id: TypeId, name: &str| types.child(id, name).unwrap_or_else(|| panic!("{name}"));
    let version = types
        .element(step(step(types.for_kind(&crd).expect("built in"), "spec"), "versions"))
        .expect("a list");
    let schema = step(step(version, "schema"), "openAPIV3Schema");
    let property = step(step(schema, "properties"), "anything");
    assert_eq!(property, schema);
}

#[test]
fn the_table_says_how_patches_merge() {
    let types = Types::builtin();
    let pod = types.named("io.k8s.api.core.v1.PodSpec").expect("built in");
    let Shape::Map(map) = &types.get(pod).shape else { panic!("a map") };
    let containers = &map.fields["containers"];
    assert!(containers.patch.merge);
    assert_eq!(containers.patch.merge_key.as_deref(), Some("name"));
    assert!(map.fields["volumes"].patch.retain_keys);
    assert_eq!(map.required, ["containers"]);
}

#[test]
fn every_minor_version_has_its_table() {
    for minor in Minor::ALL {
        let kinds = Kinds::of_minor(minor);
        assert_eq!(kinds.version, minor.to_string());
        assert!(kinds.release.starts_with(&format!("v{minor}.")), "{}", kinds.release);
        assert!(kinds.all.len() > 60, "{minor}: {}", kinds.all.len());
        let types = Types::of_minor(minor);
        assert_eq!(types.minor(), Some(minor));
        let definitions = Definitions::unpack(minor);
        for info in &kinds.all {
            assert!(types.for_kind(&info.kind).is_some(), "{minor}: {}", info.kind);
            let name = definitions.name(&info.kind).unwrap_or_else(|| panic!("{minor}: {}", info.kind));
            let described = definitions.schema(name).is_some_and(|schema| schema["description"].is_string());
            assert!(described, "{minor}: {name}");
        }
    }
}

#[test]
fn fields_and_kinds_are_those_of_their_minor_version() {
    let pod = GroupVersionKind::new("", "v1", "Pod");
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "main"}], "hostnameOverride": "other"}});
    let unknown = |minor| {
        let types = Types::of_minor(minor);
        unknown_fields(&object, types, types.for_kind(&pod).expect("built in"))
    };
    assert_eq!(unknown(Minor::V1_31), ["spec.hostnameOverride"]);
    assert_eq!(unknown(Minor::V1_36), Vec::<String>::new());
    let resizes =
        |minor| Kinds::of_minor(minor).get(&pod).is_some_and(|pod| pod.subresource("resize").is_some());
    assert_eq!((resizes(Minor::V1_31), resizes(Minor::V1_36)), (false, true));
    let has = |minor, group: &str, version: &str, kind: &str| {
        Kinds::of_minor(minor).get(&GroupVersionKind::new(group, version, kind)).is_some()
    };
    let old = |minor| has(minor, "flowcontrol.apiserver.k8s.io", "v1beta3", "FlowSchema");
    assert_eq!((old(Minor::V1_31), old(Minor::V1_36)), (true, false));
    let new = |minor| has(minor, "resource.k8s.io", "v1", "ResourceClaim");
    assert_eq!((new(Minor::V1_31), new(Minor::V1_36)), (false, true));
}

#[test]
fn a_server_is_read_by_the_newest_table_that_is_not_newer() {
    for (version, minor) in [
        ("v1.36.3", Some(Minor::V1_36)),
        ("1.40", Some(Minor::V1_36)),
        ("2.0", Some(Minor::V1_36)),
        ("v1.35.0-alpha.1", Some(Minor::V1_31)),
        ("v1.31.14+k3s1", Some(Minor::V1_31)),
        ("v1.28.2", Some(Minor::V1_31)),
        ("latest", None),
        ("", None),
    ] {
        assert_eq!(Minor::for_version(version), minor, "{version:?}");
    }
}
