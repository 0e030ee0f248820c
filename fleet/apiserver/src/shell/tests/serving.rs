use super::*;
use crate::shell::Error;

#[tokio::test]
async fn logical_clusters_are_worlds_apart() {
    let plane = in_memory().await;
    plane.create_cluster("blue").await.unwrap();
    create(&plane, "blue", "one").await;
    assert!(exists(&plane, "blue", "one").await);
    assert!(!exists(&plane, "root", "one").await);
    assert_eq!(plane.clusters(), ["blue", "root"]);
}

#[tokio::test]
async fn a_name_is_given_once_and_must_be_a_dns_label() {
    let plane = in_memory().await;
    plane.create_cluster("blue").await.unwrap();
    assert!(matches!(plane.create_cluster("blue").await, Err(Error::ClusterExists(_))));
    assert!(matches!(plane.create_cluster("root").await, Err(Error::ClusterExists(_))));
    for name in ["", "Blue", "a/b", "..", "a b", "-a", "a-", &"a".repeat(64)] {
        assert!(matches!(plane.create_cluster(name).await, Err(Error::ClusterName { .. })), "{name:?}");
    }
    assert!(matches!(plane.drop_cluster("root").await, Err(Error::RootStays)));
    assert!(matches!(plane.drop_cluster("green").await, Err(Error::NoCluster(_))));
}

#[tokio::test]
async fn there_are_no_more_clusters_than_allowed() {
    let plane = with_limits(Limits { clusters: 2, ..Limits::default() }).await;
    plane.create_cluster("blue").await.unwrap();
    assert!(matches!(plane.create_cluster("green").await, Err(Error::TooManyClusters(2))));
    plane.drop_cluster("blue").await.unwrap();
    plane.create_cluster("green").await.unwrap();
}

#[tokio::test]
async fn a_service_of_a_dropped_cluster_finds_nothing() {
    let plane = in_memory().await;
    plane.create_cluster("blue").await.unwrap();
    let service = plane.service("blue", User::admin()).unwrap();
    plane.drop_cluster("blue").await.unwrap();
    assert_eq!(open(service, "GET", MAPS, Value::Null).await.status(), 404);
}

#[tokio::test]
async fn nothing_is_answered_after_shutdown() {
    let plane = in_memory().await;
    plane.shutdown().await;
    let (status, answer) = send(&plane, "root", "GET", MAPS, Value::Null).await;
    assert_eq!((status, &answer["reason"]), (503, &json!("ServiceUnavailable")));
}

#[tokio::test]
async fn without_a_listener_there_is_no_url() {
    let plane = in_memory().await;
    assert!(matches!(plane.kubeconfig("root"), Err(Error::NotListening)));
    assert!(matches!(plane.url("blue"), Err(Error::NoCluster(_))));
}

#[tokio::test]
async fn thousands_of_clusters_fit() {
    let plane = in_memory().await;
    for i in 0..500 {
        plane.create_cluster(&format!("c-{i}")).await.unwrap();
    }
    create(&plane, "c-499", "one").await;
    assert_eq!(plane.clusters().len(), 501);
}
