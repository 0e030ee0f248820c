use super::support::host;
use crate::core::BODY_LIMIT;

/// Requests that must fail, and how.
fn check(line: &str, body: &str, expected: &str) {
    assert_eq!(host().fails(line, body), expected, "{line}");
}

const CM: &str = "/api/v1/namespaces/default/configmaps";

#[test]
fn failures_read_as_the_real_servers() {
    check(&format!("GET {CM}/x"), "", "404 NotFound: configmaps \"x\" not found");
    check(
        "GET /apis/apps/v1/namespaces/default/deployments/x",
        "",
        "404 NotFound: deployments.apps \"x\" not found",
    );
    check("GET /nowhere", "", "404 NotFound: the server could not find the requested resource");
    check(
        "POST /api/v1/namespaces/none/configmaps",
        r#"{"metadata":{"name":"a"}}"#,
        "404 NotFound: namespaces \"none\" not found",
    );
    check(
        &format!("POST {CM}"),
        r#"{"metadata":{"name":"A_b"}}"#,
        "422 Invalid: ConfigMap \"A_b\" is invalid: metadata.name: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    );
    check(
        &format!("POST {CM}"),
        r#"{"metadata":{"name":"a","namespace":"b"}}"#,
        "400 BadRequest: the namespace of the provided object does not match the namespace sent on the request",
    );
    check(
        &format!("APPLY {CM}/a"),
        r#"{"apiVersion":"v1","kind":"ConfigMap"}"#,
        "422 Invalid: PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
    );
    check(
        "DELETE /api/v1/namespaces/default",
        "",
        "403 Forbidden: namespaces \"default\" is forbidden: this namespace may not be deleted",
    );
    check(
        &format!("PUT {CM}"),
        "{}",
        "405 MethodNotAllowed: the server does not allow this method on the requested resource",
    );
    check(
        &format!("GET {CM}?fieldSelector=spec.x%3D1"),
        "",
        "400 BadRequest: invalid selector: 'spec.x%3D1'; can't understand 'spec.x%3D1'",
    );
    check(
        &format!("GET {CM}?labelSelector=a in b"),
        "",
        "400 BadRequest: unable to parse requirement: found 'b' expected: '('",
    );
    check(
        "GET /api/v1/namespaces?limit=x",
        "",
        "400 BadRequest: strconv.ParseInt: parsing \"x\": invalid syntax",
    );
    check(
        "GET /api/v1/namespaces?resourceVersion=99999",
        "",
        "504 Timeout: Timeout: Too large resource version: 99999, current: 35",
    );
}

#[test]
fn unknown_fields_are_refused_warned_of_or_dropped() {
    let body = r#"{"metadata":{"name":"a"},"dta":{"x":"y"},"data":{},"data":{"k":"v"}}"#;
    let mut host = host();
    let strict = host.fails(&format!("POST {CM}?fieldValidation=Strict"), body);
    assert_eq!(
        strict,
        "400 BadRequest: ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: duplicate field \"data\", unknown field \"dta\""
    );
    let warned = host.response(&format!("POST {CM}"), body);
    assert_eq!(warned.status, 201);
    let texts: Vec<&str> = warned.headers.iter().map(|(_, v)| &**v).collect();
    assert_eq!(texts, ["299 - \"duplicate field \\\"data\\\"\"", "299 - \"unknown field \\\"dta\\\"\""]);
    let kept = host.ok(&format!("GET {CM}/a"), "");
    assert_eq!(kept["data"]["k"], "v");
    assert!(kept.get("dta").is_none());
}

#[test]
fn bodies_are_limited_in_size_and_depth() {
    let large = format!(r#"{{"metadata":{{"name":"a"}},"data":{{"k":"{}"}}}}"#, "x".repeat(BODY_LIMIT));
    check(
        &format!("POST {CM}"),
        &large,
        &format!("413 RequestEntityTooLarge: Request entity too large: limit is {BODY_LIMIT}"),
    );
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    assert!(host().fails(&format!("POST {CM}"), &deep).starts_with("400 BadRequest: "));
    assert!(host().fails(&format!("POST {CM}"), "{not json").starts_with("400 BadRequest: "));
}

#[test]
fn causes_name_the_fields() {
    let body = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},
        "spec":{"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"other"}},
        "spec":{"containers":[{"name":"c","image":"nginx"}]}}}}"#;
    let (status, answer) = host().call("POST /apis/apps/v1/namespaces/default/deployments", body);
    assert_eq!(status, 422, "{answer}");
    let cause = &answer["details"]["causes"][0];
    assert_eq!(cause["field"], "spec.template.metadata.labels");
    assert_eq!(cause["reason"], "FieldValueInvalid");
    assert_eq!(answer["details"]["kind"], "Deployment");
}
