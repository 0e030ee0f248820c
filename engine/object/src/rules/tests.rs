//! What a real kube-apiserver says of these definitions and objects, word for word.

use super::Rules;
use crate::schema::{CrdSchema, from_crd};
use serde_json::{Value, json};

fn schema(spec: Value) -> CrdSchema {
    let root = json!({
        "type": "object",
        "x-kubernetes-validations": [
            {"rule": "self.metadata.name != 'bad'", "message": "bad name"},
            {"rule": "!has(self.spec.a) || self.spec.a != 'root'"},
        ],
        "properties": {"spec": spec},
    });
    from_crd(&root).unwrap()
}

fn spec() -> Value {
    json!({
        "type": "object",
        "x-kubernetes-validations": [
            {"rule": "!has(self.a) || self.a != 'x'", "message": " trimmed "},
            {"rule": "!has(self.a) || self.a != 'y'", "messageExpression": "'got ' + self.a"},
            {"rule": "!has(self.a) || self.a != 'z'", "reason": "FieldValueForbidden", "fieldPath": ".a"},
            {"rule": "!has(self.a) || self.a != 'w'", "reason": "FieldValueRequired", "fieldPath": ".a", "message": "m"},
            {"rule": "!has(self.a) || self.a != 'v'", "reason": "FieldValueDuplicate"},
            {"rule": "!has(self.n) || self.n / (self.n - 7) < 100"},
            {"rule": "!has(self.ios) || self.ios > 5"},
            {"rule": "self.__namespace__ == 'q' || self.a__dash__b == 1 || self.a__dot__b == 1 || true"},
            {"rule": "!has(self.a) || self.a != 'me'", "messageExpression": "self.l[5].k", "message": "fallback"},
        ],
        "properties": {
            "namespace": {"type": "string"},
            "a-b": {"type": "integer"},
            "a.b": {"type": "integer"},
            "a": {"type": "string"},
            "n": {"type": "integer", "x-kubernetes-validations": [
                {"rule": "self != 3"}, {"rule": "self >= oldSelf", "message": "only up"},
            ]},
            "ios": {"x-kubernetes-int-or-string": true},
            "s": {"type": "string", "x-kubernetes-validations": [
                {"rule": "self == oldSelf", "message": "immutable"},
                {"rule": "!oldSelf.hasValue() || oldSelf.value() != 'locked'", "optionalOldSelf": true},
            ]},
            "t": {"type": "string", "format": "date-time", "x-kubernetes-validations": [{"rule": "self.getFullYear() > 2000"}]},
            "d": {"type": "string", "format": "duration", "x-kubernetes-validations": [{"rule": "self > duration('1s')"}]},
            "l": {
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
                "items": {
                    "type": "object", "required": ["k"],
                    "properties": {
                        "k": {"type": "string"},
                        "v": {"type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf"}]},
                    },
                    "x-kubernetes-validations": [{"rule": "self.k != 'bad'"}],
                },
            },
            "set": {
                "type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"},
                "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "set immutable"}],
            },
            "m": {"type": "object", "additionalProperties": {"type": "integer", "x-kubernetes-validations": [
                {"rule": "self < 10"}, {"rule": "self >= oldSelf"},
            ]}},
            "bool": {"type": "boolean", "x-kubernetes-validations": [{"rule": "self"}]},
        },
    })
}

fn object(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "expr.test/v1", "kind": "Rule", "metadata": {"name": name}, "spec": spec})
}

fn told(value: &Value, old: Option<&Value>) -> Vec<String> {
    let schema = schema(spec());
    let (rules, wrong) = Rules::compile(&schema.types, schema.root);
    assert_eq!(wrong, []);
    rules.validate(value, old, &schema.types, schema.root).iter().map(ToString::to_string).collect()
}

