//! A cluster of an older version of Kubernetes.

use super::support::{Counter, Host};
use crate::core::{Cluster, Now, Settings, User};
use serde_json::{Value, json};

fn of_version(version: &str) -> Host {
    let mut entropy = Counter(1);
    let now = Now::from_seconds(1_750_000_000);
    let settings = Settings { version: version.into(), ..Settings::default() };
    let cluster = Cluster::new(settings, now, &mut entropy);
    Host { cluster, entropy, now, user: User::admin() }
}

fn pod(field: &str) -> String {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "main", "image": "i"}]},
    });
    pod["spec"][field] = Value::from("other");
    pod.to_string()
}

const PODS: &str = "POST /api/v1/namespaces/default/pods?fieldValidation=Strict";

#[test]
fn a_field_is_known_from_the_version_that_brought_it() {
    let (status, answer) = of_version("v1.31.14").call(PODS, &pod("hostnameOverride"));
    assert_eq!(status, 400, "{answer}");
    assert!(
        answer["message"].as_str().is_some_and(|m| m.contains(r#"unknown field "spec.hostnameOverride""#))
    );
    let (status, answer) = of_version("v1.36.3").call(PODS, &pod("hostnameOverride"));
    assert_eq!(status, 201, "{answer}");
    let (status, answer) = of_version("v1.31.14").call(PODS, &pod("hostname"));
    assert_eq!((status, &answer["spec"]["dnsPolicy"]), (201, &json!("ClusterFirst")), "{answer}");
}

#[test]
fn an_older_version_serves_and_describes_its_own_kinds_only() {
    let claims = "GET /apis/resource.k8s.io/v1/resourceclaims";
    assert_eq!(of_version("v1.31.14").call(claims, "").0, 404);
    assert_eq!(of_version("v1.36.3").call(claims, "").0, 200);
    let mut old = of_version("v1.31.14");
    assert_eq!(old.call("GET /version", "").1["gitVersion"], "v1.31.14");
    let (_, document) = old.call("GET /openapi/v3/api/v1", "");
    let fields = &document["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"];
    assert!(fields.get("hostname").is_some() && fields.get("hostnameOverride").is_none());
}

#[test]
fn applying_again_to_an_older_version_changes_nothing() {
    let mut old = of_version("v1.31.14");
    let apply = "APPLY /api/v1/namespaces/default/pods/p?fieldManager=a";
    let (status, first) = old.call(apply, &pod("hostname"));
    assert_eq!(status, 201, "{first}");
    assert_eq!(old.call(apply, &pod("hostname")), (200, first));
}
