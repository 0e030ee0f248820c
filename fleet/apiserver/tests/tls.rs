use crate::{client_of, code, config_map, config_maps};
use futures::future::join_all;
use kube::Client;
use kube::api::{ListParams, PostParams, WatchParams};
use mainstay_apiserver::{ControlPlane, Limits, Options, Storage, serve};
use std::time::Duration;

async fn listening() -> ControlPlane {
    let plane = ControlPlane::builder()
        .listen(([127, 0, 0, 1], 0).into())
        .admin_token("a long enough secret")
        .build()
        .await
        .expect("a control plane");
    plane.create_cluster("blue").await.expect("a cluster");
    plane
}

/// The kubeconfig of `cluster` with other credentials in it.
fn with_user(kubeconfig: &str, user: &str) -> String {
    let (before, rest) = kubeconfig.split_once("  user:\n").expect("a user");
    let (_, after) = rest.split_once("contexts:").expect("contexts");
    format!("{before}  user:\n{user}contexts:{after}")
}

#[tokio::test]
async fn a_kubeconfig_is_all_that_a_client_needs() {
    let plane = listening().await;
    for cluster in ["root", "blue"] {
        let client = client_of(&plane.kubeconfig(cluster).expect("a kubeconfig")).await;
        config_maps(&client)
            .create(&PostParams::default(), &config_map(cluster, "1"))
            .await
            .expect("created");
        assert!(config_maps(&client).get_opt(cluster).await.expect("an answer").is_some());
    }
    let client = client_of(&plane.kubeconfig("blue").expect("a kubeconfig")).await;
    assert!(config_maps(&client).get_opt("root").await.expect("an answer").is_none());
    plane.shutdown().await;
}

#[tokio::test]
async fn the_root_cluster_is_also_served_under_its_name() {
    let plane = listening().await;
    let kubeconfig = plane.kubeconfig("root").expect("a kubeconfig");
    let url = plane.url("root").expect("a URL");
    let client = client_of(&kubeconfig.replace(&url, &format!("{url}/clusters/root"))).await;
    config_maps(&client).list(&ListParams::default()).await.expect("a list");
}

#[tokio::test]
async fn a_certificate_of_one_cluster_is_refused_by_another() {
    let plane = listening().await;
    plane.create_cluster("green").await.expect("a cluster");
    let (blue, green) = (plane.url("blue").expect("a URL"), plane.url("green").expect("a URL"));
    let stolen = plane.kubeconfig("blue").expect("a kubeconfig").replace(&blue, &green);
    let refused = config_maps(&client_of(&stolen).await).get("one").await.expect_err("refused");
    assert_eq!(code(&refused), 401);
}

#[tokio::test]
async fn a_certificate_dies_with_its_cluster() {
    let plane = listening().await;
    let old = client_of(&plane.kubeconfig("blue").expect("a kubeconfig")).await;
    plane.drop_cluster("blue").await.expect("dropped");
    assert_eq!(code(&config_maps(&old).get("one").await.expect_err("gone")), 404);
    plane.create_cluster("blue").await.expect("a cluster");
    assert_eq!(code(&config_maps(&old).get("one").await.expect_err("refused")), 401);
}

#[tokio::test]
async fn nobody_in_particular_may_do_nothing_in_particular() {
    let plane = listening().await;
    let kubeconfig = plane.kubeconfig("blue").expect("a kubeconfig");
    let get = async |user: &str| {
        let client = client_of(&with_user(&kubeconfig, user)).await;
        config_maps(&client).list(&ListParams::default()).await.map(drop)
    };
    let anonymous = get("    {}\n").await.expect_err("forbidden");
    assert_eq!(code(&anonymous), 403);
    assert!(anonymous.to_string().contains("system:anonymous"), "{anonymous}");
    assert_eq!(code(&get("    token: wrong\n").await.expect_err("refused")), 401);
    get("    token: a long enough secret\n").await.expect("the administrator's token is good");
}

#[tokio::test]
async fn a_user_without_rights_is_forbidden_by_name() {
    let plane = listening().await;
    let kubeconfig = plane.kubeconfig_for("blue", "jane", &["dev", "ops"]).expect("a kubeconfig");
    let refused = config_maps(&client_of(&kubeconfig).await).get("one").await.expect_err("forbidden");
    assert_eq!(code(&refused), 403);
    assert!(refused.to_string().contains("\"jane\""), "{refused}");
}

