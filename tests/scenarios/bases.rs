//! A base of another repository in a unit's kustomization: refused, allowed by the Platform, fetched once, kept.

use crate::process::mainstay;
use mainstay_git::{Author, init};
use mainstay_harness::Output;
use mainstay_unit::tree::TreePath;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

pub fn backend() -> bool {
    let found = Command::new("git").args(["http-backend"]).stdin(Stdio::null()).output();
    let there = found.is_ok_and(|out| !String::from_utf8_lossy(&out.stderr).contains("is not a git command"));
    if !there {
        eprintln!("SKIPPED: `git http-backend` is not installed, so nothing was fetched over HTTP");
    }
    there
}

type Requests = Arc<Mutex<Vec<String>>>;

/// `git http-backend` for anybody: the URL in front of its repositories, and what it was asked, with any credentials.
pub fn serve(root: &Path) -> (String, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (root, requests) = (root.to_owned(), Requests::default());
    let noted = requests.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, &root, &noted).expect("an answer");
        }
    });
    (format!("http://127.0.0.1:{port}"), requests)
}

fn answer(stream: TcpStream, root: &Path, requests: &Requests) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let (method, target) = line.split_once(' ').expect("a request");
    let target = target.split(' ').next().unwrap_or_default();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let credentials = headers.get("authorization").map(String::as_str).unwrap_or_default();
    requests.lock().expect("nobody panicked").push(format!("{method} {target} {credentials}"));
    let length = headers.get("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", method)
        .env("CONTENT_TYPE", headers.get("content-type").map_or("", String::as_str))
        .env("CONTENT_LENGTH", length.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    backend.stdin.take().expect("a pipe").write_all(&body)?;
    let output = backend.wait_with_output()?.stdout;
    let split = output.windows(4).position(|w| w == b"\r\n\r\n").expect("headers");
    let head = String::from_utf8_lossy(&output[..split]).into_owned();
    let status = head.lines().find_map(|l| l.strip_prefix("Status: ")).unwrap_or("200 OK");
    let length = output.len() - split - 4;
    let out = reader.get_mut();
    write!(out, "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    out.write_all(&output[split + 4..])?;
    out.flush()
}

fn repository(at: &Path, files: &[(&str, String)]) -> String {
    let author = Author { name: "Test".into(), email: "test@example.com".into(), time: 0 };
    let files =
        files.iter().map(|(path, text)| (TreePath::parse(path).expect("a path"), text.clone().into_bytes()));
    init(at, &files.collect::<Vec<_>>(), "First", &author).expect("a repository")
}

fn platform(allowed: &str) -> String {
    format!(
        "apiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {{name: p}}\nspec: {{kustomize: {{remoteBases: [{allowed}]}}}}\n"
    )
}

const MODULE: &str =
    "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {name: m}\nspec: {source: {path: m}}\n";

#[test]
fn a_base_of_another_repository_is_fetched_once_where_the_platform_allows_it() {
    if !backend() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let served = folder.path().join("served");
    let base = [
        ("deploy/kustomization.yaml", "resources: [map.yaml]\n".to_owned()),
        (
            "deploy/map.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map, namespace: x}\n".to_owned(),
        ),
    ];
    let commit = repository(&served.join("acme/base"), &base);
    let (url, requests) = serve(&served);
    let asked = || requests.lock().expect("nobody panicked").len();
    let kustomization = |commit: &str| format!("resources: ['{url}/acme/base//deploy?ref={commit}']\n");

    let platform_repository = folder.path().join("platform");
    let files = [
        ("platform.yaml", platform(&format!("{url}/acme-evil/"))),
        ("m.yaml", MODULE.to_owned()),
        ("m/kustomization.yaml", kustomization(&commit)),
    ];
    repository(&platform_repository, &files);
    let state = folder.path().join("state").display().to_string();
    let here = platform_repository.display().to_string();
    let validate = |options: &[&str]| -> Output {
        let all: Vec<&str> = ["validate", "--state-dir", &state].iter().chain(options).copied().collect();
        mainstay(&[&all[..], &[&here]].concat(), folder.path(), &[])
    };
    let write = |path: &str, text: &str| {
        std::fs::write(platform_repository.join(path), text).expect("written");
    };

    let refused = validate(&[]);
    assert_eq!((refused.status.code(), asked()), (Some(1), 0));
    assert!(refused.stdout.contains("m/kustomization.yaml:1:13"), "{}", refused.stdout);
    assert!(
        refused.stdout.contains(&format!("add {url}/acme/base to spec.kustomize.remoteBases")),
        "{}",
        refused.stdout
    );

    write("platform.yaml", &platform(&format!("{url}/acme/")));
    let offline = validate(&["--offline"]);
    assert!(offline.stdout.contains("0 rendered, 1 planned but not rendered"), "{}", offline.stdout);
    assert_eq!(asked(), 0);
    let allowed = validate(&[]);
    assert!(allowed.stdout.contains("1 rendered, 0 planned but not rendered"), "{}", allowed.stdout);
    let first = asked();
    assert!(first > 0);
    let seen = requests.lock().expect("nobody panicked").join("\n");
    assert!(seen.lines().all(|line| line.ends_with(' ')), "no credentials: {seen}");

    // What a commit holds never changes, so nobody is asked again.
    let again = validate(&[]);
    assert!(again.stdout.contains("1 rendered") && asked() == first, "{}", again.stdout);

    write("m/kustomization.yaml", &kustomization(&"0".repeat(40)));
    let absent = validate(&[]);
    assert!(absent.stdout.contains("0 rendered, 1 planned but not rendered"), "{}", absent.stdout);
    write("m/kustomization.yaml", &kustomization("main"));
    let moving = validate(&[]);
    assert!(moving.stdout.contains("?ref= and its 40 hexadecimal digits"), "{}", moving.stdout);
}
