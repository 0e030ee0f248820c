mod property;
mod verify;
mod when;

use crate::kinds::LabelSelector;
use crate::{Declarations, Place, expand, read, schemas};
use mainstay_diagnostic::Diagnostics;
use mainstay_yaml::{Limits, load};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn place(text: &str) -> Option<Place> {
    let root = load("f.yaml", text.as_bytes(), &Limits::default()).documents.into_iter().next()?.root;
    Some(Place { file: "f.yaml".into(), text: text.into(), root: Arc::new(root) })
}

#[test]
fn every_schema_compiles_describes_its_fields_and_closes_its_objects() {
    for (kind, schema) in schemas() {
        jsonschema::meta::validate(&schema).unwrap();
        jsonschema::validator_for(&schema).unwrap();
        let mut objects = 0;
        closed(&schema, &mut objects);
        assert!(objects > 1, "{kind}");
        assert!(schema["description"].is_string(), "{kind}");
    }
}

fn closed(value: &Value, objects: &mut usize) {
    if let Some(map) = value.as_object() {
        if map.contains_key("properties") && map.get("type") == Some(&Value::from("object")) {
            *objects += 1;
            assert_eq!(map.get("additionalProperties"), Some(&Value::from(false)), "{value}");
        }
        map.values().for_each(|value| closed(value, objects));
    }
    value.as_array().into_iter().flatten().for_each(|value| closed(value, objects));
}

#[test]
fn an_optional_field_is_absent_rather_than_null() {
    let text = serde_json::to_string(&schemas()).unwrap();
    assert!(!text.contains("\"null\""));
}

#[test]
fn a_platform_without_a_spec_is_one() {
    let mut declarations = Declarations::default();
    let mut diagnostics = Diagnostics::new();
    let place = place("apiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {name: p}\n").unwrap();
    read(&place, &mut declarations, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!(declarations.platforms.len(), 1);
    assert!(expand(&declarations).units.is_empty());
}

#[test]
fn selectors_mean_what_kubernetes_means() {
    let labels = BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
    let cases = [
        ("{}", true),
        ("{matchLabels: {env: prod}}", true),
        ("{matchLabels: {env: test}}", false),
        ("{matchExpressions: [{key: env, operator: In, values: [prod, test]}]}", true),
        ("{matchExpressions: [{key: env, operator: NotIn, values: [prod]}]}", false),
        ("{matchExpressions: [{key: zone, operator: NotIn, values: [a]}]}", true),
        ("{matchExpressions: [{key: zone, operator: Exists}]}", false),
        ("{matchExpressions: [{key: zone, operator: DoesNotExist}]}", true),
    ];
    for (text, expected) in cases {
        let json = place(text).unwrap().root.to_json();
        let selector: LabelSelector = serde_json::from_value(json).unwrap();
        assert_eq!(selector.matches(&labels), expected, "{text}");
    }
}
