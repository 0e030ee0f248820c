//! The page in a real browser.

use mainstay_dashboard::{Metrics, serve};
use mainstay_harness::{Requirement, skip};
use mainstay_status::{Problem, UnitView, View};
use mainstay_unit::{HealthStatus, UnitId};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const BROWSER: &str = "/usr/bin/chromium";

fn unit(name: &str, phase: &str, health: HealthStatus, message: &str) -> UnitView {
    UnitView {
        id: UnitId::new("module", "shop", name, "eu-1"),
        role: "Module".into(),
        tenant: "shop".into(),
        cluster: "eu-1".into(),
        wave: 0,
        phase: phase.into(),
        health,
        message: message.into(),
        revision: "4f2a9c01".into(),
        objects: 3,
        depends_on: vec![],
        simulated: true,
        suspended: false,
        held: None,
    }
}

fn view() -> View {
    let failing = "Deployment.apps shop/db: 0 of 1 replicas are ready after 300 s";
    let mut web = unit("web", "Waiting", HealthStatus::Missing, "waits on module/shop/db@eu-1: Failed");
    web.depends_on = vec![UnitId::new("module", "shop", "db", "eu-1")];
    let mut old = unit("old", "Held", HealthStatus::Healthy, "removing it would delete Namespace old");
    old.held = Some("8c1d22e0".into());
    View {
        revision: "4f2a9c01d7a3c1ee0b1f6a1f2f3c4d5e6f708192".into(),
        repository: "https://git.example/platform.git".into(),
        observing: true,
        ready: true,
        units: vec![
            unit("cache", "Ready", HealthStatus::Healthy, "3 objects are healthy"),
            unit("db", "Failed", HealthStatus::Degraded, failing),
            web,
            old,
        ],
        problems: vec![Problem {
            severity: "error".into(),
            code: "MS0102".into(),
            message: "unknown field `sorce` in Module".into(),
            location: Some("tenants/shop/search.yaml:4:3".into()),
            hint: Some("did you mean `source`?".into()),
        }],
        read_failure: None,
    }
}

/// With `MAINSTAY_SCREENSHOTS` naming a folder, the pictures stay there for a person to look at.
#[tokio::test]
async fn a_browser_shows_the_units_with_the_style_and_no_error() {
    let name = "a_browser_shows_the_units_with_the_style_and_no_error";
    if !Path::new(BROWSER).exists() {
        skip(Requirement::Browser, name, "there is no /usr/bin/chromium");
        return;
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_sender, receiver) = watch::channel(Arc::new(view()));
    let server = tokio::spawn(serve(listener, receiver, Metrics::new("test"), std::future::pending()));

    let page = browse(&["--dump-dom"], &format!("http://{address}/")).await;
    assert!(page.contains("module/shop/web@eu-1") && page.contains("mainstay approve 8c1d22e0"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("MAINSTAY_SCREENSHOTS");
    let folder = kept.as_deref().map_or(folder.path(), Path::new);
    for (picture, size, more) in [
        ("wide.png", "1280,1000", "--blink-settings=preferredColorScheme=1"),
        ("dark.png", "1280,1000", "--blink-settings=preferredColorScheme=0"),
        ("phone.png", "500,1900", "--blink-settings=preferredColorScheme=1"),
    ] {
        let path = folder.join(picture);
        let shot = format!("--screenshot={}", path.display());
        browse(&[&shot, &format!("--window-size={size}"), more], &format!("http://{address}/")).await;
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.len() > 10_000, "{picture} is all but empty: {} bytes", bytes.len());
    }
    server.abort();
}

async fn browse(flags: &[&str], url: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let run = tokio::process::Command::new(BROWSER)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(flags)
        .arg(url)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(60), run).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
