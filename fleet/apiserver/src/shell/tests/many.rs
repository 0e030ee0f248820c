//! Many logical clusters in one process: apart from each other, made and dropped at any time.

use super::*;
use futures::future::join_all;
use std::time::Duration;

#[tokio::test]
async fn five_hundred_clusters_hold_their_own_objects_and_no_other() {
    let plane = in_memory().await;
    let names: Vec<String> = (0..500).map(|i| format!("c-{i}")).collect();
    join_all(names.iter().map(|name| async {
        plane.create_cluster(name).await.unwrap();
        create(&plane, name, name).await;
    }))
    .await;
    assert_eq!(plane.clusters().len(), 501);
    for name in &names {
        let (_, list) = send(&plane, name, "GET", MAPS, Value::Null).await;
        let found: Vec<&str> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|o| o["metadata"]["name"].as_str())
            .filter(|n| *n != "kube-root-ca.crt")
            .collect();
        assert_eq!(found, [name]);
    }
}

#[tokio::test]
async fn no_two_clusters_have_the_same_namespace() {
    let plane = in_memory().await;
    let mut seen = std::collections::BTreeSet::new();
    for name in ["blue", "green", "red"] {
        plane.create_cluster(name).await.unwrap();
        let (_, namespace) = send(&plane, name, "GET", "/api/v1/namespaces/kube-system", Value::Null).await;
        assert!(seen.insert(namespace["metadata"]["uid"].to_string()), "its UID is the cluster's identity");
    }
}

#[tokio::test]
async fn a_token_of_one_cluster_is_worth_nothing_in_another() {
    let plane = in_memory().await;
    for name in ["blue", "green"] {
        plane.create_cluster(name).await.unwrap();
    }
    let path = "/api/v1/namespaces/default/serviceaccounts/default/token";
    let asked = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {} });
    let (status, answer) = send(&plane, "blue", "POST", path, asked).await;
    assert_eq!(status, 201, "{answer}");
    let token = answer["status"]["token"].as_str().unwrap();
    let knows = |name: &str| plane.shared.get(name).unwrap().authenticate_token(token).is_some();
    assert!(knows("blue") && !knows("green") && !knows("root"));
}

#[tokio::test]
async fn a_name_is_given_once_however_many_ask_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let plane = in_folder(folder.path()).await.unwrap();
    let made = join_all((0..20).map(|_| plane.create_cluster("blue"))).await;
    assert_eq!(made.iter().filter(|m| m.is_ok()).count(), 1);
    let gone = join_all((0..20).map(|_| plane.drop_cluster("blue"))).await;
    assert_eq!(gone.iter().filter(|m| m.is_ok()).count(), 1);
}

#[tokio::test]
async fn clusters_that_come_and_go_leave_the_others_and_the_disk_alone() {
    let folder = tempfile::tempdir().unwrap();
    let plane = in_folder(folder.path()).await.unwrap();
    join_all((0..40).map(|i| {
        let plane = plane.clone();
        async move {
            let name = format!("c-{i}");
            plane.create_cluster(&name).await.unwrap();
            create(&plane, &name, "one").await;
            if i % 2 == 0 {
                plane.drop_cluster(&name).await.unwrap();
                assert!(matches!(plane.drop_cluster(&name).await, Err(crate::shell::Error::NoCluster(_))));
            }
        }
    }))
    .await;
    plane.shutdown().await;
    drop(plane);
    let plane = in_folder(folder.path()).await.unwrap();
    assert_eq!(plane.clusters().len(), 21);
    for i in (1..40).step_by(2) {
        assert!(exists(&plane, &format!("c-{i}"), "one").await);
    }
}

#[tokio::test]
async fn a_request_that_a_dropped_cluster_still_has_is_refused() {
    let plane = in_memory().await;
    plane.create_cluster("blue").await.unwrap();
    let service = plane.service("blue", User::admin()).unwrap();
    plane.drop_cluster("blue").await.unwrap();
    plane.create_cluster("blue").await.unwrap();
    let response = open(service, "POST", MAPS, config_map("late")).await;
    assert_eq!(response.status(), 404);
    assert!(!exists(&plane, "blue", "late").await);
}

#[tokio::test]
async fn a_quiet_cluster_forgets_its_past() {
    let plane = with_limits(Limits { history: Duration::from_millis(1), ..Limits::default() }).await;
    create(&plane, "root", "one").await;
    let hosted = plane.shared.get("root").unwrap();
    while hosted.has_history() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let path = format!("{MAPS}?watch=true&resourceVersion=1");
    let service = plane.service("root", User::admin()).unwrap();
    let mut body = open(service, "GET", &path, Value::Null).await.into_body();
    let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
    let event: Value = serde_json::from_slice(&frame).unwrap();
    assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)));
}

#[tokio::test]
async fn a_long_list_comes_in_pieces_and_says_how_long_it_is() {
    let plane = in_memory().await;
    let value = "x".repeat(10_000);
    for i in 0..50 {
        let mut map = config_map(&format!("map-{i}"));
        map["data"]["a"] = value.as_str().into();
        assert_eq!(send(&plane, "root", "POST", MAPS, map).await.0, 201);
    }
    let service = plane.service("root", User::admin()).unwrap();
    let mut body = open(service, "GET", MAPS, Value::Null).await.into_body();
    let length = http_body::Body::size_hint(&body).exact().unwrap();
    let (mut text, mut largest) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        largest = largest.max(data.len());
        text.extend_from_slice(&data);
    }
    assert_eq!(u64::try_from(text.len()).unwrap(), length);
    assert!(largest < 100_000, "{largest}");
    let list: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 51);
}
