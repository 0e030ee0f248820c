//! Files of the web: what has the digest that is asked for, and nothing else.
use super::server::{Reply, Server};
use super::{charts, digest, opened};
use crate::RegistryError;
use mainstay_unit::WebFile;
use std::time::Duration;

fn file(url: String, content: &[u8]) -> WebFile {
    WebFile { url, sha256: digest(content).trim_start_matches("sha256:").to_owned() }
}

#[test]
fn a_file_is_fetched_once_and_kept_through_an_outage() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/v1/install.yaml?x=1" => Reply::status(302).with("Location", "/assets/1"),
        "/assets/1" => Reply::ok("content"),
        _ => Reply::status(404),
    });
    let (charts, folder) = charts();
    let asked = file(format!("{}/v1/install.yaml?x=1", server.url), b"content");
    for _ in 0..3 {
        assert_eq!(&*charts.file(&asked).unwrap(), b"content");
    }
    assert_eq!(server.paths(), ["/v1/install.yaml?x=1", "/assets/1"]);
    assert!(server.seen().iter().all(|seen| seen.header("authorization").is_empty()));
    // Another process, and another place of the same content.
    let away = WebFile { url: "http://127.0.0.1:1/gone.yaml".into(), ..asked };
    assert_eq!(&*opened(&folder, Duration::ZERO).file(&away).unwrap(), b"content");
}

#[test]
fn another_content_is_refused_and_nothing_of_it_is_kept() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/large.yaml" => Reply::ok("x").with("Content-Length", "999999999"),
        "/down.yaml" => Reply::status(503),
        "/plain.yaml" => Reply::status(302).with("Location", "file:///etc/passwd"),
        _ => Reply::ok("tampered with"),
    });
    let (charts, folder) = charts();
    let refused = |path: &str| charts.file(&file(format!("{}{path}", server.url), b"content")).unwrap_err();
    for _ in 0..2 {
        assert!(matches!(refused("/a.yaml"), RegistryError::Digest { .. }));
    }
    assert!(matches!(refused("/down.yaml"), RegistryError::Status { status: 503, .. }));
    assert!(matches!(refused("/plain.yaml"), RegistryError::Redirect { .. }));
    assert!(std::fs::read_dir(folder.path().join("charts/archives")).unwrap().next().is_none());
    let odd = WebFile { url: format!("{}/a.yaml", server.url), sha256: "abc".into() };
    assert!(matches!(charts.file(&odd), Err(RegistryError::Unsupported(_))));
    // What failed is not asked for again at once.
    let patient = opened(&folder, Duration::from_secs(60));
    let before = server.paths().len();
    for _ in 0..3 {
        assert!(patient.file(&file(format!("{}/down.yaml", server.url), b"content")).is_err());
    }
    assert_eq!(server.paths().len(), before + 1);
}
