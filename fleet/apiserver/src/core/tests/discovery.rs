use super::support::{host, request};
use crate::core::Reply;
use serde_json::Value;

#[test]
fn the_classic_documents_list_groups_and_resources() {
    let mut host = host();
    let groups = host.ok("GET /apis", "");
    let names: Vec<&str> =
        groups["groups"].as_array().unwrap().iter().filter_map(|g| g["name"].as_str()).collect();
    assert!(names.starts_with(&["apiregistration.k8s.io", "apps"]), "{names:?}");
    let core = host.ok("GET /api/v1", "");
    let list = core["resources"].as_array().unwrap();
    let pods = list.iter().find(|r| r["name"] == "pods").unwrap();
    assert_eq!(pods["shortNames"][0], "po");
    assert!(list.iter().any(|r| r["name"] == "pods/log"));
    assert_eq!(host.ok("GET /apis/apps", "")["preferredVersion"]["version"], "v1");
    assert_eq!(host.ok("GET /version", "")["minor"], "36");
    assert_eq!(
        host.fails("GET /apis/nope.io/v1", ""),
        "404 NotFound: the server could not find the requested resource"
    );
}

#[test]
fn the_aggregated_document_comes_when_asked_for() {
    let mut host = host();
    let mut ask = request("GET /apis", "");
    ask.accept =
        Some("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json".into());
    let Reply::Done(response) = host.reply(ask) else { panic!("a watch") };
    assert_eq!(response.content_type, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
    let list: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(list["items"][1]["metadata"]["name"], "apps");
}

#[test]
fn openapi_describes_every_served_version() {
    let mut host = host();
    let index = host.ok("GET /openapi/v3", "");
    for path in index["paths"].as_object().unwrap().keys() {
        let document = host.ok(&format!("GET /openapi/v3/{path}"), "");
        assert!(document["components"]["schemas"].as_object().is_some_and(|s| !s.is_empty()), "{path}");
    }
    let apps = host.ok("GET /openapi/v3/apis/apps/v1", "");
    let patch = &apps["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
    assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], "Deployment");
    assert_eq!(patch["parameters"][2]["name"], "fieldValidation");
}

#[test]
fn protobuf_alone_is_refused_and_json_is_chosen_otherwise() {
    let mut host = host();
    for (accept, status) in [
        ("application/vnd.kubernetes.protobuf", 406),
        ("application/vnd.kubernetes.protobuf,application/json", 200),
        ("*/*", 200),
        ("text/html", 406),
    ] {
        let mut ask = request("GET /api/v1/namespaces", "");
        ask.accept = Some(accept.into());
        let Reply::Done(response) = host.reply(ask) else { panic!("a watch") };
        assert_eq!(response.status, status, "{accept}");
    }
}