#[test]
fn a_new_object_is_held_against_every_rule() {
    for (spec, expected) in [
        (json!({"a": "x"}), "spec: Invalid value: trimmed"),
        (json!({"a": "y"}), "spec: Invalid value: got y"),
        (json!({"a": "z"}), "spec.a: Forbidden: failed rule: !has(self.a) || self.a != 'z'"),
        (json!({"a": "w"}), "spec.a: Required value: m"),
        (json!({"a": "v"}), "spec: Duplicate value"),
        (
            json!({"a": "root"}),
            "<nil>: Invalid value: failed rule: !has(self.spec.a) || self.spec.a != 'root'",
        ),
        (json!({"a": "me"}), "spec: Invalid value: fallback"),
        (
            json!({"n": 7}),
            "spec: Invalid value: \"object\": division by zero evaluating rule: !has(self.n) || self.n / (self.n - 7) < 100",
        ),
        (json!({"n": 3}), "spec.n: Invalid value: 3: failed rule: self != 3"),
        (
            json!({"ios": "x"}),
            "spec: Invalid value: \"object\": 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: !has(self.ios) || self.ios > 5",
        ),
        (json!({"ios": 3}), "spec: Invalid value: failed rule: !has(self.ios) || self.ios > 5"),
        (
            json!({"t": "1999-01-01T00:00:00Z"}),
            "spec.t: Invalid value: \"1999-01-01T00:00:00Z\": failed rule: self.getFullYear() > 2000",
        ),
        (json!({"d": "1ms"}), "spec.d: Invalid value: \"1ms\": failed rule: self > duration('1s')"),
        (json!({"l": [{"k": "bad"}]}), "spec.l[0]: Invalid value: failed rule: self.k != 'bad'"),
        (json!({"m": {"a": 11}}), "spec.m[a]: Invalid value: 11: failed rule: self < 10"),
        (json!({"bool": false}), "spec.bool: Invalid value: false: failed rule: self"),
        (json!({"s": "a", "n": 1, "set": ["a"], "m": {"a": 1}}), ""),
    ] {
        let found = told(&object("x", spec.clone()), None).join("\n");
        assert_eq!(found, expected, "{spec}");
    }
    assert_eq!(told(&object("bad", json!({})), None), ["<nil>: Invalid value: bad name"]);
    assert_eq!(
        told(&object("x", json!({"a": "x", "n": 3})), None),
        ["spec: Invalid value: trimmed", "spec.n: Invalid value: 3: failed rule: self != 3"]
    );
}

#[test]
fn an_update_is_held_against_what_was_before() {
    let base = json!({
        "n": 5, "s": "a", "l": [{"k": "a", "v": 1}, {"k": "b", "v": 2}], "set": ["x", "y"], "m": {"a": 1},
    });
    for (change, expected) in [
        (json!({"n": 4}), vec!["spec.n: Invalid value: 4: only up"]),
        (json!({"s": "b"}), vec!["spec.s: Invalid value: \"b\": immutable"]),
        (
            json!({"l": [{"k": "b", "v": 1}, {"k": "a", "v": 0}]}),
            vec![
                "spec.l[0].v: Invalid value: 1: failed rule: self >= oldSelf",
                "spec.l[1].v: Invalid value: 0: failed rule: self >= oldSelf",
            ],
        ),
        (json!({"l": [{"k": "c", "v": 0}]}), vec![]),
        (json!({"set": ["y", "x"]}), vec![]),
        (json!({"set": ["y", "z"]}), vec!["spec.set: Invalid value: set immutable"]),
        (json!({"m": {"a": 0}}), vec!["spec.m[a]: Invalid value: 0: failed rule: self >= oldSelf"]),
        (json!({"m": {"b": 0}}), vec![]),
        (json!({"bool": false}), vec!["spec.bool: Invalid value: false: failed rule: self"]),
    ] {
        let mut new = base.clone();
        new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(told(&object("x", new), Some(&object("x", base.clone()))), expected, "{change}");
    }
}

#[test]
fn what_did_not_change_is_not_complained_of_anew() {
    let old = object("x", json!({"n": 3, "bool": false, "l": [{"k": "bad"}], "m": {"a": 11}}));
    let mut new = old.clone();
    new["spec"]["a"] = "fine".into();
    assert_eq!(told(&new, Some(&old)), [""; 0]);
    new["spec"]["l"][0]["v"] = 1.into();
    assert_eq!(told(&new, Some(&old)), ["spec.l[0]: Invalid value: failed rule: self.k != 'bad'"]);
}

#[test]
fn a_locked_value_stays_locked_and_a_new_one_is_free() {
    let locked = object("x", json!({"s": "locked"}));
    assert_eq!(told(&locked, None), [""; 0]);
    let found = told(&object("x", json!({"s": "b"})), Some(&locked));
    assert_eq!(
        found,
        [
            "spec.s: Invalid value: \"b\": immutable",
            "spec.s: Invalid value: \"b\": failed rule: !oldSelf.hasValue() || oldSelf.value() != 'locked'",
        ]
    );
}

fn refused(spec: Value) -> Vec<String> {
    let schema = schema(spec);
    let (_, wrong) = Rules::compile(&schema.types, schema.root);
    wrong.iter().map(ToString::to_string).collect()
}

