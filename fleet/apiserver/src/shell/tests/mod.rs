mod decoding;
mod durability;
mod many;
mod serving;
mod watches;

use super::plane::ControlPlane;
use super::service::InProcess;
use super::{Body, Limits, Storage};
use crate::core::User;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use std::path::Path;
use tower::ServiceExt;

async fn in_memory() -> ControlPlane {
    ControlPlane::builder().build().await.unwrap()
}

async fn in_folder(folder: &Path) -> Result<ControlPlane, super::Error> {
    ControlPlane::builder().storage(Storage::Folder(folder.to_path_buf())).build().await
}

async fn with_limits(limits: Limits) -> ControlPlane {
    ControlPlane::builder().limits(limits).build().await.unwrap()
}

/// Sends one request as an administrator of `cluster`.
async fn send(plane: &ControlPlane, cluster: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let response = open(plane.service(cluster, User::admin()).unwrap(), method, path, body).await;
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn open(service: InProcess, method: &str, path: &str, body: Value) -> http::Response<Body> {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(Full::<bytes::Bytes>::from(body))
        .unwrap();
    service.oneshot(request).await.unwrap()
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn config_map(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": { "a": "b" } })
}

async fn create(plane: &ControlPlane, cluster: &str, name: &str) {
    let (status, answer) = send(plane, cluster, "POST", MAPS, config_map(name)).await;
    assert_eq!(status, 201, "{answer}");
}

async fn exists(plane: &ControlPlane, cluster: &str, name: &str) -> bool {
    match send(plane, cluster, "GET", &format!("{MAPS}/{name}"), Value::Null).await {
        (200, _) => true,
        (404, _) => false,
        (status, answer) => panic!("{status}: {answer}"),
    }
}
