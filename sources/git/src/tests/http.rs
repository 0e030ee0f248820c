use super::support::{Place, author, fetched, never, packs, path};
use crate::{Auth, GitError, Limits, Mirror, Moved, Reference, Remote, commit, push};
use base64::Engine;
use git2::Repository;
use mainstay_unit::tree::Tree;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

/// `git http-backend` behind a small server that wants one of two `Authorization` headers.
struct Server {
    url: String,
    /// The CA's certificate, if it speaks TLS.
    ca: Option<Vec<u8>>,
}

fn backend() -> bool {
    let found = Command::new("git").args(["http-backend"]).stdin(Stdio::null()).output();
    let there = found.is_ok_and(|out| !String::from_utf8_lossy(&out.stderr).contains("is not a git command"));
    if !there {
        eprintln!("SKIPPED: `git http-backend` is not installed, so nothing was tested over HTTP");
    }
    there
}

impl Server {
    fn start(root: &Path, tls: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (config, ca) = if tls { certificates() } else { (None, None) };
        let root = root.to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (root, config) = (root.clone(), config.clone());
                std::thread::spawn(move || match config {
                    None => serve(stream, &root),
                    Some(config) => {
                        let connection = rustls::ServerConnection::new(config).unwrap();
                        serve(rustls::StreamOwned::new(connection, stream), &root)
                    }
                });
            }
        });
        let scheme = if tls { "https" } else { "http" };
        Self { url: format!("{scheme}://127.0.0.1:{port}/origin.git"), ca }
    }

    fn remote(&self, auth: Auth) -> Remote {
        Remote { auth, ca: self.ca.clone(), ..Remote::new(&self.url, Reference::Branch("main".into())) }
    }
}

fn certificates() -> (Option<Arc<rustls::ServerConfig>>, Option<Vec<u8>>) {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let ca = params.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::from_params(&params, &ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    (Some(Arc::new(config)), Some(ca.pem().into_bytes()))
}

/// One request per connection. A client that hangs up is its own business.
fn serve(stream: impl Read + Write, root: &Path) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let mut headers = std::collections::BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    if headers.contains_key("expect") {
        reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
    }
    let body = body(&mut reader, &headers);
    let basic = |text: &str| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text));
    let allowed = [basic("ada:s3cret"), basic("x-access-token:t0ken"), "Bearer b3arer".to_owned()];
    let out = reader.get_mut();
    if !headers.get("authorization").is_some_and(|a| allowed.contains(a)) {
        let head = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n";
        write!(out, "{head}Content-Length: 0\r\nConnection: close\r\n\r\n").ok();
        return;
    }
    let (info, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", info)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", method)
        .env("REMOTE_USER", "ada")
        .env("CONTENT_TYPE", headers.get("content-type").map_or("", |s| s.as_str()))
        .env("CONTENT_LENGTH", body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || input.write_all(&body).ok());
    let output = child.wait_with_output().unwrap().stdout;
    feeder.join().unwrap();
    let split = output.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&output[..split]).into_owned();
    let status = head.lines().find_map(|l| l.strip_prefix("Status: ")).unwrap_or("200 OK");
    let length = output.len() - split - 4;
    write!(out, "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n").ok();
    out.write_all(&output[split + 4..]).ok();
    out.flush().ok();
}

fn body(reader: &mut impl BufRead, headers: &std::collections::BTreeMap<String, String>) -> Vec<u8> {
    let mut body = Vec::new();
    if headers.get("transfer-encoding").is_some_and(|v| v == "chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let length = usize::from_str_radix(line.trim(), 16).unwrap();
            let mut chunk = vec![0; length + 2];
            reader.read_exact(&mut chunk).unwrap();
            if length == 0 {
                return body;
            }
            body.extend_from_slice(&chunk[..length]);
        }
    }
    let length = headers.get("content-length").map_or(0, |v| v.parse().unwrap());
    body.resize(length, 0);
    reader.read_exact(&mut body).unwrap();
    body
}

fn basic() -> Auth {
    Auth::Basic { user: "ada".into(), password: "s3cret".into() }
}

fn open(place: &Place, remote: Remote) -> Mirror {
    Mirror::open(place.mirror_dir(), remote).unwrap()
}

