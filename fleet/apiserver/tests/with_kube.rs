use crate::{config_map, config_maps};
use futures::{StreamExt, TryStreamExt};
use kube::Client;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use mainstay_apiserver::{ControlPlane, User};
use serde_json::json;

async fn in_process() -> (ControlPlane, Client) {
    let plane = ControlPlane::builder().build().await.expect("a control plane");
    plane.create_cluster("blue").await.expect("a cluster");
    let client = Client::new(plane.service("blue", User::admin()).expect("a service"), "default");
    (plane, client)
}

#[tokio::test]
async fn a_kube_client_works_in_process() {
    let (_plane, client) = in_process().await;
    let api = config_maps(&client);
    let made = api.create(&PostParams::default(), &config_map("one", "1")).await.expect("created");
    assert!(made.metadata.uid.is_some());
    let patch = Patch::Merge(json!({ "data": { "value": "2" } }));
    api.patch("one", &PatchParams::default(), &patch).await.expect("patched");
    assert_eq!(api.get("one").await.expect("there").data["data"]["value"], "2");
    let applied = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "two" }, "data": { "a": "b" },
    });
    api.patch("two", &PatchParams::apply("tests"), &Patch::Apply(applied)).await.expect("applied");
    let names: Vec<_> = api
        .list(&ListParams::default())
        .await
        .expect("a list")
        .into_iter()
        .filter_map(|o| o.metadata.name)
        .filter(|n| n != "kube-root-ca.crt")
        .collect();
    assert_eq!(names, ["one", "two"]);
    api.delete("one", &DeleteParams::default()).await.expect("deleted");
    assert!(api.get_opt("one").await.expect("an answer").is_none());
}

#[tokio::test]
async fn a_watch_in_process_sees_what_happens() {
    let (_plane, client) = in_process().await;
    let api = config_maps(&client);
    let from =
        api.list(&ListParams::default()).await.expect("a list").metadata.resource_version.expect("one");
    let mut events = api.watch(&WatchParams::default(), &from).await.expect("a watch").boxed();
    api.create(&PostParams::default(), &config_map("one", "1")).await.expect("created");
    api.delete("one", &DeleteParams::default()).await.expect("deleted");
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match events.try_next().await.expect("an event").expect("no end") {
            WatchEvent::Added(o) => seen.push(format!("added {}", o.metadata.name.unwrap_or_default())),
            WatchEvent::Deleted(o) => seen.push(format!("deleted {}", o.metadata.name.unwrap_or_default())),
            WatchEvent::Modified(_) | WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(status) => panic!("{status:?}"),
        }
    }
    assert_eq!(seen, ["added one", "deleted one"]);
}

#[tokio::test]
async fn a_service_acts_as_the_user_it_was_asked_for() {
    let (plane, _) = in_process().await;
    let jane = User { name: "jane".into(), groups: vec!["system:authenticated".into()], ..User::default() };
    let client = Client::new(plane.service("blue", jane).expect("a service"), "default");
    let refused = config_maps(&client).get("one").await.expect_err("not allowed");
    assert_eq!(crate::code(&refused), 403);
    assert!(refused.to_string().contains("jane"), "{refused}");
}
