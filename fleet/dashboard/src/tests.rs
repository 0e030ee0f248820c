use crate::{Metrics, router, serve};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use mainstay_status::{Problem, UnitView, View};
use mainstay_unit::{HealthStatus, UnitId};
use serde_json::Value;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tower::ServiceExt;

fn unit(
    tenant: &str,
    name: &str,
    cluster: &str,
    phase: &str,
    health: HealthStatus,
    message: &str,
) -> UnitView {
    UnitView {
        id: UnitId::new("module", tenant, name, cluster),
        role: "Module".into(),
        tenant: tenant.into(),
        cluster: cluster.into(),
        wave: 0,
        phase: phase.into(),
        health,
        message: message.into(),
        revision: "4f2a".into(),
        objects: 3,
        depends_on: vec![],
        simulated: false,
        suspended: false,
        held: None,
    }
}

fn small() -> View {
    let mut web = unit("shop", "web", "eu-1", "Ready", HealthStatus::Healthy, "3 objects are healthy");
    web.simulated = true;
    web.wave = 1;
    web.depends_on = vec![UnitId::new("module", "shop", "db", "eu-1")];
    let mut old =
        unit("shop", "old", "", "Held", HealthStatus::Healthy, "removing it would delete Namespace old");
    old.held = Some("8c1d22e0".into());
    let mut job = unit("ops", "job", "", "Suspended", HealthStatus::Healthy, "suspended: nothing is applied");
    job.suspended = true;
    View {
        revision: "4f2a9c01".into(),
        repository: "https://git.example/platform.git".into(),
        observing: true,
        ready: true,
        units: vec![
            unit(
                "shop",
                "db",
                "eu-1",
                "Failed",
                HealthStatus::Degraded,
                "<script>alert(1)</script> & \"more\"",
            ),
            web,
            old,
            job,
        ],
        problems: vec![Problem {
            severity: "error".into(),
            code: "MS0102".into(),
            message: "unknown field `<img src=x>`".into(),
            location: Some("shop/db.yaml:4:3".into()),
            hint: Some("did you mean `source`?".into()),
        }],
        read_failure: None,
    }
}

fn request(path: &str) -> Request<Body> {
    Request::get(path).header(header::HOST, "localhost:9090").body(Body::empty()).unwrap()
}