#[test]
fn every_kind_of_credential_is_accepted_over_http() {
    if !backend() {
        return;
    }
    let place = Place::new();
    let commit = place.commit("main", "a", "1");
    let server = Server::start(place.dir.path(), false);
    for auth in [basic(), Auth::Token("t0ken".into()), Auth::Bearer("b3arer".into())] {
        std::fs::remove_dir_all(place.mirror_dir()).ok();
        let mut mirror = open(&place, server.remote(auth));
        assert_eq!(fetched(&mut mirror).commit, commit);
        assert_eq!(fetched(&mut mirror).moved, Moved::Unchanged);
    }
}

#[test]
fn wrong_credentials_are_the_users_fault_and_are_not_repeated_to_them() {
    if !backend() {
        return;
    }
    let place = Place::new();
    place.commit("main", "a", "1");
    let server = Server::start(place.dir.path(), false);
    let wrong = Auth::Basic { user: "ada".into(), password: "wr0ng".into() };
    for auth in [wrong, Auth::Token("wr0ng".into()), Auth::Bearer("wr0ng".into()), Auth::None] {
        let remote = server.remote(auth);
        let error = open(&place, remote).fetch(&never).unwrap_err();
        assert!(matches!(error, GitError::Auth { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("wr0ng"));
    }
}

#[test]
fn a_repository_that_is_not_there_is_not_found() {
    if !backend() {
        return;
    }
    let place = Place::new();
    let server = Server::start(place.dir.path(), false);
    let mut remote = server.remote(basic());
    remote.url = remote.url.replace("origin", "nowhere");
    let error = open(&place, remote).fetch(&never).unwrap_err();
    assert!(matches!(error, GitError::NotFound { .. }), "{error:?}");
}

#[test]
fn a_certificate_is_trusted_if_the_given_ca_signed_it() {
    if !backend() {
        return;
    }
    let place = Place::new();
    let commit = place.commit("main", "a", "1");
    let server = Server::start(place.dir.path(), true);
    assert_eq!(fetched(&mut open(&place, server.remote(basic()))).commit, commit);

    for ca in [None, Server::start(place.dir.path(), true).ca] {
        let remote = Remote { ca, ..server.remote(basic()) };
        let error = open(&place, remote).fetch(&never).unwrap_err();
        assert!(matches!(error, GitError::Certificate { .. }), "{error:?}");
    }
    let remote = Remote { ca: Some(b"not pem".to_vec()), ..server.remote(basic()) };
    assert!(matches!(open(&place, remote).fetch(&never), Err(GitError::Invalid { .. })));
    let mut remote = server.remote(basic());
    remote.url = remote.url.replace("127.0.0.1", "localhost");
    let error = open(&place, remote).fetch(&never).unwrap_err();
    assert!(matches!(error, GitError::Certificate { .. }), "the name differs: {error:?}");
}

#[test]
fn a_fetch_brings_only_what_is_new_and_depth_cuts_history() {
    if !backend() {
        return;
    }
    let place = Place::new();
    let first = place.commit("main", "a", "1");
    for n in 2..6 {
        place.commit("main", "a", &n.to_string());
    }
    let server = Server::start(place.dir.path(), false);
    let remote = Remote { depth: Some(1), ..server.remote(basic()) };
    let mut mirror = open(&place, remote);
    assert_eq!(fetched(&mut mirror).moved, Moved::First);
    assert!(matches!(mirror.commit_info(&first), Err(GitError::NotFound { .. })));
    let last = place.commit("main", "b", "7");
    let head = fetched(&mut mirror);
    assert_eq!((head.commit, head.moved), (last.clone(), Moved::Forward));
    assert_eq!(&*mirror.tree(&last).unwrap().read(&path("a")).unwrap(), b"5");
    assert_eq!(fetched(&mut mirror).moved, Moved::Unchanged);
    drop(mirror);

    std::fs::remove_dir_all(place.mirror_dir()).unwrap();
    let mut mirror = open(&place, server.remote(basic()));
    fetched(&mut mirror);
    place.commit("main", "c", "8");
    fetched(&mut mirror);
    let sizes: Vec<_> = packs(mirror.path()).iter().map(|p| objects(p)).collect();
    assert!(sizes.contains(&3), "one commit, one folder, one file: {sizes:?}");
}

/// How many objects a pack's header announces.
fn objects(pack: &Path) -> u32 {
    let bytes = std::fs::read(pack).unwrap();
    u32::from_be_bytes(bytes[8..12].try_into().unwrap())
}

#[test]
fn a_commit_that_is_no_tip_is_found_with_its_history() {
    if !backend() {
        return;
    }
    let place = Place::new();
    let first = place.commit("main", "a", "1");
    place.commit("main", "a", "2");
    let server = Server::start(place.dir.path(), false);
    let remote = Remote { reference: Reference::Commit(first.clone()), ..server.remote(basic()) };
    assert_eq!(fetched(&mut open(&place, remote)).commit, first);
}

#[test]
fn more_bytes_than_allowed_end_the_fetch() {
    if !backend() {
        return;
    }
    let place = Place::new();
    // Not compressible.
    let mut state = 1_u64;
    let noise: String = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b' ' + (state >> 33) as u8 % 90)
    })
    .take(2_000_000)
    .collect();
    place.commit("main", "a", &noise);
    let server = Server::start(place.dir.path(), false);
    let limits = Limits { max_received: 100_000, ..Limits::default() };
    let mut mirror = Mirror::with_limits(place.mirror_dir(), server.remote(basic()), limits).unwrap();
    let error = mirror.fetch(&never).unwrap_err();
    assert!(matches!(error, GitError::TooLarge { limit: 100_000, .. }), "{error:?}");
    assert_eq!(mirror.head(), None);
}

