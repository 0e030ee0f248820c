use crate::{Options, READY_AFTER, Simulator, is_simulated};
use http_body_util::{BodyExt, Full};
use mainstay_apiserver::{ControlPlane, User};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tower::ServiceExt;

async fn send(plane: &ControlPlane, cluster: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header(
            "content-type",
            if method == "PATCH" { "application/merge-patch+json" } else { "application/json" },
        )
        .body(Full::<bytes::Bytes>::from(body))
        .unwrap();
    let response = plane.service(cluster, User::admin()).unwrap().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

fn deployment(name: &str, annotations: Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": name, "annotations": annotations },
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "containers": [{ "name": "c", "image": "i:1" }] },
            },
        },
    })
}

async fn create(plane: &ControlPlane, cluster: &str, object: Value) {
    let (status, answer) = send(plane, cluster, "POST", DEPLOYMENTS, object).await;
    assert_eq!(status, 201, "{answer}");
}

async fn until_available(plane: &ControlPlane, cluster: &str, name: &str, wanted: i64) -> Value {
    let begun = Instant::now();
    loop {
        let (_, object) = send(plane, cluster, "GET", &format!("{DEPLOYMENTS}/{name}"), Value::Null).await;
        let current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
        if current && object["status"]["availableReplicas"] == wanted {
            return object;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "never ready: {object}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn deployments_become_ready_in_clusters_that_were_and_that_come() {
    let plane = ControlPlane::builder().build().await.unwrap();
    create(&plane, "root", deployment("before", json!({}))).await;
    let _simulator = Simulator::start(&plane, Options::default());
    assert!(is_simulated(&until_available(&plane, "root", "before", 2).await));
    plane.create_cluster("blue").await.unwrap();
    create(&plane, "blue", deployment("after", json!({}))).await;
    until_available(&plane, "blue", "after", 2).await;
}

#[tokio::test]
async fn the_simulator_owns_nothing_but_the_status() {
    let plane = ControlPlane::builder().build().await.unwrap();
    let _simulator = Simulator::start(&plane, Options::default());
    create(&plane, "root", deployment("web", json!({}))).await;
    let object = until_available(&plane, "root", "web", 2).await;
    assert_eq!(object["metadata"]["generation"], 1);
    for entry in object["metadata"]["managedFields"].as_array().unwrap() {
        if entry["manager"] == "mainstay-simulator" {
            assert_eq!(entry["subresource"], "status");
            let fields: Vec<_> = entry["fieldsV1"].as_object().unwrap().keys().collect();
            assert_eq!(fields, ["f:status"]);
        }
    }
}

#[tokio::test]
async fn a_delayed_rollout_and_a_scaling_end_by_themselves() {
    let plane = ControlPlane::builder().build().await.unwrap();
    let _simulator = Simulator::start(&plane, Options::default());
    create(&plane, "root", deployment("web", json!({ READY_AFTER: "100ms" }))).await;
    let begun = Instant::now();
    until_available(&plane, "root", "web", 2).await;
    assert!(begun.elapsed() >= Duration::from_millis(50), "{:?}", begun.elapsed());
    let path = format!("{DEPLOYMENTS}/web");
    let (status, _) = send(&plane, "root", "PATCH", &path, json!({ "spec": { "replicas": 4 } })).await;
    assert_eq!(status, 200);
    until_available(&plane, "root", "web", 4).await;
}

#[tokio::test]
async fn the_simulator_comes_to_rest() {
    let plane = ControlPlane::builder().build().await.unwrap();
    let _simulator = Simulator::start(&plane, Options::default());
    create(&plane, "root", deployment("web", json!({}))).await;
    let first = until_available(&plane, "root", "web", 2).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (_, later) = send(&plane, "root", "GET", &format!("{DEPLOYMENTS}/web"), Value::Null).await;
    assert_eq!(first["metadata"]["resourceVersion"], later["metadata"]["resourceVersion"]);
}

#[tokio::test]
async fn a_dropped_cluster_ends_its_controllers_and_a_new_one_of_its_name_gets_new_ones() {
    let plane = ControlPlane::builder().build().await.unwrap();
    let _simulator = Simulator::start(&plane, Options::default());
    for round in 0..2 {
        plane.create_cluster("blue").await.unwrap();
        let name = format!("web-{round}");
        create(&plane, "blue", deployment(&name, json!({}))).await;
        until_available(&plane, "blue", &name, 2).await;
        plane.drop_cluster("blue").await.unwrap();
    }
}
