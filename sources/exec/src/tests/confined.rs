use super::{printed, program, shell, tools, within};
use crate::ExecError;
use crate::process::{Limits, run};
use crate::sandbox::Sandbox;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn nothing_is_inherited_but_what_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = || Sandbox { programs: tools(), room: folder.path().to_owned() };
    let mut asked = program("/usr/bin/env", &[], folder.path());
    asked.variables = vec![("HOME", "/nowhere".into())];
    let output = run(asked, sandbox(), &Limits::default()).map_err(|error| error.to_string()).unwrap();
    assert_eq!(String::from_utf8(output.printed).unwrap(), "HOME=/nowhere\n");
    assert!(std::env::vars().count() > 1, "there is something to inherit");
    let mut asked = program("/bin/cat", &[], folder.path());
    asked.input = b"values".to_vec();
    let output = run(asked, sandbox(), &Limits::default()).map_err(|error| error.to_string()).unwrap();
    assert_eq!(output.printed, b"values", "and the input is closed behind what is given");
    assert_eq!(
        printed("ls /proc/self/fd 2>/dev/null; echo"),
        "\n",
        "not even its own place in /proc is shown"
    );
}

/// The same program, run as it is, does reach it.
#[test]
fn the_network_is_out_of_reach() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let connect = format!("echo hello > /dev/tcp/127.0.0.1/{port}");
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox { programs: tools(), room: folder.path().to_owned() };
    let asked = program("/bin/bash", &["-c", &connect], folder.path());
    let output = run(asked, sandbox, &Limits::default()).map_err(|error| error.to_string()).unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.said).into_owned();
    assert!(said.contains("Permission denied"), "{said}");
    assert!(listener.accept().is_err(), "somebody came");
    let free = Command::new("/bin/bash").args(["-c", &connect]).status().unwrap();
    assert!(free.success() && listener.accept().is_ok(), "without a sandbox it is reached");
}

#[test]
fn a_thread_that_was_confined_opens_no_socket_and_the_others_still_do() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox { programs: tools(), room: folder.path().to_owned() };
    let confined = move || {
        sandbox.enter().unwrap();
        let bound = TcpListener::bind("127.0.0.1:0").map(drop).map_err(|error| error.kind());
        let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").map(drop).map_err(|error| error.kind());
        let local = std::os::unix::net::UnixStream::pair().map(drop).map_err(|error| error.kind());
        [bound, datagrams, local]
    };
    let refused = Err(std::io::ErrorKind::PermissionDenied);
    assert_eq!(std::thread::spawn(confined).join().unwrap(), [refused; 3]);
    assert!(TcpListener::bind("127.0.0.1:0").is_ok());
}

#[test]
fn files_of_others_are_out_of_reach_where_the_kernel_can_see_to_it() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (secret, own) = (other.path().join("secret"), folder.path().join("own"));
    std::fs::write(&secret, "hunter2").unwrap();
    let sandbox = Sandbox { programs: tools(), room: folder.path().to_owned() };
    let (files, read, wrote, own) = std::thread::spawn(move || {
        let files = sandbox.enter().unwrap();
        let read = std::fs::read(&secret).is_ok();
        let wrote = std::fs::write(secret.with_extension("more"), "x").is_ok();
        (files, read, wrote, std::fs::write(own, "x").is_ok())
    })
    .join()
    .unwrap();
    assert_eq!((read, wrote, own), (!files, !files, true));
    if !files {
        eprintln!("SKIPPED: the kernel has no Landlock");
    }
}

#[test]
fn nobody_else_can_be_signalled() {
    let text = format!("kill -0 {} 2>&1 || echo refused", std::process::id());
    assert!(printed(&text).contains("refused"));
}