#[tokio::test]
async fn a_stranger_does_not_trust_the_server_and_the_server_no_stranger() {
    let (plane, other) = (listening().await, listening().await);
    let kubeconfig = plane.kubeconfig("root").expect("a kubeconfig");
    let foreign = other.kubeconfig("root").expect("a kubeconfig");
    let elsewhere = foreign.replace(&other.url("root").expect("a URL"), &plane.url("root").expect("a URL"));
    let refused = config_maps(&client_of(&elsewhere).await).get("one").await.expect_err("no trust");
    assert!(!matches!(refused, kube::Error::Api(_)), "{refused}");

    let line = |text: &str, key: &str| text.lines().find(|l| l.contains(key)).expect("a line").to_owned();
    let mixed = elsewhere.replace(
        &line(&elsewhere, "certificate-authority-data"),
        &line(&kubeconfig, "certificate-authority-data"),
    );
    let refused = config_maps(&client_of(&mixed).await).get("one").await.expect_err("no trust");
    assert_eq!(code(&refused), 401);
    let url = plane.url("root").expect("a URL");
    let nowhere = |kubeconfig: &str| kubeconfig.replace(&url, &format!("{url}/clusters/nowhere"));
    let refused = config_maps(&client_of(&nowhere(&mixed)).await).get("one").await.expect_err("no trust");
    assert_eq!(code(&refused), 401, "a stranger is not told what is there");
}

#[tokio::test]
async fn who_may_not_ask_is_not_told_which_clusters_there_are() {
    let plane = listening().await;
    let (kubeconfig, url) =
        (plane.kubeconfig("root").expect("a kubeconfig"), plane.url("root").expect("a URL"));
    let nowhere = kubeconfig.replace(&url, &format!("{url}/clusters/nowhere"));
    let get = async |kubeconfig: &str| {
        let refused = config_maps(&client_of(kubeconfig).await).get("one").await.expect_err("refused");
        code(&refused)
    };
    assert_eq!(get(&nowhere).await, 404, "an administrator is");
    assert_eq!(get(&with_user(&nowhere, "    {}\n")).await, 403);
    assert_eq!(get(&with_user(&nowhere, "    token: wrong\n")).await, 401);
    assert_eq!(get(&with_user(&nowhere, "    token: a long enough secret\n")).await, 404);
}

#[tokio::test]
async fn a_body_over_three_mebibytes_is_refused() {
    let plane = listening().await;
    let client = client_of(&plane.kubeconfig("root").expect("a kubeconfig")).await;
    let big = config_map("big", &"x".repeat(3 << 20));
    let refused = config_maps(&client).create(&PostParams::default(), &big).await.expect_err("refused");
    assert_eq!(code(&refused), 413);
}

#[tokio::test]
async fn many_requests_share_one_connection() {
    let plane = ControlPlane::builder()
        .listen(([127, 0, 0, 1], 0).into())
        .limits(Limits { connections: 1, ..Limits::default() })
        .build()
        .await
        .expect("a control plane");
    let client = client_of(&plane.kubeconfig("root").expect("a kubeconfig")).await;
    config_maps(&client).list(&ListParams::default()).await.expect("a list");
    let made = (0..200).map(|i| {
        let api = config_maps(&client);
        async move { api.create(&PostParams::default(), &config_map(&format!("map-{i}"), "1")).await }
    });
    for result in join_all(made).await {
        result.expect("created");
    }
}

#[tokio::test]
async fn shutting_down_ends_watches_and_closes_the_port() {
    let plane = listening().await;
    let client = client_of(&plane.kubeconfig("root").expect("a kubeconfig")).await;
    let watch = config_maps(&client).watch(&WatchParams::default(), "0").await.expect("a watch");
    let mut watch = Box::pin(watch);
    let ended = async { while futures::StreamExt::next(&mut watch).await.is_some() {} };
    let both = async { tokio::join!(ended, plane.shutdown()) };
    tokio::time::timeout(Duration::from_secs(5), both).await.expect("no waiting for the drain's end");
    let address = plane.address().expect("an address");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_served_control_plane_writes_its_kubeconfig_for_its_owner_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kubeconfig");
    std::fs::write(&path, "something old, longer than nothing").expect("a file");
    let options = Options {
        listen: ([127, 0, 0, 1], 0).into(),
        data_dir: Some(folder.path().join("data")),
        kubeconfig: Some(path.clone()),
        hosts: vec!["localhost".into()],
    };
    let serving = serve(&options).await.expect("a control plane");
    assert_eq!(serving.url, format!("https://localhost:{}", serving.address.port()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let client: Client = client_of(&std::fs::read_to_string(&path).expect("a kubeconfig")).await;
    config_maps(&client).list(&ListParams::default()).await.expect("a list");
    serving.until(async {}).await;
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 2, "no temporary file is left");
}

#[tokio::test]
async fn a_certificate_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = async |listen: std::net::SocketAddr| {
        let storage = Storage::Folder(folder.path().to_path_buf());
        ControlPlane::builder().storage(storage).listen(listen).build().await.expect("a control plane")
    };
    let plane = start(([127, 0, 0, 1], 0).into()).await;
    let (address, kubeconfig) =
        (plane.address().expect("an address"), plane.kubeconfig("root").expect("a kubeconfig"));
    plane.shutdown().await;
    drop(plane);
    let plane = start(address).await;
    let client = client_of(&kubeconfig).await;
    config_maps(&client).list(&ListParams::default()).await.expect("a list");
    plane.shutdown().await;
}
