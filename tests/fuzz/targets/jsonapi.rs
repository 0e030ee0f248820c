//! Any request for any fleet: an answer and never a failure, JSON that parses, a page without a foreign element.
#![no_main]

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response, header};
use libfuzzer_sys::fuzz_target;
use mainstay_dashboard::{Metrics, router};
use mainstay_fuzz::{Told, check_page, told};
use mainstay_status::{Problem, UnitView, View};
use mainstay_unit::{HealthStatus, UnitId};
use serde_json::Value;
use std::net::Ipv4Addr;
use std::sync::{Arc, LazyLock};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tower::ServiceExt;

/// The guard counts time, so that the runtime has to have some.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));

fuzz_target!(|bytes: &[u8]| {
    let told = told(bytes);
    let Some(request) = request(&told) else { return };
    let (path, is_head) = (request.uri().path().to_owned(), request.method() == Method::HEAD);
    let view = view(&told.words);
    let is_ready = view.ready;
    let (_sender, view) = watch::channel(Arc::new(view));
    let router = router(view, Metrics::new("1.2.3"), Ipv4Addr::LOCALHOST.into());
    RUNTIME.block_on(async {
        let response = match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let is_probe = path == "/readyz" && !is_ready;
        assert!(!response.status().is_server_error() || is_probe, "{} for {path}", response.status());
        check(response, &path, is_head).await;
    });
});

async fn check(response: Response<Body>, path: &str, is_head: bool) {
    let (parts, body) = response.into_parts();
    let kind =
        parts.headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().expect("a media type").to_owned());
    assert!(parts.headers.contains_key(header::CONTENT_SECURITY_POLICY), "no policy for {path}");
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    if is_head {
        assert!(body.is_empty(), "a body for HEAD {path}");
        return;
    }
    let text = std::str::from_utf8(&body).expect("text");
    match kind.as_deref() {
        Some("application/json") => {
            let value: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(value.get("error").is_some(), !parts.status.is_success(), "{} {value}", parts.status);
        }
        Some("text/html; charset=utf-8") => check_page(text),
        Some(kind) if kind.starts_with("application/openmetrics-text") => assert!(text.ends_with("# EOF\n")),
        Some("text/css; charset=utf-8" | "text/plain; charset=utf-8") => {}
        other => panic!("{other:?} for {path}"),
    }
}

/// Nothing where the bytes are no request at all. A request that names no host names ours.
fn request(told: &Told) -> Option<Request<Body>> {
    let mut request = Request::builder().method(told.method.as_str()).uri(&told.target);
    for (name, value) in &told.headers {
        request = request.header(name.as_str(), value.as_slice());
    }
    if !told.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request = request.header(header::HOST, "localhost:9090");
    }
    request.body(Body::empty()).ok()
}

/// A fleet of the given words, each a text from a repository or a cluster.
fn view(words: &[String]) -> View {
    let word = |at: usize| words.get(at).cloned().unwrap_or_default();
    let some = |at: usize| words.get(at).filter(|word| !word.is_empty()).cloned();
    let parts: Vec<&[String]> = words.get(4..).unwrap_or_default().chunks(7).collect();
    View {
        revision: word(0),
        repository: word(1),
        observing: word(2).contains('o'),
        ready: !word(2).contains('r'),
        units: parts.iter().map(|words| unit(words)).collect(),
        problems: parts.iter().map(|words| problem(words)).collect(),
        read_failure: some(3),
    }
}

fn unit(words: &[String]) -> UnitView {
    let word = |at: usize| words.get(at).cloned().unwrap_or_default();
    let (tenant, name, cluster) = (word(0), word(1), word(2));
    let flags = word(6);
    UnitView {
        id: UnitId::new("module", &tenant, &name, &cluster),
        role: "Module".into(),
        wave: flags.len(),
        phase: word(3),
        health: health(&flags),
        message: word(4),
        revision: word(5),
        objects: flags.len(),
        depends_on: vec![UnitId::new("module", &tenant, word(5), &cluster)],
        simulated: flags.contains('s'),
        suspended: flags.contains('p'),
        held: flags.contains('h').then(|| word(5)),
        tenant,
        cluster,
    }
}

fn health(flags: &str) -> HealthStatus {
    match flags.bytes().next() {
        None | Some(b'0') => HealthStatus::Healthy,
        Some(b'1') => HealthStatus::Suspended,
        Some(b'2') => HealthStatus::Progressing,
        Some(b'3') => HealthStatus::Unknown,
        Some(b'4') => HealthStatus::Missing,
        Some(_) => HealthStatus::Degraded,
    }
}

fn problem(words: &[String]) -> Problem {
    let word = |at: usize| words.get(at).cloned().unwrap_or_default();
    Problem {
        severity: word(3),
        code: word(0),
        message: word(4),
        location: words.get(5).cloned(),
        hint: words.get(6).cloned(),
    }
}