fn with(rules: Value) -> Value {
    json!({
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "m": {"type": "object", "additionalProperties": {"type": "string"}},
            "l": {"type": "array", "items": {"type": "string"}},
        },
        "x-kubernetes-validations": rules,
    })
}

#[test]
fn a_rule_that_does_not_compile_is_told_of_at_its_place() {
    let rule = |rule: &str, at: &str, why: &str| {
        let shown = format!(
            r#"{{"Rule":"{rule}","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}}"#
        );
        format!("properties[spec].x-kubernetes-validations[0].{at}: Invalid value: {shown}: {why}")
    };
    for (rules, expected) in [
        (
            json!([{"rule": "self.x == 1"}]),
            rule("self.x == 1", "rule", "compilation failed: ERROR: <input>:1:5: undefined field 'x'\n | self.x == 1\n | ....^"),
        ),
        (json!([{"rule": "1"}]), rule("1", "rule", "cel expression must evaluate to a bool")),
        (
            json!([{"rule": "a < b"}]),
            rule(
                "a \\u003c b",
                "rule",
                "compilation failed: ERROR: <input>:1:1: undeclared reference to 'a' (in container '')\n | a < b\n | ^\nERROR: <input>:1:5: undeclared reference to 'b' (in container '')\n | a < b\n | ....^",
            ),
        ),
        (
            json!([{"rule": "true", "messageExpression": "1"}]),
            "properties[spec].x-kubernetes-validations[0].messageExpression: Invalid value: {\"Rule\":\"true\",\"Message\":\"\",\"MessageExpression\":\"1\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: messageExpression must evaluate to a string".into(),
        ),
        (
            json!([{"rule": "true", "optionalOldSelf": true}]),
            "properties[spec].x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule".into(),
        ),
        (
            json!([{"rule": "true", "fieldPath": ".nope"}]),
            "properties[spec].x-kubernetes-validations[0].fieldPath: Invalid value: \".nope\": must be a valid path".into(),
        ),
        (
            json!([{"rule": "true", "fieldPath": ".l[0]"}]),
            "properties[spec].x-kubernetes-validations[0].fieldPath: Invalid value: \".l[0]\": must be a valid path".into(),
        ),
        (
            json!([{"rule": "true", "message": "a\nb"}]),
            "properties[spec].x-kubernetes-validations[0].message: Invalid value: \"a\\nb\": must not contain line breaks".into(),
        ),
        (
            json!([{"rule": "true", "message": "  "}]),
            "properties[spec].x-kubernetes-validations[0].message: Invalid value: \"  \": must be non-empty if specified".into(),
        ),
        (
            json!([{"rule": "true", "reason": "Nope"}]),
            "properties[spec].x-kubernetes-validations[0].reason: Unsupported value: \"Nope\": supported values: \"FieldValueDuplicate\", \"FieldValueForbidden\", \"FieldValueInvalid\", \"FieldValueRequired\"".into(),
        ),
        (json!([{"rule": "true", "fieldPath": ".m['x']"}, {"rule": "oldSelf.a == self.a"}]), String::new()),
    ] {
        assert_eq!(refused(with(rules.clone())).join("; "), expected, "{rules}");
    }
}

#[test]
fn an_item_that_cannot_be_told_to_be_the_same_has_no_old_self() {
    let list = json!({"type": "array", "x-kubernetes-list-type": "set", "items": {
        "type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf"}],
    }});
    assert_eq!(
        refused(json!({"type": "object", "properties": {"a": {"type": "string"}, "arr": list}})),
        [
            "properties[spec].properties[arr].items.x-kubernetes-validations[0].rule: Invalid value: \"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema.properties[spec].properties[arr]"
        ]
    );
}

#[test]
fn rules_that_cost_too_much_are_stopped_and_say_so() {
    let rule = "self.all(a, self.all(b, self.all(c, a + b + c >= 0)))";
    let list = json!({"type": "array", "items": {"type": "integer"}, "x-kubernetes-validations": [
        {"rule": rule}, {"rule": "false"},
    ]});
    let schema = schema(json!({"type": "object", "properties": {"a": {"type": "string"}, "l": list}}));
    let (rules, wrong) = Rules::compile(&schema.types, schema.root);
    assert_eq!(wrong, []);
    let value = object("x", json!({"l": (0..1000).collect::<Vec<_>>()}));
    let found = rules.validate(&value, None, &schema.types, schema.root);
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [format!(
            "spec.l: Invalid value: \"array\": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: {rule}"
        )]
    );
}
