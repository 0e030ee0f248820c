//! What is kept, for whom, and what it is good for while a registry is down.
use super::registry::{Content, Double};
use super::server::{Reply, Server, told};
use super::{charts, get, get_as_user, http, index, oci, opened, range, secret, tgz};
use crate::{Charts, Options};
use mainstay_unit::ChartCredentials;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// A repository that answers with a status, once it is no longer 200.
fn failing() -> (Server, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(200));
    let now = status.clone();
    let server = Server::start(move |seen| match (now.load(Ordering::SeqCst), seen.path.as_str()) {
        (200, "/index.yaml") => Reply::ok(index("web", &["1.0.0"])),
        (200, _) => Reply::ok(tgz("web", "1.0.0")),
        (status, _) => Reply::status(status),
    });
    (server, status)
}

#[test]
fn while_a_registry_is_down_what_it_said_last_is_the_answer_and_says_so() {
    let (server, status) = failing();
    let (charts, folder) = charts();
    let request = http(&server.url, "web", "1.x");
    let before = get(&charts, &request).unwrap();
    for down in [500, 503, 429] {
        status.store(down, Ordering::SeqCst);
        let stale = get(&charts, &request).unwrap();
        assert_eq!((&stale.files, &stale.version), (&before.files, &before.version));
        let why = stale.stale.clone().unwrap();
        let told = format!("{}/index.yaml answers {down}; this is what the registry said at 20", server.url);
        assert!(why.starts_with(&told), "{why}");
    }
    // After a restart, too; but a range that was never answered is not.
    let again = opened(&folder, Duration::ZERO);
    assert!(get(&again, &request).unwrap().stale.is_some());
    let other = get(&again, &http(&server.url, "web", "^1")).unwrap_err();
    assert_eq!(other, format!("{}/index.yaml answers 429", server.url));
    // A refusal is no outage.
    for refused in [401, 403, 404] {
        status.store(refused, Ordering::SeqCst);
        get(&charts, &request).unwrap_err();
    }
    status.store(200, Ordering::SeqCst);
    assert_eq!(get(&charts, &request).unwrap().stale, None);
}

#[test]
fn a_host_that_is_gone_is_waited_for_once() {
    let double = Double::start(Content::new("charts/web", &[("1.0.0", tgz("web", "1.0.0"))]));
    let folder = tempfile::tempdir().unwrap();
    let request = oci(&double.url("charts"), "web", range("1.0.0"));
    get(&opened(&folder, Duration::ZERO), &request).unwrap();
    // Nobody listens there.
    let gone = http("http://127.0.0.1:9", "web", "");
    let charts = opened(&folder, Duration::from_secs(60));
    let first = get(&charts, &gone).unwrap_err();
    assert!(first.starts_with("http://127.0.0.1:9/index.yaml can't be reached"), "{first}");
    let slow = Server::start(|_| Reply { wait: Duration::from_secs(20), ..Reply::ok("") });
    let request = |chart| mainstay_unit::ChartRequest {
        timeout: Duration::from_millis(700),
        ..http(&slow.url, chart, "")
    };
    let start = Instant::now();
    for chart in ["a", "b", "c", "d", "e", "f"] {
        assert_eq!(
            get(&charts, &request(chart)).unwrap_err(),
            format!("{}/index.yaml did not answer in time", slow.url)
        );
    }
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(slow.paths().len(), 1);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn nobody_else_can_read_what_is_kept_and_no_name_or_record_tells_a_secret() {
    let (server, _) = failing();
    let (charts, folder) = charts();
    get_as_user(&charts, &http(&server.url, "web", "")).unwrap();
    let kept = files(&folder.path().join("charts"));
    assert_eq!(kept.len(), 4, "{kept:?}");
    for path in &kept {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        let above = std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode();
        assert_eq!((mode & 0o777, above & 0o077), (0o600, 0), "{}", path.display());
        let text = format!("{}{}", path.display(), String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        assert!(!text.contains("hunter2") && !text.contains("dXNlcjpod"), "{text}");
    }
}

#[test]
fn what_one_fetched_with_credentials_another_does_not_get_without_them() {
    let (server, status) = failing();
    let (charts, _folder) = charts();
    let request = http(&server.url, "web", "");
    get_as_user(&charts, &request).unwrap();
    status.store(503, Ordering::SeqCst);
    assert!(get_as_user(&charts, &request).unwrap().stale.is_some());
    get(&charts, &request).unwrap_err();
    let others = secret(&[("username", "user"), ("password", "hunter3")]);
    let error = charts
        .chart(&request, ChartCredentials { secret: Some(&others), ..ChartCredentials::default() })
        .unwrap_err();
    assert_eq!(told(&error), format!("{}/index.yaml answers 503", server.url));
}

#[test]
fn an_archive_that_was_changed_on_disk_is_fetched_anew_and_a_broken_record_is_none() {
    let (server, _) = failing();
    let (charts, folder) = charts();
    let request = http(&server.url, "web", "");
    let first = get(&charts, &request).unwrap();
    let digest = first.digest.clone();
    drop(first);
    for path in files(folder.path()).iter().filter(|path| !path.ends_with("key")) {
        std::fs::write(path, b"{}").unwrap();
    }
    assert_eq!(get(&charts, &request).unwrap().digest, digest);
    assert_eq!(server.paths().iter().filter(|path| path.ends_with(".tgz")).count(), 2);
    let own = folder.path().join("charts");
    std::fs::write(own.join("key"), b"short").unwrap();
    assert!(Charts::open(&own, Options::default()).is_err());
}

#[test]
fn what_was_not_used_for_longest_makes_room() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/index.yaml" => Reply::ok(index("web", &["1.0.0", "2.0.0", "3.0.0"])),
        path => Reply::ok(tgz("web", path.trim_start_matches("/web-").trim_end_matches(".tgz"))),
    });
    let folder = tempfile::tempdir().unwrap();
    let two = 2 * tgz("web", "1.0.0").len() as u64 + 20;
    let options = Options { kept: two, fresh: Duration::ZERO, ..Options::default() };
    let charts = Charts::open(folder.path(), options).unwrap();
    let fetch = |version: &str| {
        get(&charts, &http(&server.url, "web", version)).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    };
    let fetched = || server.paths().iter().filter(|path| path.ends_with(".tgz")).count();
    for version in ["1.0.0", "2.0.0", "1.0.0", "3.0.0", "1.0.0"] {
        fetch(version);
    }
    // The second went, the first was used meanwhile.
    assert_eq!(fetched(), 3);
    fetch("2.0.0");
    assert_eq!(fetched(), 4);
    assert!(files(&folder.path().join("archives")).len() <= 2);
}
