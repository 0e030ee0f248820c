//! A daemon that is started before its API server.

use crate::process::{Daemon, MAINSTAY, mainstay};
use crate::repository::Repository;
use mainstay_harness::Guarded;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

fn until(what: &str, daemon: &Daemon, done: impl Fn(&str) -> bool) {
    let begun = Instant::now();
    while !done(&daemon.log()) {
        assert!(begun.elapsed() < PATIENCE, "{what}: {}", daemon.log_tail());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn plane(listen: &str, folder: &Path) -> Guarded {
    let at = |name: &str| folder.join(name).display().to_string();
    let arguments =
        ["control-plane", "--listen", listen, "--data-dir", &at("data"), "--kubeconfig", &at("kubeconfig")];
    let arguments = arguments.map(str::to_owned);
    Guarded::spawn("control-plane", Path::new(MAINSTAY), &arguments, &folder.join("plane.log"))
        .expect("it starts")
}

#[test]
fn a_daemon_waits_for_its_api_server_and_not_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let free =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|port| port.local_addr()).expect("a port");
    let kubeconfig = folder.path().join("kubeconfig");
    let first = plane(&free.to_string(), folder.path());
    let begun = Instant::now();
    while !kubeconfig.is_file() {
        assert!(begun.elapsed() < PATIENCE, "the control plane starts");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(first);

    let repository = Repository::create(folder.path().join("platform")).path.display().to_string();
    let (kubeconfig, state) =
        (kubeconfig.display().to_string(), folder.path().join("state").display().to_string());
    let run = |more: &[&str]| -> Vec<String> {
        let own = [
            "run",
            &repository,
            "--kubeconfig",
            &kubeconfig,
            "--state-dir",
            &state,
            "--listen",
            "127.0.0.1:0",
        ];
        own.iter().chain(more).map(|argument| (*argument).to_owned()).collect()
    };
    let impatient = run(&["--connect-timeout", "1"]);
    let impatient: Vec<&str> = impatient.iter().map(String::as_str).collect();
    let begun = Instant::now();
    let output = mainstay(&impatient, folder.path(), &[]);
    assert_eq!(output.status.code(), Some(3), "{}", output.stderr);
    assert!(begun.elapsed() >= Duration::from_secs(1), "{}", output.stderr);
    assert!(
        output.stderr.contains("waiting for the API server") && output.stderr.contains("--connect-timeout"),
        "{}",
        output.stderr
    );

    let daemon = Daemon::start(&run(&["--adopt"]), folder.path().join("run.log"));
    until("it says what it waits for", &daemon, |log| log.contains("waiting for the API server"));
    let _second = plane(&free.to_string(), folder.path());
    until("it goes on", &daemon, |log| log.contains("the API server answers") && log.contains("following"));
}
