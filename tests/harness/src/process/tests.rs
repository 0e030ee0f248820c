use std::time::{Duration, Instant};

use super::*;

fn alive(pid: u32) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().expect("ps runs");
    let state = String::from_utf8_lossy(&state.stdout).into_owned();
    !state.trim().is_empty() && !state.trim_start().starts_with('Z')
}

fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let started = Instant::now();
    while !check() {
        assert!(started.elapsed() < Duration::from_secs(10), "timed out: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts a shell that prints its process id and then sleeps.
fn sleeper(folder: &Path) -> (Guarded, u32) {
    let log = folder.join("log");
    let script = "echo $$; exec sleep 600".to_owned();
    let guarded =
        Guarded::spawn("sleeper", Path::new("sh"), &["-c".to_owned(), script], &log).expect("it starts");
    let mut pid = None;
    eventually("the sleeper prints its id", || {
        pid = std::fs::read_to_string(&log).ok().and_then(|text| text.trim().parse().ok());
        pid.is_some()
    });
    (guarded, pid.expect("an id"))
}

#[test]
fn a_dropped_server_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (guarded, pid) = sleeper(folder.path());
    assert!(alive(pid));
    drop(guarded);
    assert!(!alive(pid));
}

#[test]
fn a_server_is_gone_when_its_starter_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let note = folder.path().join("pid");
    // Stands for a test process: it starts the guard as we do, and is then killed without a chance to clean up.
    let starter = r#"mkfifo "$2"; sh -c "$1" guard sh -c "echo \$\$ >'$3'; exec sleep 600" <"$2" & exec sleep 600 >"$2""#;
    let mut test = Command::new("sh")
        .args(["-c", starter, "test", GUARD])
        .args([folder.path().join("pipe"), note.clone()])
        .spawn()
        .expect("it starts");
    let mut pid = None;
    eventually("the server runs", || {
        pid = std::fs::read_to_string(&note).ok().and_then(|text| text.trim().parse::<u32>().ok());
        pid.is_some_and(alive)
    });
    test.kill().expect("SIGKILL");
    test.wait().expect("it ended");
    let pid = pid.expect("an id");
    eventually("the server is gone", || !alive(pid));
}

#[test]
fn a_server_that_ends_by_itself_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["-c".to_owned(), "echo no such flag; exit 7".to_owned()];
    let mut guarded = Guarded::spawn("failing", Path::new("sh"), &arguments, &folder.path().join("log"))
        .expect("it starts");
    let mut status = None;
    eventually("it ends", || {
        status = guarded.ended();
        status.is_some()
    });
    assert_eq!(status.and_then(|status| status.code()), Some(7));
    assert!(guarded.failure("ended").to_string().contains("no such flag"));
}

#[test]
fn a_swept_folder_is_gone_with_its_owner() {
    let folder = SweptFolder::create("mainstay-swept-").expect("a folder");
    let path = folder.path.clone();
    std::fs::write(path.join("file"), "x").expect("a file");
    drop(folder);
    assert!(!path.exists());
}

#[test]
fn a_command_gets_more_input_than_a_pipe_holds() {
    let input = "x".repeat(1 << 20);
    let output = Output::of(&mut Command::new("cat"), &input).expect("cat runs");
    assert_eq!(output.expect_success().len(), input.len());
}
