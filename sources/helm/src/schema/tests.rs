use crate::tests::{chart, rendered};
use crate::{Capabilities, Limits, Release, Request, Values, observe_unchecked};
use serde_json::{Value, json};

fn of(schema: &str, values: Value) -> String {
    let files = [("values.schema.json", schema), ("templates/x.yaml", "kind: A\n")];
    match rendered(&files, values) {
        Ok(_) => "fine".into(),
        Err(error) => error.to_string(),
    }
}

const HEAD: &str = "values don't meet the specifications of the schema(s) in the following chart(s):\n";

/// The lines are those of the real helm for the same chart, in the order of their places, without the values.
#[test]
fn whatever_is_wrong_is_told_at_once_in_helms_words() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft-07/schema#", "type": "object", "required": ["name", "port"],
        "properties": {
            "port": {"type": "integer", "minimum": 1},
            "mode": {"enum": ["a", "b"]},
            "list": {"items": {"type": "string"}},
            "o": {"additionalProperties": false, "properties": {"x": {"pattern": "^a+$"}}},
            "any": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        },
    });
    let values = json!({"port": 0, "mode": "c", "list": [1], "o": {"y": 1, "x": "hunter2"}, "any": true});
    let expected = "c:
- at '': missing property 'name'
- at '/any': 'anyOf' failed
  - at '/any': got boolean, want string
  - at '/any': got boolean, want integer
- at '/list/0': got number, want string
- at '/mode': value must be one of 'a', 'b'
- at '/o': additional properties 'y' not allowed
- at '/o/x': does not match pattern '^a+$'
- at '/port': minimum: want 1";
    assert_eq!(of(&schema.to_string(), values), format!("{HEAD}{expected}"));
    assert_eq!(of(&schema.to_string(), json!({"name": "x", "port": 3})), "fine");
}

#[test]
fn charts_within_are_checked_with_their_values_and_those_that_are_off_are_not() {
    let sub = "apiVersion: v2\nname: sub\nversion: 0.1.0\n";
    let files = [
        (
            "Chart.yaml",
            "apiVersion: v2\nname: c\nversion: 0.1.0\ndependencies: [{name: sub, version: 0.1.0, condition: enabled}]\n",
        ),
        ("values.yaml", "enabled: true\n"),
        ("charts/sub/Chart.yaml", sub),
        ("charts/sub/values.yaml", "size: 5\n"),
        ("charts/sub/values.schema.json", r#"{"properties": {"size": {"maximum": 3}}}"#),
    ];
    let of = |values: Value| rendered(&files, values).map(|_| ()).map_err(|error| error.to_string());
    assert_eq!(of(json!({})), Err(format!("{HEAD}sub:\n- at '/size': maximum: want 3")));
    assert_eq!(of(json!({"sub": {"size": 2}})), Ok(()));
    assert_eq!(of(json!({"enabled": false})), Ok(()));
    let files = chart(&files);
    let release = Release { name: "r".into(), namespace: "ns".into(), revision: 1, is_upgrade: false };
    let (values, capabilities) = (Values::default(), Capabilities::default());
    let request = Request {
        files: &files,
        values: &values,
        release: &release,
        capabilities: &capabilities,
        lookup: None,
        now: 0,
        seed: b"",
        short_keys: false,
        limits: Limits::default(),
    };
    assert!(observe_unchecked(&request).0.is_ok());
}

#[test]
fn a_schema_that_is_none_or_refers_elsewhere_is_an_error() {
    let why = |schema: &str| of(schema, json!({"a": "x"})).replace(HEAD, "");
    assert!(why("{\"type\":").starts_with("c:\nthe schema is no JSON: "), "{}", why("{\"type\":"));
    assert!(why(r#"{"type": "objct"}"#).starts_with("c:\nthe schema is not valid: at '/type': "));
    for place in ["https://example.com/x.json", "file:///etc/passwd", "x.json", "urn:a:b", "#/none"] {
        let told = why(&json!({"properties": {"a": {"$ref": place}}}).to_string());
        assert!(told.starts_with("c:\nthe schema refers to what is not in it"), "{place}: {told}");
    }
    let unknown = why(r#"{"$schema": "https://example.com/schema"}"#);
    assert!(unknown.contains("the schema"), "{unknown}");
    let looking = why(r#"{"properties": {"a": {"pattern": "(?=x)y"}}}"#);
    assert!(looking.starts_with("c:\nthe schema is not valid: "), "{looking}");
}

#[test]
fn every_way_to_name_a_draft_is_known() {
    for name in [
        "http://json-schema.org/draft-04/schema#",
        "https://json-schema.org/draft-07/schema",
        "http://json-schema.org/schema#",
        "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft/2020-12/schema#",
        "http://json-schema.org/draft-06/schema#",
    ] {
        let schema = json!({"$schema": name, "properties": {"a": {"type": "string"}}}).to_string();
        assert_eq!(of(&schema, json!({"a": "x"})), "fine", "{name}");
        assert_eq!(
            of(&schema, json!({"a": 1})),
            format!("{HEAD}c:\n- at '/a': got number, want string"),
            "{name}"
        );
    }
}

#[test]
fn a_schema_without_end_ends() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}}),
        json!({"properties": {"a": {"$ref": "#"}}}),
        json!({"anyOf": [{"not": {"$ref": "#"}}]}),
    ] {
        let _told = of(&schema.to_string(), json!({"a": {"a": {"a": 1}}}));
    }
    let pattern = json!({"properties": {"a": {"pattern": "(a+)+$"}}}).to_string();
    assert_ne!(of(&pattern, json!({"a": "a".repeat(5000) + "b"})), "fine");
}
