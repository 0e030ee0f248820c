use super::format;
use crate::samples::{any_json, any_spec, config, widget_of, widget_types};
use crate::{apply_defaults, drop_nulls, prune, schema, unknown_fields, validate, validate_update};
use proptest::prelude::*;
use serde_json::{Value, json};

fn errors(schema: Value, spec: Value) -> Vec<String> {
    let schema =
        schema::from_crd(&json!({"type": "object", "properties": {"spec": schema}})).expect("structural");
    let errors = validate(&json!({ "spec": spec }), &schema.types, schema.root);
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn errors_read_as_an_api_servers() {
    let cases = [
        (
            json!({"type": "integer"}),
            json!("1"),
            r#"spec: Invalid value: "string": spec in body must be of type integer: "string""#,
        ),
        (
            json!({"type": "string"}),
            json!(null),
            r#"spec: Invalid value: "null": spec in body must be of type string: "null""#,
        ),
        (
            json!({"type": "string", "enum": ["a", "b"]}),
            json!("c"),
            r#"spec: Unsupported value: "c": supported values: "a", "b""#,
        ),
        (
            json!({"type": "integer", "minimum": 1}),
            json!(0),
            "spec: Invalid value: 0: spec in body should be greater than or equal to 1",
        ),
        (
            json!({"type": "integer", "maximum": 1, "exclusiveMaximum": true}),
            json!(1),
            "spec: Invalid value: 1: spec in body should be less than 1",
        ),
        (
            json!({"type": "integer", "multipleOf": 5}),
            json!(6),
            "spec: Invalid value: 6: spec in body should be a multiple of 5",
        ),
        (
            json!({"type": "string", "minLength": 2}),
            json!("a"),
            r#"spec: Invalid value: "a": spec in body should be at least 2 chars long"#,
        ),
        (
            json!({"type": "string", "maxLength": 2}),
            json!("abc"),
            "spec: Too long: may not be more than 2 bytes",
        ),
        (
            json!({"type": "string", "pattern": "^a$"}),
            json!("b"),
            r#"spec: Invalid value: "b": spec in body should match '^a$'"#,
        ),
        (
            json!({"type": "string", "format": "date"}),
            json!("x"),
            r#"spec: Invalid value: "x": spec in body must be of type date: "x""#,
        ),
        (
            json!({"type": "array", "items": {"type": "string"}, "maxItems": 1}),
            json!(["a", "b"]),
            "spec: Too many: 2: must have at most 1 item",
        ),
        (
            json!({"type": "array", "items": {"type": "string"}}),
            json!(["a", 1]),
            r#"spec[1]: Invalid value: "integer": spec[1] in body must be of type string: "integer""#,
        ),
        (
            json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}),
            json!(["a", "b", "a"]),
            r#"spec[2]: Duplicate value: "a""#,
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
            json!({}),
            "spec.a: Required value",
        ),
    ];
    for (schema, value, expected) in cases {
        assert_eq!(errors(schema.clone(), value.clone()), [expected], "{schema} {value}");
    }
}

#[test]
fn a_fraction_is_no_integer_twice_over() {
    let expected = [
        r#"spec: Invalid value: "number": spec in body must be of type integer: "number""#,
        r#"<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec"#,
    ];
    assert_eq!(errors(json!({"type": "integer"}), json!(1.5)), expected);
}

