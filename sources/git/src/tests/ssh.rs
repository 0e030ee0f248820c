use super::support::{Place, author, fetched, never, path};
use crate::{Auth, GitError, Mirror, Reference, Remote, commit, push};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// OpenSSH's server on a free port, for one key of the user who runs the test.
struct Server {
    child: Child,
    port: u16,
    dir: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn sshd() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|dir| dir.join("sshd"))
        .find(|path| path.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: sshd is not installed, so nothing was tested over SSH");
        return None;
    }
    // Started by root, it insists on the folder that its service makes at boot.
    if user() == "root" && !Path::new("/run/sshd").is_dir() {
        eprintln!("SKIPPED: root's sshd needs /run/sshd, so nothing was tested over SSH");
        return None;
    }
    found
}

fn user() -> String {
    let whoami = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(whoami.stdout).unwrap().trim().to_owned()
}

fn keygen(path: &Path, kind: &str, passphrase: &str) {
    let done = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-f"])
        .arg(path)
        .stdin(Stdio::null())
        .status();
    assert!(done.unwrap().success());
}

impl Server {
    fn start(sshd: &Path, dir: &Path) -> Self {
        let dir = dir.join("ssh");
        std::fs::create_dir(&dir).unwrap();
        keygen(&dir.join("host"), "ecdsa", "");
        keygen(&dir.join("client"), "ed25519", "open sesame");
        std::fs::copy(dir.join("client.pub"), dir.join("authorized")).unwrap();
        std::fs::set_permissions(dir.join("authorized"), std::fs::Permissions::from_mode(0o600)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(sshd)
            .args(["-D", "-e", "-f", "/dev/null", "-o", "ListenAddress=127.0.0.1", "-o", "StrictModes=no"])
            .args([
                "-o",
                "PidFile=none",
                "-o",
                "UsePAM=no",
                "-o",
                "PermitRootLogin=yes",
                "-p",
                &port.to_string(),
            ])
            .arg("-o")
            .arg(format!("AuthorizedKeysFile={}", dir.join("authorized").display()))
            .arg("-h")
            .arg(dir.join("host"))
            .stderr(std::fs::File::create(dir.join("log")).unwrap())
            .spawn()
            .unwrap();
        let server = Self { child, port, dir };
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("sshd did not start: {}", std::fs::read_to_string(server.dir.join("log")).unwrap());
    }

    fn remote(&self, origin: &Path, known_hosts: String, passphrase: Option<&str>) -> Remote {
        let url = format!("ssh://{}@127.0.0.1:{}{}", user(), self.port, origin.display());
        let private_key_pem = std::fs::read_to_string(self.dir.join("client")).unwrap();
        let passphrase = passphrase.map(str::to_owned);
        let auth = Auth::Ssh { private_key_pem, passphrase, known_hosts };
        Remote { auth, ..Remote::new(url, Reference::Branch("main".into())) }
    }

    fn known_hosts(&self) -> String {
        let key = std::fs::read_to_string(self.dir.join("host.pub")).unwrap();
        format!("[127.0.0.1]:{} {key}", self.port)
    }
}

#[test]
fn a_repository_is_read_over_ssh_from_a_known_host_alone() {
    let Some(sshd) = sshd() else { return };
    let place = Place::new();
    let commit = place.commit("main", "a", "1");
    let server = Server::start(&sshd, place.dir.path());
    let fetch = |known_hosts: String, passphrase| {
        let remote = server.remote(&place.origin, known_hosts, passphrase);
        Mirror::open(place.mirror_dir(), remote).unwrap().fetch(&never)
    };
    let right = Some("open sesame");
    assert!(matches!(fetch(String::new(), right), Err(GitError::HostKey { .. })));
    let other = server.known_hosts().replace("AAAA", "AAAB");
    assert!(matches!(fetch(other, right), Err(GitError::HostKey { .. })));
    let wrong = fetch(server.known_hosts(), Some("wrong")).unwrap_err();
    assert!(matches!(wrong, GitError::Auth { .. }), "{wrong:?}");
    std::fs::write(server.dir.join("authorized"), "").unwrap();
    let stranger = fetch(server.known_hosts(), right).unwrap_err();
    assert!(matches!(stranger, GitError::Auth { .. }), "{stranger:?}");
    std::fs::copy(server.dir.join("client.pub"), server.dir.join("authorized")).unwrap();
    assert_eq!(fetch(server.known_hosts(), right).unwrap().commit, commit);

    let hashed = server.dir.join("known_hosts");
    std::fs::write(&hashed, server.known_hosts()).unwrap();
    let done = Command::new("ssh-keygen").arg("-qHf").arg(&hashed).stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success());
    let hashed = std::fs::read_to_string(&hashed).unwrap();
    assert!(hashed.starts_with("|1|"));
    assert_eq!(fetch(hashed, right).unwrap().commit, commit);

    let second = place.commit("main", "a", "2");
    let remote = server.remote(&place.origin, server.known_hosts(), right);
    let mut mirror = Mirror::open(place.mirror_dir(), remote.clone()).unwrap();
    assert_eq!(fetched(&mut mirror).commit, second);
    let third = commit_to(mirror.path(), &second);
    push(mirror.path(), &remote, "+refs/heads/topic:refs/heads/main", &never).unwrap();
    assert_eq!(fetched(&mut mirror).commit, third);
}

/// A commit on a branch `topic` that starts at another commit.
fn commit_to(repository: &Path, start: &str) -> String {
    let git = git2::Repository::open(repository).unwrap();
    git.reference("refs/heads/topic", git2::Oid::from_str(start).unwrap(), true, "test").unwrap();
    commit(repository, "topic", &[(path("b"), Some(b"3".to_vec()))], "m", &author()).unwrap()
}

#[test]
fn an_ssh_port_that_is_closed_is_unreachable() {
    let place = Place::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let auth = Auth::Ssh { private_key_pem: "k".into(), passphrase: None, known_hosts: String::new() };
    let url = format!("ssh://git@127.0.0.1:{port}/a.git");
    let remote = Remote { auth, ..Remote::new(url, Reference::Branch("main".into())) };
    let error = Mirror::open(place.mirror_dir(), remote).unwrap().fetch(&never).unwrap_err();
    assert!(matches!(error, GitError::Unreachable { .. }), "{error:?}");
}
