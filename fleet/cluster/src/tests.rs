use crate::connect::inline;
use crate::error::from_answer;
use crate::request::escape;
use crate::{Cluster, ClusterError, ConnectError, KubeconfigFault, Resource, Selection, WatchEvent};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn a_conflict_names_fields_and_their_managers() {
    let status = json!({"message": "Apply failed", "details": {"causes": [
        {"reason": "FieldManagerConflict", "message": "conflict with \"kubectl-edit\" using apps/v1", "field": ".spec.replicas"}]}});
    let error = from_answer(409, None, status.to_string().as_bytes());
    assert_eq!(error.to_string(), "fields belong to others: .spec.replicas (owned by kubectl-edit)");
    let taken = from_answer(409, None, br#"{"message": "already exists"}"#);
    assert_eq!(taken, ClusterError::Conflict { message: "already exists".into() });
}

#[test]
fn an_answer_that_is_no_status_is_quoted_in_part() {
    let error = from_answer(502, None, "x".repeat(9000).as_bytes());
    assert_eq!(error.to_string().len(), "the server answered 502: ".len() + 300);
}

#[test]
fn a_path_leaves_the_namespace_out_where_a_kind_has_none() {
    let mut resource = Resource {
        group: "apps".into(),
        version: "v1".into(),
        kind: "Deployment".into(),
        plural: "deployments".into(),
        namespaced: true,
        verbs: vec![],
    };
    assert_eq!(resource.path("a", Some("b"), "x=1"), "/apis/apps/v1/namespaces/a/deployments/b?x=1");
    resource.namespaced = false;
    assert_eq!(resource.path("a", None, ""), "/apis/apps/v1/deployments");
    assert_eq!(escape("a/b c=d"), "a%2Fb%20c%3Dd");
}

fn refusal(user: &str, cluster: &str) -> KubeconfigFault {
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
         clusters: [{{name: k, cluster: {{server: 'https://127.0.0.1:1', {cluster}}}}}]\n\
         users: [{{name: u, user: {{{user}}}}}]\n"
    );
    match inline(&text) {
        Err(ConnectError::Refused(fault)) => fault,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn a_kubeconfig_from_a_secret_is_inline_data_only() {
    let user = || "u".to_owned();
    assert_eq!(refusal("exec: {command: sh, apiVersion: v1}", ""), KubeconfigFault::Exec(user()));
    assert_eq!(refusal("auth-provider: {name: gcp, config: {}}", ""), KubeconfigFault::AuthProvider(user()));
    assert_eq!(refusal("client-key: /etc/key", ""), KubeconfigFault::File(user()));
    assert_eq!(refusal("tokenFile: /etc/token", ""), KubeconfigFault::File(user()));
    assert_eq!(refusal("", "certificate-authority: /etc/ca"), KubeconfigFault::File("k".into()));
    assert_eq!(refusal("", "insecure-skip-tls-verify: true"), KubeconfigFault::Insecure("k".into()));
}

#[test]
fn an_unreadable_kubeconfig_is_not_quoted() {
    match inline("token: [s3cr3t") {
        Err(error) => assert!(!error.to_string().contains("s3cr3t")),
        Ok(_) => panic!("accepted"),
    }
}

#[tokio::test]
async fn a_watch_lists_everything_again_after_a_while() {
    let lists = Arc::new(AtomicUsize::new(0));
    let counted = lists.clone();
    let server = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = if query.contains("watch=true") {
            // Nothing was missed, says the watch.
            String::new()
        } else {
            counted.fetch_add(1, Ordering::Relaxed);
            json!({"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "a"}}]}).to_string()
        };
        async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok::<_, std::convert::Infallible>(http::Response::new(kube::client::Body::from(
                body.into_bytes(),
            )))
        }
    });
    let client = kube::Client::new(server, "default");
    let cluster = Cluster::from_client(client).relisting(Duration::from_millis(40));
    let resource = config_maps();
    let mut told = 0;
    let until_third_list = |event| {
        told += usize::from(matches!(event, WatchEvent::Listed(_)));
        told < 3
    };
    cluster.follow(&resource, &Selection::default(), until_third_list).await;
    assert_eq!(lists.load(Ordering::Relaxed), 3);
}

/// What a watch tells of a server that answers lists and watches so, until it has told so much.
async fn told(
    relist: Duration,
    number: usize,
    answer: impl Fn(usize, bool) -> (u16, String) + Send + Sync + 'static,
) -> Vec<String> {
    let asked = AtomicUsize::new(0);
    let server = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let watches = request.uri().query().unwrap_or_default().contains("watch=true");
        let (code, body) = answer(asked.fetch_add(1, Ordering::Relaxed), watches);
        let mut answer = http::Response::new(kube::client::Body::from(body.into_bytes()));
        *answer.status_mut() = http::StatusCode::from_u16(code).unwrap();
        async move { Ok::<_, std::convert::Infallible>(answer) }
    });
    let cluster = Cluster::from_client(kube::Client::new(server, "default")).relisting(relist);
    let mut told = Vec::new();
    let tell = |event| {
        told.push(match event {
            WatchEvent::Changed(_) | WatchEvent::Deleted(_) | WatchEvent::Answered(_) => "object".to_owned(),
            WatchEvent::Listed(_) => "listed".to_owned(),
            WatchEvent::Interrupted(error) => format!("interrupted: {error}"),
            WatchEvent::Lost(error) => format!("lost: {error}"),
        });
        told.len() < number
    };
    cluster.follow(&config_maps(), &Selection::default(), tell).await;
    told
}