#[test]
fn a_server_that_says_nothing_is_given_up_in_time() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/a.git", listener.local_addr().unwrap());
    let started = Instant::now();
    let mut mirror = open(&place, Remote::new(url, Reference::Branch("main".into())));
    let expired = || started.elapsed().as_millis() > 200;
    let error = mirror.fetch(&expired).unwrap_err();
    assert!(matches!(error, GitError::Timeout { .. }), "{error:?}");
    assert!(started.elapsed().as_secs() < 5);
}

#[test]
fn a_closed_port_is_unreachable() {
    let place = Place::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://user:s3cret@127.0.0.1:{port}/a.git");
    let error = open(&place, Remote::new(url, Reference::Branch("main".into()))).fetch(&never).unwrap_err();
    assert!(matches!(error, GitError::Unreachable { .. }), "{error:?}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[test]
fn a_commit_is_pushed_over_http() {
    if !backend() {
        return;
    }
    let place = Place::new();
    place.commit("main", "a", "1");
    let server = Server::start(place.dir.path(), false);
    let clone = place.dir.path().join("clone");
    Repository::clone(place.origin.to_str().unwrap(), &clone).unwrap();
    let changes = [(path("b"), Some(b"2".to_vec()))];
    let mine = commit(&clone, "main", &changes, "mine", &author()).unwrap();
    let refspec = "refs/heads/main:refs/heads/main";
    push(&clone, &server.remote(Auth::Token("t0ken".into())), refspec, &never).unwrap();
    assert_eq!(place.repository().refname_to_id("refs/heads/main").unwrap().to_string(), mine);

    place.commit("main", "c", "theirs");
    commit(&clone, "main", &[(path("b"), Some(b"3".to_vec()))], "mine", &author()).unwrap();
    let error = push(&clone, &server.remote(basic()), refspec, &never).unwrap_err();
    assert!(matches!(error, GitError::Rejected { .. }), "{error:?}");
}

/// Answers every request with a redirect, or with nothing useful; tells what it was asked.
fn ask(redirect_to: Option<String>) -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let mut request = String::new();
            while !request.ends_with("\r\n\r\n") && reader.read_line(&mut request).unwrap_or(0) > 0 {}
            // Told before it is answered, so that nobody who has the answer finds it untold.
            sender.send(request).ok();
            let head = match &redirect_to {
                Some(to) => format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\n"),
                None => "HTTP/1.1 500 No\r\n".to_owned(),
            };
            write!(reader.get_mut(), "{head}Content-Length: 0\r\nConnection: close\r\n\r\n").ok();
        }
    });
    (port, receiver)
}

#[test]
fn credentials_never_follow_a_redirect_to_another_host() {
    let place = Place::new();
    for (auth, followed) in [(Auth::None, true), (basic(), false), (Auth::Bearer("b3arer".into()), false)] {
        let (other, asked) = ask(None);
        let target = format!("http://localhost:{other}/a.git/info/refs?service=git-upload-pack");
        let (port, first) = ask(Some(target));
        let url = format!("http://127.0.0.1:{port}/a.git");
        let remote = Remote { auth, ..Remote::new(url, Reference::Branch("main".into())) };
        assert!(open(&place, remote).fetch(&never).is_err());
        assert!(first.try_recv().is_ok(), "the first server was asked");
        assert_eq!(asked.try_recv().is_ok(), followed);
    }
}
