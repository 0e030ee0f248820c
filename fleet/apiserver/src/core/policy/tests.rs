//! What a real kube-apiserver says of these policies and requests.

use super::{Given, Policy};
use serde_json::{Value, json};

fn denials(spec: Value, object: Value) -> Vec<(String, String, bool)> {
    let (policy, wrong) = Policy::compile(&spec);
    assert_eq!(wrong, []);
    let request = json!({"operation": "CREATE", "userInfo": {"username": "alice"}});
    let none = Value::Null;
    let given =
        Given { object: &object, old_object: &none, request: &request, params: &none, namespace: &none };
    policy.denials(&given).into_iter().map(|denial| (denial.message, denial.reason, denial.failed)).collect()
}

#[test]
fn a_validation_that_does_not_hold_denies_with_its_message() {
    let spec = json!({
        "variables": [{"name": "v", "expression": "object.data.n"}, {"name": "w", "expression": "variables.v + \"!\""}],
        "validations": [
            {"expression": "variables.w != \"b!\""},
            {"expression": "variables.w != \"c!\"", "message": "no c", "reason": "Forbidden"},
            {"expression": "variables.w != \"d!\"", "messageExpression": "\"got \" + variables.w"},
            {"expression": "variables.v != \"e\" || object.data.x == \"1\""},
            {"expression": "request.userInfo.username == 'alice' && request.operation == 'CREATE'"},
        ],
    });
    for (n, expected) in [
        ("a", vec![]),
        ("b", vec![("failed expression: variables.w != \"b!\"", "Invalid", false)]),
        ("c", vec![("no c", "Forbidden", false)]),
        ("d", vec![("got d!", "Invalid", false)]),
        (
            "e",
            vec![(
                "expression 'variables.v != \"e\" || object.data.x == \"1\"' resulted in error: no such key: x",
                "Invalid",
                true,
            )],
        ),
    ] {
        let expected: Vec<_> =
            expected.into_iter().map(|(m, r, f)| (m.to_owned(), r.to_owned(), f)).collect();
        assert_eq!(denials(spec.clone(), json!({"data": {"n": n}})), expected, "{n}");
    }
    let first = denials(spec, json!({})).remove(0);
    let why = "composited variable \"w\" fails to evaluate: composited variable \"v\" fails to evaluate: no such key: data";
    assert_eq!(first.0, format!("expression 'variables.w != \"b!\"' resulted in error: {why}"));
}

#[test]
fn what_does_not_compile_is_told_of_at_its_place() {
    let spec = json!({
        "matchConditions": [{"name": "a", "expression": "object.x"}, {"name": "b", "expression": "request.nope"}],
        "variables": [{"name": "v", "expression": "1 + 1"}, {"name": "bad-name", "expression": "1"}],
        "validations": [
            {"expression": "variables.v"},
            {"expression": "variables.nope"},
            {"expression": "params.x == 1"},
            {"expression": "authorizer.group('').resource('pods').check('get').allowed()"},
            {"expression": "true", "messageExpression": "1"},
            {"expression": ""},
            {"expression": "true", "message": "a\nb"},
        ],
        "auditAnnotations": [{"key": "k", "valueExpression": "1"}],
    });
    let (_, wrong) = Policy::compile(&spec);
    let told: Vec<String> =
        wrong.iter().map(|error| error.to_string().lines().next().unwrap_or_default().to_owned()).collect();
    let undeclared = "compilation failed: ERROR: <input>:1:1: undeclared reference to";
    assert_eq!(
        told,
        [
            "spec.matchConditions[0].expression: Invalid value: \"object.x\": must evaluate to bool but got dyn".to_owned(),
            "spec.matchConditions[1].expression: Invalid value: \"request.nope\": compilation failed: ERROR: <input>:1:8: undefined field 'nope'".into(),
            "spec.variables[1].name: Invalid value: \"bad-name\": must be a valid CEL identifier".into(),
            "spec.validations[0].expression: Invalid value: \"variables.v\": must evaluate to bool but got int".into(),
            "spec.validations[1].expression: Invalid value: \"variables.nope\": compilation failed: ERROR: <input>:1:10: undefined field 'nope'".into(),
            format!("spec.validations[2].expression: Invalid value: \"params.x == 1\": {undeclared} 'params' (in container '')"),
            format!("spec.validations[3].expression: Invalid value: \"authorizer.group('').resource('pods').check('get').allowed()\": {undeclared} 'authorizer' (in container '')"),
            "spec.validations[4].messageExpression: Invalid value: \"1\": must evaluate to string but got int".into(),
            "spec.validations[5].expression: Required value: expression is not specified".into(),
            "spec.validations[6].message: Invalid value: \"a\\nb\": must not contain line breaks".into(),
            "spec.auditAnnotations[0].valueExpression: Invalid value: \"1\": must evaluate to one of [string null_type] but got int".into(),
        ]
    );
}

#[test]
fn one_condition_that_is_false_decides() {
    let spec = json!({"matchConditions": [
        {"name": "fails", "expression": "object.nope == 1"},
        {"name": "false", "expression": "object.x == 2"},
    ]});
    let (policy, wrong) = Policy::compile(&spec);
    assert_eq!(wrong, []);
    let none = Value::Null;
    let matches = |object: &Value| {
        policy.matches(&Given { object, old_object: &none, request: &none, params: &none, namespace: &none })
    };
    assert_eq!(matches(&json!({"x": 1})), Ok(false));
    assert_eq!(matches(&json!({"x": 2})), Err("match condition 'fails' failed: no such key: nope".into()));
    assert_eq!(matches(&json!({"x": 2, "nope": 1})), Ok(true));
}
