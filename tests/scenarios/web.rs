//! Files of the web that a kustomization names.

use crate::process::mainstay;
use mainstay_git::{Author, init};
use mainstay_harness::Output;
use mainstay_object::Digest;
use mainstay_unit::tree::TreePath;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

const MANIFEST: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: released, namespace: x}\n";
const MODULE: &str =
    "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {name: m}\nspec: {source: {path: m}}\n";

/// A server of one file, and the lines that it was asked with.
fn serve(content: Arc<Mutex<String>>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/v1/install.yaml", listener.local_addr().expect("an address"));
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let head: Vec<String> = BufReader::new(&stream)
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            seen.lock().expect("nobody panicked").extend(head);
            let body = content.lock().expect("nobody panicked").clone();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).expect("it was sent");
        }
    });
    (url, asked)
}

fn platform(url: &str, content: &str) -> String {
    let digest = Digest::of_bytes(content.as_bytes()).hex();
    format!(
        "apiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {{name: p}}\nspec: {{kustomize: {{remoteFiles: [{{url: '{url}', sha256: {digest}}}]}}}}\n"
    )
}

fn write(repository: &Path, path: &str, text: &str) {
    std::fs::write(repository.join(path), text).expect("written");
}

#[test]
fn a_file_of_the_web_is_used_where_it_has_the_digest_that_the_platform_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let content = Arc::new(Mutex::new(MANIFEST.to_owned()));
    let (url, asked) = serve(content.clone());
    let repository = folder.path().join("platform");
    let kustomization = format!("resources: ['{url}']\n");
    let files = [
        ("platform.yaml", platform(&url, "other")),
        ("m.yaml", MODULE.into()),
        ("m/kustomization.yaml", kustomization),
    ]
    .map(|(path, text)| (TreePath::parse(path).expect("a path"), text.into_bytes()));
    let author = Author { name: "Test".into(), email: "test@example.com".into(), time: 0 };
    init(&repository, &files, "First", &author).expect("a repository");
    let (state, here) = (folder.path().join("state").display().to_string(), repository.display().to_string());
    let run = |command: &str, options: &[&str]| -> Output {
        mainstay(&[&[command, "--state-dir", &state][..], options].concat(), folder.path(), &[])
    };
    let validate = |options: &[&str]| run("validate", &[options, &[&here]].concat());

    let tampered = validate(&[]);
    assert_eq!(tampered.status.code(), Some(1));
    assert!(tampered.stdout.contains("m/kustomization.yaml:1:13"), "{}", tampered.stdout);
    assert!(tampered.stdout.contains("has the digest"), "{}", tampered.stdout);
    let count =
        || asked.lock().expect("nobody panicked").iter().filter(|line| line.starts_with("GET ")).count();
    assert_eq!(count(), 1);

    write(&repository, "platform.yaml", &platform(&url, MANIFEST));
    assert!(validate(&["--offline"]).stdout.contains("it is not fetched offline"));
    assert_eq!(count(), 1);
    for _ in 0..2 {
        let good = validate(&[]);
        assert_eq!(good.status.code(), Some(0), "{}", good.stdout);
        assert!(good.stdout.contains("1 rendered, 0 planned"), "{}", good.stdout);
    }
    assert_eq!(count(), 2, "what was fetched is kept");
    *content.lock().expect("nobody panicked") = "changed".into();
    assert!(validate(&[]).stdout.contains("1 rendered"), "nor does it matter what is there now");

    let refused = "apiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {name: p}\n";
    write(&repository, "platform.yaml", refused);
    let refused = validate(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.contains("m/kustomization.yaml:1:13"), "{}", refused.stdout);
    assert!(
        refused.stdout.contains("spec.kustomize.remoteFiles") && refused.stdout.contains("sha256sum"),
        "{}",
        refused.stdout
    );
    assert!(
        asked
            .lock()
            .expect("nobody panicked")
            .iter()
            .all(|line| !line.to_lowercase().starts_with("authorization"))
    );
}