async fn send(view: View, request: Request<Body>) -> Response {
    let (_sender, view) = watch::channel(Arc::new(view));
    router(view, Metrics::new("1.2.3"), Ipv4Addr::new(127, 0, 0, 5).into()).oneshot(request).await.unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn get(view: View, path: &str) -> (StatusCode, String) {
    let response = send(view, request(path)).await;
    (response.status(), text(response).await)
}

async fn json(view: View, path: &str) -> Value {
    let (status, body) = get(view, path).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn names(value: &Value) -> Vec<&str> {
    value["units"].as_array().unwrap().iter().map(|u| u["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_page_of_a_small_fleet_is_as_it_was_agreed() {
    let (status, page) = get(small(), "/").await;
    assert_eq!(status, StatusCode::OK);
    insta::assert_snapshot!("page", page);
}

#[tokio::test]
async fn the_page_of_an_empty_fleet_says_what_it_waits_for() {
    let (_, page) = get(View::default(), "/").await;
    assert!(page.contains("No unit is declared yet."), "{page}");
    assert!(page.contains("Not ready."), "{page}");
}

#[tokio::test]
async fn text_from_a_repository_is_text_on_the_page() {
    let mut view = small();
    view.repository = "https://x/\"><script>".into();
    view.revision = "'onload=1".into();
    view.read_failure = Some("</p><script>alert(2)</script>\u{202e}".into());
    view.units[0].tenant = "a&phase=x\"<b>".into();
    view.units[0].phase = "<i>".into();
    let (_, page) = get(view, "/").await;
    for bad in ["<script", "<img", "<b>a", "<i>", "'onload", "\"<b", "\u{202e}"] {
        assert!(!page.contains(bad), "{bad} in {page}");
    }
    assert!(page.contains("/?tenant=a%26phase%3Dx%22%3Cb%3E"), "{page}");
}

#[tokio::test]
async fn the_page_shows_at_most_five_hundred_units() {
    let mut view = View { ready: true, ..View::default() };
    view.units =
        (0..600).map(|i| unit("t", &format!("u{i:03}"), "", "Ready", HealthStatus::Healthy, "")).collect();
    let (_, page) = get(view, "/").await;
    assert_eq!(page.matches("module/t/u").count(), 500);
    assert!(page.contains("100 more"), "{page}");
}

#[tokio::test]
async fn a_process_that_lives_is_healthy_even_if_nothing_was_read() {
    assert_eq!(get(View::default(), "/healthz").await.0, StatusCode::OK);
}

#[tokio::test]
async fn ready_means_the_view_is_ready_and_is_renewed() {
    let (status, why) = get(View::default(), "/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(why.contains("first reading"), "{why}");

    let (sender, view) = watch::channel(Arc::new(small()));
    let app = router(view, Metrics::new("1"), Ipv4Addr::LOCALHOST.into());
    assert_eq!(app.clone().oneshot(request("/readyz")).await.unwrap().status(), StatusCode::OK);
    drop(sender);
    let late = app.oneshot(request("/readyz")).await.unwrap();
    assert_eq!(late.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn units_are_filtered_by_tenant_cluster_phase_and_health() {
    let cases = [
        ("", vec!["module/shop/db@eu-1", "module/shop/web@eu-1", "module/shop/old", "module/ops/job"]),
        ("?tenant=ops", vec!["module/ops/job"]),
        ("?cluster=eu-1&phase=ready", vec!["module/shop/web@eu-1"]),
        ("?cluster=", vec!["module/shop/old", "module/ops/job"]),
        ("?health=Degraded", vec!["module/shop/db@eu-1"]),
        ("?tenant=nobody", vec![]),
    ];
    for (query, expected) in cases {
        let answer = json(small(), &format!("/api/v1/units{query}")).await;
        assert_eq!(names(&answer), expected, "{query}");
    }
}

#[tokio::test]
async fn a_filter_that_does_not_exist_is_an_error_not_everything() {
    let (status, body) = get(small(), "/api/v1/units?tennant=ops").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("\"error\"") && body.contains("tennant"), "{body}");
}

#[tokio::test]
async fn a_unit_is_found_by_the_name_that_it_has_everywhere() {
    assert_eq!(json(small(), "/api/v1/units/module/shop/web@eu-1").await["phase"], "Ready");
    assert_eq!(json(small(), "/api/v1/units/module/shop/web%40eu-1").await["phase"], "Ready");
    let (status, body) = get(small(), "/api/v1/units/module/shop/web").await;
    assert_eq!((status, body.contains("there is no unit")), (StatusCode::NOT_FOUND, true), "{body}");
}

#[tokio::test]
async fn counts_come_by_tenant_and_by_cluster() {
    assert_eq!(json(small(), "/api/v1/tenants").await["tenants"]["shop"]["units"], 3);
    assert_eq!(json(small(), "/api/v1/clusters").await["clusters"]["eu-1"]["failed"], 1);
    assert_eq!(json(small(), "/api/v1/problems").await["problems"][0]["code"], "MS0102");
    assert_eq!(json(small(), "/api/v1/view").await["observing"], true);
}

#[tokio::test]
async fn a_path_that_does_not_exist_is_a_json_error() {
    let (status, body) = get(small(), "/api/v2/units").await;
    assert_eq!((status, body.starts_with("{\"error\"")), (StatusCode::NOT_FOUND, true), "{body}");
}

#[tokio::test]
async fn a_host_that_is_not_this_machine_is_refused_everywhere() {
    let ours = ["localhost", "LOCALHOST:1", "127.0.0.1:9090", "[::1]:9090", "[::1]", "127.0.0.5:80"];
    let foreign = [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.6",
        "localhost:x",
        "[::1",
        "[::1]x",
        "",
        "localhost:1:2",
        "10.0.0.1",
        "user@localhost",
        "127.1",
    ];
    for path in ["/", "/healthz", "/metrics", "/nothing"] {
        for (hosts, allowed) in [(&ours[..], true), (&foreign[..], false)] {
            for host in hosts {
                let request = Request::get(path).header(header::HOST, *host).body(Body::empty()).unwrap();
                let status = send(small(), request).await.status();
                assert_eq!(status != StatusCode::FORBIDDEN, allowed, "{path} {host}: {status}");
            }
        }
    }
    let without = Request::get("/").body(Body::empty()).unwrap();
    assert_eq!(send(small(), without).await.status(), StatusCode::FORBIDDEN);
    let two = Request::get("/").header(header::HOST, "localhost").header(header::HOST, "evil.example");
    assert_eq!(send(small(), two.body(Body::empty()).unwrap()).await.status(), StatusCode::FORBIDDEN);
    let absolute = Request::get("http://evil.example/").header(header::HOST, "localhost");
    assert_eq!(send(small(), absolute.body(Body::empty()).unwrap()).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn only_get_and_head_are_answered() {
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"] {
        let request = Request::builder()
            .method(method)
            .uri("/api/v1/units")
            .header(header::HOST, "localhost")
            .body(Body::empty())
            .unwrap();
        let response = send(small(), request).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(response.headers()[header::ALLOW], "GET, HEAD");
        assert!(text(response).await.starts_with("{\"error\""));
    }
    let head = Request::head("/").header(header::HOST, "localhost").body(Body::empty()).unwrap();
    let response = send(small(), head).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(text(response).await, "");
}

#[tokio::test]
async fn requests_with_a_body_or_a_very_long_path_are_refused() {
    let body = Request::get("/")
        .header(header::HOST, "localhost")
        .header(header::CONTENT_LENGTH, "1")
        .body(Body::from("x"))
        .unwrap();
    assert_eq!(send(small(), body).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let fits = format!("/?tenant={}", "x".repeat(crate::guard::MAX_URI - "/?tenant=".len()));
    assert_eq!(get(small(), &fits).await.0, StatusCode::OK);
    assert_eq!(get(small(), &format!("{fits}x")).await.0, StatusCode::URI_TOO_LONG);
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_a_browser_safe() {
    for path in ["/", "/style.css", "/metrics", "/api/v1/view", "/nothing"] {
        let response = send(small(), request(path)).await;
        let headers = response.headers();
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{path}: {policy}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY", "{path}");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{path}");
    }
}

#[tokio::test]
async fn metrics_are_open_metrics_in_a_stable_order() {
    let metrics = Metrics::new("1.2.3");
    metrics.action("look");
    metrics.action("apply");
    metrics.action("apply");
    metrics.request("apply", "conflict");
    metrics.read(Duration::from_millis(20), false);
    metrics.gate_to_first_request(Duration::from_millis(3));
    metrics.applied(Duration::from_millis(70));
    let (_sender, view) = watch::channel(Arc::new(small()));
    let app = router(view, metrics, Ipv4Addr::LOCALHOST.into());
    let response = app.clone().oneshot(request("/metrics")).await.unwrap();
    let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let body = text(response).await;
    let again = text(app.oneshot(request("/metrics")).await.unwrap()).await;
    assert_eq!(body, again);
    for line in [
        "mainstay_units{phase=\"Failed\",health=\"Degraded\"} 1",
        "mainstay_units_ready 1",
        "mainstay_units_held 1",
        "mainstay_objects 12",
        "mainstay_read_failing 0",
        "mainstay_observing 1",
        "mainstay_problems{severity=\"error\"} 1",
        "mainstay_revision_info{revision=\"4f2a9c01\"} 1",
        "mainstay_build_info{version=\"1.2.3\"} 1",
        "mainstay_actions_total{kind=\"apply\"} 2",
        "mainstay_actions_total{kind=\"look\"} 1",
        "mainstay_requests_total{verb=\"apply\",outcome=\"conflict\"} 1",
        "mainstay_readings_total{outcome=\"failed\"} 1",
        "mainstay_gate_to_first_request_seconds_bucket{le=\"0.005\"} 1",
        "mainstay_apply_duration_seconds_count 1",
    ] {
        assert!(body.lines().any(|l| l == line), "{line} is not in\n{body}");
    }
    assert!(body.contains("\nmainstay_process_start_time_seconds "), "{body}");
    assert!(body.ends_with("# EOF\n"), "{body}");
}

#[tokio::test]
async fn a_revision_cannot_break_out_of_its_label() {
    let mut view = small();
    view.revision = "a\"\nmainstay_units_ready 9".into();
    let (_, body) = get(view, "/metrics").await;
    assert!(!body.lines().any(|l| l.starts_with("mainstay_units_ready 9")), "{body}");
}

#[tokio::test]
async fn it_serves_until_it_is_told_to_stop() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_sender, view) = watch::channel(Arc::new(small()));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, view, Metrics::new("1"), async {
        let _ = stopped.await;
    }));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    // The connection stays open, and does not keep the server from ending.
    drop(stop);
    tokio::time::timeout(Duration::from_secs(10), server).await.unwrap().unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_listener_that_is_open_to_a_network_is_refused() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let (_sender, view) = watch::channel(Arc::new(View::default()));
    let refused = serve(listener, view, Metrics::new("1"), std::future::pending()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
}