#[test]
fn who_prints_too_much_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox { programs: tools(), room: folder.path().to_owned() };
    let limits = Limits { output: 1 << 16, ..Limits::default() };
    let start = Instant::now();
    let outcome = run(program("/usr/bin/yes", &[], folder.path()), sandbox, &limits);
    assert_eq!(outcome.err(), Some(ExecError::TooLarge { bytes: 1 << 16 }));
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn only_the_beginning_of_what_is_said_is_kept() {
    let limits = Limits { errors: 100, ..Limits::default() };
    let (outcome, _folder) =
        shell("i=0; while [ $i -lt 20000 ]; do echo 0123456789 >&2; i=$((i+1)); done; echo out", limits);
    let output = outcome.map_err(|error| error.to_string()).unwrap();
    assert_eq!((output.said.len(), output.printed.as_slice()), (100, b"out\n".as_slice()));
}

#[test]
fn who_takes_too_long_is_ended_with_everybody_that_it_started() {
    let text =
        "sleep 1000 & echo $! > child; (sleep 1000 & echo $! > grandchild; wait) & echo $$ > self; wait";
    let start = Instant::now();
    let (outcome, folder) = shell(text, within(Duration::from_secs(2)));
    assert_eq!(outcome.err(), Some(ExecError::Slow { limit: Duration::from_secs(2) }));
    assert!(start.elapsed() < Duration::from_secs(20));
    for name in ["self", "child", "grandchild"] {
        assert!(is_gone(&folder.path().join(name)), "{name}");
    }
}

#[test]
fn nobody_is_left_behind_by_one_that_ends() {
    let start = Instant::now();
    let (outcome, folder) = shell("sleep 1000 & echo $! > child; echo done", Limits::default());
    let output = outcome.map_err(|error| error.to_string()).unwrap();
    assert!(output.status.success() && output.printed == b"done\n");
    assert!(start.elapsed() < Duration::from_secs(20));
    assert!(is_gone(&folder.path().join("child")));
}

#[test]
fn a_session_of_its_own_can_not_be_had() {
    let (outcome, _folder) =
        shell("setsid --wait sleep 1000 || echo refused", within(Duration::from_secs(20)));
    let output = outcome.map_err(|error| error.to_string()).unwrap();
    let said = String::from_utf8_lossy(&output.said).into_owned();
    assert!(output.printed == b"refused\n" && said.contains("Permission denied"), "{said}");
}

#[test]
fn memory_files_and_dumps_are_limited() {
    let limits =
        Limits { memory: 1 << 30, file: 1 << 20, time: Duration::from_secs(30), ..Limits::default() };
    let (outcome, _folder) = shell("sleep 0.5; ulimit -v; ulimit -c; ulimit -t", limits);
    let output = outcome.map_err(|error| error.to_string()).unwrap();
    assert_eq!(String::from_utf8(output.printed).unwrap(), "1048576\n0\n30\n");
    let (outcome, folder) = shell("sleep 0.5; head -c 2000000 /dev/zero > big", limits);
    drop(outcome);
    let size = std::fs::metadata(folder.path().join("big")).map_or(0, |found| found.len());
    assert!(size <= 1 << 20, "{size}");
}

#[test]
fn where_memory_is_short_it_goes_before_us() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox { programs: tools(), room: folder.path().to_owned() };
    let asked = program("/bin/sh", &["-c", "echo $$ > self; sleep 5"], folder.path());
    let running = std::thread::spawn(move || run(asked, sandbox, &Limits::default()).is_ok());
    let goes_first = || {
        let id = std::fs::read_to_string(folder.path().join("self")).unwrap_or_default();
        let place = format!("/proc/{}/oom_score_adj", id.trim());
        !id.is_empty() && std::fs::read_to_string(place).is_ok_and(|score| score.trim() == "1000")
    };
    let seen = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        goes_first()
    });
    assert!(running.join().unwrap() && seen);
}

/// By the number that a file holds. Its parent may still have to take notice of its end.
fn is_gone(file: &Path) -> bool {
    let id = std::fs::read_to_string(file).unwrap();
    let status = format!("/proc/{}/status", id.trim());
    let is_gone = || match std::fs::read_to_string(&status) {
        Ok(status) => status.lines().any(|line| line.starts_with("State:") && line.contains('Z')),
        Err(_) => true,
    };
    (0..100).any(|_| {
        is_gone() || {
            std::thread::sleep(Duration::from_millis(20));
            false
        }
    })
}
