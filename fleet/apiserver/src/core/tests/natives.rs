//! What built-in kinds demand and complete, as a real server does. The differential test looks at far more.

use super::support::host;
use serde_json::{Value, json};

const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";
const PODS: &str = "/api/v1/namespaces/default/pods";
const SERVICES: &str = "/api/v1/namespaces/default/services";
const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";

#[test]
fn a_claim_stays_until_no_pod_has_it() {
    let mut host = host();
    let claim = json!({
        "metadata": { "name": "a" },
        "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
    });
    let made = host.ok(&format!("POST {CLAIMS}"), &claim.to_string());
    assert_eq!(made["metadata"]["finalizers"], json!(["kubernetes.io/pvc-protection"]));
    assert_eq!(made["status"]["phase"], "Pending");
    let volume = json!({ "name": "v", "persistentVolumeClaim": { "claimName": "a" } });
    let pod = json!({
        "metadata": { "name": "p" },
        "spec": { "containers": [{ "name": "c", "image": "i" }], "volumes": [volume] },
    });
    host.ok(&format!("POST {PODS}"), &pod.to_string());
    host.ok(&format!("DELETE {CLAIMS}/a"), "");
    let held = host.ok(&format!("GET {CLAIMS}/a"), "");
    assert!(held["metadata"]["deletionTimestamp"].is_string());
    host.ok(&format!("DELETE {PODS}/p?gracePeriodSeconds=0"), "");
    assert!(host.fails(&format!("GET {CLAIMS}/a"), "").starts_with("404"));
}

#[test]
fn a_list_that_is_never_left_out_has_an_owner_and_is_null() {
    let mut host = host();
    let role = host.ok(&format!("POST {ROLES}"), r#"{"metadata":{"name":"a"},"rules":[]}"#);
    assert_eq!(role["rules"], Value::Null);
    assert_eq!(role["metadata"]["managedFields"][0]["fieldsV1"], json!({ "f:rules": {} }));
    let role = host.ok(&format!("POST {ROLES}"), r#"{"metadata":{"name":"b"}}"#);
    assert_eq!(role["metadata"].get("managedFields"), None);
}

#[test]
fn a_status_endpoint_takes_metadata_and_checks_the_status_alone() {
    let mut host = host();
    host.ok(&format!("POST {SERVICES}"), r#"{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}"#);
    let changed = host.ok(
        &format!("MERGE {SERVICES}/s/status"),
        r#"{"metadata":{"labels":{"a":"b"}},"spec":{"ports":[]}}"#,
    );
    assert_eq!(changed["metadata"]["labels"], json!({ "a": "b" }));
    assert_eq!(changed["spec"]["ports"][0]["port"], 80);
    let why = host.fails(
        &format!("MERGE {SERVICES}/s/status"),
        r#"{"status":{"loadBalancer":{"ingress":[{"hostname":"h"}]}}}"#,
    );
    assert!(why.contains("may only be used when `spec.type` is 'LoadBalancer'"), "{why}");
}

#[test]
fn what_a_struct_does_not_hold_is_said_with_its_go_type() {
    let mut host = host();
    let body = r#"{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}],"ipFamilies":"d"}}"#;
    let why = host.fails(&format!("POST {SERVICES}"), body);
    assert!(why.contains("Go struct field ServiceSpec.spec.ipFamilies of type []v1.IPFamily"), "{why}");
    let body = r#"{"metadata":{"name":"s"},"spec":{"ports":[{"port":80,"targetPort":{}}]}}"#;
    let why = host.fails(&format!("POST {SERVICES}"), body);
    assert!(why.contains("Go struct field ServicePort.spec.ports.targetPort of type int32"), "{why}");
}
