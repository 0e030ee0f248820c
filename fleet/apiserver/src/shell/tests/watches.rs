use super::*;
use std::time::Duration;

async fn watch(plane: &ControlPlane, cluster: &str, query: &str) -> Body {
    let service = plane.service(cluster, User::admin()).unwrap();
    let response = open(service, "GET", &format!("{MAPS}?watch=true&{query}"), Value::Null).await;
    assert_eq!(response.status(), 200);
    response.into_body()
}

async fn next(body: &mut Body) -> Option<Vec<Value>> {
    let frame =
        tokio::time::timeout(Duration::from_secs(10), body.frame()).await.expect("a frame in time")?;
    let bytes = frame.unwrap().into_data().unwrap();
    Some(
        bytes
            .split(|b| *b == b'\n')
            .filter(|l| !l.is_empty())
            .map(|l| serde_json::from_slice(l).unwrap())
            .collect(),
    )
}

async fn revision(plane: &ControlPlane) -> String {
    revision_of(plane, "root").await
}

async fn revision_of(plane: &ControlPlane, cluster: &str) -> String {
    let (_, list) = send(plane, cluster, "GET", MAPS, Value::Null).await;
    list["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_write_wakes_the_watch() {
    let plane = in_memory().await;
    let from = revision(&plane).await;
    let mut body = watch(&plane, "root", &format!("resourceVersion={from}")).await;
    let (events, ()) = tokio::join!(next(&mut body), create(&plane, "root", "one"));
    let events = events.unwrap();
    assert_eq!(
        (&events[0]["type"], &events[0]["object"]["metadata"]["name"]),
        (&json!("ADDED"), &json!("one"))
    );
}

#[tokio::test]
async fn a_watch_ends_after_its_timeout_with_a_bookmark() {
    let plane = in_memory().await;
    let from = revision(&plane).await;
    let query = format!("resourceVersion={from}&timeoutSeconds=1&allowWatchBookmarks=true");
    let mut body = watch(&plane, "root", &query).await;
    assert_eq!(next(&mut body).await.unwrap()[0]["type"], "BOOKMARK");
    assert_eq!(next(&mut body).await, None);
}

#[tokio::test]
async fn bookmarks_come_regularly() {
    let plane = with_limits(Limits { bookmark: Duration::from_millis(5), ..Limits::default() }).await;
    let from = revision(&plane).await;
    let mut body = watch(&plane, "root", &format!("resourceVersion={from}&allowWatchBookmarks=true")).await;
    for _ in 0..3 {
        assert_eq!(next(&mut body).await.unwrap()[0]["type"], "BOOKMARK");
    }
}

#[tokio::test]
async fn a_watch_without_timeout_gets_the_servers() {
    let plane = with_limits(Limits { watch: Duration::from_millis(5), ..Limits::default() }).await;
    let from = revision(&plane).await;
    let mut body = watch(&plane, "root", &format!("resourceVersion={from}")).await;
    assert_eq!(next(&mut body).await, None);
}

#[tokio::test]
async fn a_reader_that_fell_behind_gets_410_and_the_end() {
    let plane = in_memory().await;
    let from = revision(&plane).await;
    let mut body = watch(&plane, "root", &format!("resourceVersion={from}")).await;
    for i in 0..=crate::core::store::HISTORY {
        create(&plane, "root", &format!("map-{i}")).await;
    }
    let last = next(&mut body).await.unwrap();
    assert_eq!((&last[0]["type"], &last[0]["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!(next(&mut body).await, None);
}

#[tokio::test]
async fn a_stuck_reader_holds_nobody_up() {
    let plane = in_memory().await;
    let from = revision(&plane).await;
    let mut stuck = watch(&plane, "root", &format!("resourceVersion={from}")).await;
    let mut quick = watch(&plane, "root", &format!("resourceVersion={from}")).await;
    for i in 0..10 {
        create(&plane, "root", &format!("map-{i}")).await;
        assert_eq!(next(&mut quick).await.unwrap().len(), 1);
    }
    assert_eq!(next(&mut stuck).await.unwrap().len(), 10);
}

#[tokio::test]
async fn watches_end_when_their_cluster_is_dropped() {
    let plane = in_memory().await;
    plane.create_cluster("blue").await.unwrap();
    let from = revision_of(&plane, "blue").await;
    let mut body = watch(&plane, "blue", &format!("resourceVersion={from}")).await;
    let (end, dropped) = tokio::join!(next(&mut body), plane.drop_cluster("blue"));
    dropped.unwrap();
    assert_eq!(end, None);
}

#[tokio::test]
async fn watches_end_when_the_control_plane_stops() {
    let plane = in_memory().await;
    let from = revision(&plane).await;
    let mut body = watch(&plane, "root", &format!("resourceVersion={from}")).await;
    let (end, ()) = tokio::join!(next(&mut body), plane.shutdown());
    assert_eq!(end, None);
}

#[tokio::test]
async fn a_stuck_reader_costs_no_memory_however_much_is_written() {
    let plane = in_memory().await;
    let from = revision(&plane).await;
    let stuck = watch(&plane, "root", &format!("resourceVersion={from}")).await;
    create(&plane, "root", "one").await;
    // Far more than is kept for watchers: what one has not read is forgotten, and it is told so when it reads.
    for i in 0..2 * crate::core::store::HISTORY {
        let change = json!({ "data": { "a": i.to_string() } });
        let service = plane.service("root", User::admin()).unwrap();
        let request = http::Request::builder()
            .method("PATCH")
            .uri(format!("{MAPS}/one"))
            .header("content-type", "application/merge-patch+json")
            .body(Full::<bytes::Bytes>::from(change.to_string()))
            .unwrap();
        assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
    }
    let mut stuck = stuck;
    let last = next(&mut stuck).await.unwrap();
    assert_eq!((last.len(), &last[0]["object"]["code"]), (1, &json!(410)));
}

#[tokio::test]
async fn a_client_with_too_many_watches_is_told_to_come_back() {
    let plane = with_limits(Limits { watches: 1, ..Limits::default() }).await;
    let rule = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": "jane" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane" }],
    });
    let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    assert_eq!(send(&plane, "root", "POST", bindings, rule).await.0, 201);
    let jane = User { name: "jane".into(), groups: vec!["system:authenticated".into()], ..User::default() };
    let service = plane.service("root", jane).unwrap();
    let path = format!("{MAPS}?watch=true");
    let first = open(service.clone(), "GET", &path, Value::Null).await;
    assert_eq!(first.status(), 200);
    let refused = open(service.clone(), "GET", &path, Value::Null).await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"1".parse().unwrap()));
    assert_eq!(
        open(service.clone(), "GET", MAPS, Value::Null).await.status(),
        200,
        "other requests are not counted"
    );
    drop(first);
    assert_eq!(open(service, "GET", &path, Value::Null).await.status(), 200);
}