#[test]
fn a_null_is_in_no_enumeration() {
    let schema = json!({"type": "string", "nullable": true, "enum": ["a"]});
    assert_eq!(errors(schema, json!(null)), [r#"spec: Unsupported value: null: supported values: "a""#]);
}

#[test]
fn a_format_is_told_instead_of_the_type_of_what_has_none() {
    let schema = || json!({"type": "integer", "format": "int32"});
    let said = |value: Value| errors(schema(), value).remove(0);
    assert_eq!(said(json!(true)), r#"spec: Invalid value: "": spec in body must be of type int32: """#);
    assert!(said(json!(1.5)).ends_with(r#"must be of type int32: "float64""#));
    assert!(said(json!("a")).ends_with(r#"must be of type integer: "string""#));
    assert!(errors(schema(), json!(1.5))[1].ends_with("must be of type integer with format int32 in spec"));
}

#[test]
fn what_no_schema_names_is_never_known_to_be_unchanged() {
    let schema = schema::from_crd(&json!({"type": "object", "properties": {"spec": {
        "type": "object", "required": ["size"],
        "properties": {
            "size": {"type": "integer"},
            "part": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "list": {"type": "array", "items": {"type": "string"}},
            "items": {
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
            },
        },
    }}}))
    .expect("structural");
    let complaints = |spec: Value| {
        let object = json!({ "spec": spec });
        validate_update(&object, &object, &schema.types, schema.root).len()
    };
    assert_eq!(complaints(json!({"list": ["a"], "items": [{"name": "a"}]})), 0);
    assert_eq!(complaints(json!({"part": {}})), 0);
    assert_eq!(complaints(json!({"part": {"x": 1}})), 1);
    assert_eq!(complaints(json!({"items": [{}]})), 2);
}

#[test]
fn what_fits_has_no_error() {
    let cases = [
        (json!({"type": "integer"}), json!(1.0)),
        (json!({"type": "number"}), json!(1)),
        (json!({"type": "string", "nullable": true}), json!(null)),
        (json!({"x-kubernetes-int-or-string": true}), json!("80%")),
        (
            json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}),
            json!(80),
        ),
        (json!({"x-kubernetes-preserve-unknown-fields": true}), json!([{"a": null}])),
        (json!({"type": "string", "maxLength": 2}), json!("éé")),
        (json!({"type": "object", "additionalProperties": {"type": "integer"}}), json!({"a": 1})),
        (json!({"type": "string", "format": "no-such-format"}), json!("x")),
    ];
    for (schema, value) in cases {
        assert!(errors(schema.clone(), value.clone()).is_empty(), "{schema} {value}");
    }
}

#[test]
fn junctors_are_tried_branch_by_branch() {
    let either = json!({
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    });
    assert!(errors(either.clone(), json!({"a": "x"})).is_empty());
    let none = errors(either.clone(), json!({}));
    let expected =
        r#"<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid"#;
    assert_eq!(none.first().map(String::as_str), Some(expected));
    let both = errors(either, json!({"a": "x", "b": "y"}));
    assert!(both.iter().any(|error| error.contains("Found 2 valid alternatives")), "{both:?}");
    let not = json!({"type": "integer", "not": {"minimum": 5}});
    assert_eq!(
        errors(not, json!(6)),
        [r#"<nil>: Invalid value: "": "spec" must not validate the schema (not)"#]
    );
}

#[test]
fn formats_are_checked() {
    assert!(format::all().iter().all(|pattern| !pattern.as_str().is_empty()));
    let good = [
        ("byte", "YQ=="),
        ("date-time", "2024-02-29T12:00:00.5Z"),
        ("ipv4", "10.0.0.1"),
        ("ipv6", "::1"),
        ("cidr", "10.0.0.0/8"),
        ("mac", "00:1a:2b:3c:4d:5e"),
        ("uuid4", "f47ac10b-58cc-4372-a567-0e02b2c3d479"),
        ("hostname", "a.b-c.d"),
        ("uri", "https://example.com/x"),
        ("duration", "1h30m"),
        ("email", "a@b.c"),
        ("k8s-short-name", "a-b"),
        ("k8s-long-name", "a.b"),
    ];
    for (name, text) in good {
        assert!(format::fits(name, text), "{name} {text}");
    }
    let bad = [
        ("byte", "Y"),
        ("date-time", "2024-02-29"),
        ("ipv4", "10.0.0.256"),
        ("ipv6", "1"),
        ("cidr", "10.0.0.0/33"),
        ("mac", "00"),
        ("uuid3", "f47ac10b-58cc-4372-a567-0e02b2c3d479"),
        ("hostname", "-a"),
        ("uri", "x"),
        ("duration", "soon"),
        ("k8s-short-name", "a.b"),
        ("k8s-long-name", "a..b"),
    ];
    for (name, text) in bad {
        assert!(!format::fits(name, text), "{name} {text}");
    }
}

#[test]
fn pruning_removes_and_names_what_is_not_declared() {
    let (types, id) = widget_types();
    let mut value = json!({
        "apiVersion": "v", "kind": "k", "metadata": {"name": "n", "nme": "x"}, "extra": 1,
        "spec": {"text": "t", "typo": 1, "any": {"free": {"x": 1}}, "labels": {"l": "1"},
            "entries": [{"name": "a", "vlue": 1}]},
    });
    let expected = ["extra", "metadata.nme", "spec.entries[0].vlue", "spec.typo"];
    assert_eq!(unknown_fields(&value, types, id), expected);
    assert_eq!(prune(&mut value, types, id), expected);
    let kept = json!({
        "apiVersion": "v", "kind": "k", "metadata": {"name": "n"},
        "spec": {"text": "t", "any": {"free": {"x": 1}}, "labels": {"l": "1"}, "entries": [{"name": "a"}]},
    });
    assert_eq!(value, kept);
}

#[test]
fn below_a_field_that_preserves_unknown_fields_declared_ones_are_pruned_still() {
    let schema = schema::from_crd(&json!({
        "type": "object", "x-kubernetes-preserve-unknown-fields": true,
        "properties": {"known": {"type": "object", "properties": {"a": {"type": "string"}}}},
    }))
    .expect("structural");
    let value = json!({"free": {"x": 1}, "known": {"a": "1", "b": 2}});
    assert_eq!(unknown_fields(&value, &schema.types, schema.root), ["known.b"]);
}

#[test]
fn metadata_of_an_embedded_object_is_told_of_by_keys_in_brackets() {
    let part = json!({"type": "object", "x-kubernetes-embedded-resource": true, "properties": {"a": {"type": "string"}}});
    let schema = schema::from_crd(&json!({
        "type": "object", "properties": {"parts": {"type": "object", "additionalProperties": part}},
    }))
    .expect("structural");
    let value = json!({"parts": {"one": {"metadata": {"name": "x", "nme": "y"}, "b": 1}}});
    let expected = ["parts.one.b", "parts[one].metadata.nme"];
    assert_eq!(unknown_fields(&value, &schema.types, schema.root), expected);
}

#[test]
fn defaults_fill_what_is_absent_and_what_is_null_but_may_not_be() {
    let schema = schema::from_crd(&json!({
        "type": "object",
        "properties": {
            "a": {"type": "object", "default": {}, "properties": {"b": {"type": "integer", "default": 5}}},
            "c": {"type": "string", "default": "x", "nullable": true},
            "d": {"type": "string"},
            "e": {"type": "array", "items": {"type": "object", "properties": {"f": {"type": "boolean", "default": true}}}},
        },
    }))
    .expect("structural");
    let filled = |mut value: Value| {
        drop_nulls(&mut value, &schema.types, schema.root);
        apply_defaults(&mut value, &schema.types, schema.root);
        value
    };
    assert_eq!(filled(json!({})), json!({"a": {"b": 5}, "c": "x"}));
    assert_eq!(
        filled(json!({"a": {"b": null}, "c": null, "d": null, "e": [{}, {"f": false}]})),
        json!({"a": {"b": 5}, "c": null, "e": [{"f": true}, {"f": false}]})
    );
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nothing_panics_and_pruning_is_done_once(value in prop_oneof![any_json(), any_spec().prop_map(widget_of)]) {
        let (types, id) = widget_types();
        validate(&value, types, id);
        let mut once = value.clone();
        prune(&mut once, types, id);
        prop_assert_eq!(unknown_fields(&once, types, id), Vec::<String>::new());
        let mut filled = value;
        apply_defaults(&mut filled, types, id);
        let mut again = filled.clone();
        apply_defaults(&mut again, types, id);
        prop_assert_eq!(filled, again);
    }
}