fn nothing_there() -> (u16, String) {
    (200, json!({"metadata": {"resourceVersion": "7"}, "items": []}).to_string())
}

#[tokio::test]
async fn a_watch_that_cannot_be_taken_up_again_says_so_once_and_lists_when_it_can() {
    let may_not = || (403, json!({"message": "may not"}).to_string());
    let told = told(Duration::from_secs(12), 6, move |asked, _| match asked {
        0 | 4.. => nothing_there(),
        1..4 => may_not(),
    });
    let (no, wrong) = (
        "interrupted: may not",
        "interrupted: the server's answer can't be read: the server ends the watch at once",
    );
    assert_eq!(told.await, ["listed", no, no, "lost: may not", "listed", wrong]);
}

#[tokio::test]
async fn a_server_that_ends_every_watch_or_calls_it_too_old_is_not_asked_without_end() {
    let gone = || (410, json!({"message": "too old"}).to_string());
    for (ends, wanted) in [(true, 4), (false, 8)] {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let answer = move |_, watches: bool| {
            counted.fetch_add(1, Ordering::Relaxed);
            match (watches, ends) {
                (false, _) => nothing_there(),
                (true, true) => (200, String::new()),
                (true, false) => gone(),
            }
        };
        let wait = tokio::time::timeout(
            Duration::from_millis(900),
            told(Duration::from_secs(3600), usize::MAX, answer),
        );
        assert!(wait.await.is_err());
        let asked = asked.load(Ordering::Relaxed);
        assert!(asked <= wanted, "{asked} requests in less than a second");
    }
}

fn config_maps() -> Resource {
    Resource {
        group: String::new(),
        version: "v1".into(),
        kind: "ConfigMap".into(),
        plural: "configmaps".into(),
        namespaced: true,
        verbs: vec![],
    }
}

/// The same client also writes for others, who are not the one who watches.
#[tokio::test]
async fn a_watch_for_news_leaves_out_only_what_is_known_from_an_answer() {
    let object = |name: &str, version: &str| json!({"metadata": {"name": name, "uid": name, "resourceVersion": version}});
    let events = [object("a", "8"), object("b", "9"), object("a", "10")];
    let lines: String =
        events.iter().map(|object| format!("{}\n", json!({"type": "MODIFIED", "object": object}))).collect();
    let server = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let query = request.uri().query().unwrap_or_default();
        let body = match query.contains("watch=true") {
            true => lines.clone(),
            false => json!({"metadata": {"resourceVersion": "7"}, "items": []}).to_string(),
        };
        let answer = http::Response::new(kube::client::Body::from(body.into_bytes()));
        async move { Ok::<_, std::convert::Infallible>(answer) }
    });
    let cluster = Cluster::from_client(kube::Client::new(server, "default"));
    cluster.know(&object("a", "8"));
    for (news, wanted) in [(true, "known a, b 9, a 10"), (false, "a 8, b 9, a 10")] {
        let mut told: Vec<String> = Vec::new();
        let until_all = |event| {
            match event {
                WatchEvent::Changed(object) => told.push(format!(
                    "{} {}",
                    object["metadata"]["name"].as_str().unwrap(),
                    object["metadata"]["resourceVersion"].as_str().unwrap()
                )),
                WatchEvent::Answered(key) => told.push(format!("known {}", key.name())),
                WatchEvent::Deleted(_)
                | WatchEvent::Listed(_)
                | WatchEvent::Interrupted(_)
                | WatchEvent::Lost(_) => {}
            }
            told.len() < 3
        };
        let selection = Selection { news, ..Selection::default() };
        cluster.clone().follow(&config_maps(), &selection, until_all).await;
        assert_eq!(told.join(", "), wanted);
    }
}

#[tokio::test]
async fn a_kind_that_its_group_serves_in_another_version_than_the_preferred_one_is_among_all() {
    let server = tower::service_fn(|request: http::Request<kube::client::Body>| {
        let of = |kinds: &[&str]| {
            let resource = |kind: &&str| json!({"name": format!("{}s", kind.to_lowercase()), "kind": kind, "namespaced": true, "verbs": ["list"]});
            json!({"resources": kinds.iter().map(resource).collect::<Vec<_>>()})
        };
        let version =
            |name: &str| json!({"groupVersion": format!("monitoring.example.com/{name}"), "version": name});
        let body = match request.uri().path() {
            "/api/v1" => of(&["Pod"]),
            "/apis" => {
                json!({"groups": [{"name": "monitoring.example.com", "preferredVersion": version("v1"),
                                          "versions": [version("v1beta1"), version("v1"), version("v1alpha1")]}]})
            }
            "/apis/monitoring.example.com/v1" => of(&["Monitor"]),
            "/apis/monitoring.example.com/v1beta1" => of(&["Monitor", "Route"]),
            "/apis/monitoring.example.com/v1alpha1" => of(&["Route", "Scrape"]),
            other => panic!("{other}"),
        };
        let answer = http::Response::new(kube::client::Body::from(body.to_string().into_bytes()));
        async move { Ok::<_, std::convert::Infallible>(answer) }
    });
    let cluster = Cluster::from_client(kube::Client::new(server, "default"));
    let all = cluster.all_resources().await.unwrap();
    let told: Vec<String> = all.iter().map(|r| format!("{} {}", r.version, r.kind)).collect();
    assert_eq!(told, ["v1 Pod", "v1 Monitor", "v1beta1 Route", "v1alpha1 Scrape"]);
    assert_eq!(cluster.resources_of(|group| !group.is_empty()).await.unwrap(), all[1..]);
    assert_eq!(cluster.resources_of(|group| group.is_empty()).await.unwrap(), all[..1]);
}
