//! How a controller is tested on a control plane of its own: no binaries to install, no socket, no cluster.
//!
//! `cargo run -p mainstay-apiserver --features client --example controller_test`

use futures::TryStreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::{Api, Client};
use mainstay_apiserver::{ControlPlane, User};
use serde_json::json;

/// The controller under test: every namespace that has a team gets a ConfigMap that names it.
async fn controller(client: Client) -> kube::Result<()> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let mut events = std::pin::pin!(namespaces.watch(&WatchParams::default(), "0").await?);
    while let Some(event) = events.try_next().await? {
        let (WatchEvent::Added(namespace) | WatchEvent::Modified(namespace)) = event else { continue };
        let labels = namespace.metadata.labels.unwrap_or_default();
        let (Some(name), Some(team)) = (namespace.metadata.name, labels.get("team")) else { continue };
        let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &name);
        let wanted = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "team" }, "data": { "name": team },
        });
        maps.patch("team", &PatchParams::apply("team-controller"), &Patch::Apply(wanted)).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A server of one's own, in memory; a logical cluster takes well under a millisecond to make.
    let plane = ControlPlane::builder().build().await?;
    plane.create_cluster("test").await?;
    let admin = plane.client("test", User::admin())?;
    let running = tokio::spawn(controller(admin.clone()));

    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop", "labels": { "team": "blue" } },
    });
    let namespaces: Api<Namespace> = Api::all(admin.clone());
    namespaces.create(&PostParams::default(), &serde_json::from_value(namespace)?).await?;

    // What is awaited is watched, not polled.
    let maps: Api<ConfigMap> = Api::namespaced(admin, "shop");
    let only = WatchParams::default().fields("metadata.name=team").timeout(10);
    let mut events = std::pin::pin!(maps.watch(&only, "0").await?);
    let team = loop {
        match events.try_next().await? {
            Some(WatchEvent::Added(map)) => break map.data.unwrap_or_default().remove("name"),
            Some(_) => {}
            None => return Err("the controller made no ConfigMap".into()),
        }
    };
    assert_eq!(team.as_deref(), Some("blue"));
    running.abort();
    plane.shutdown().await;
    Ok(())
}
