//! Benches start real servers; none of them outlives a bench, however it is told to end.

use crate::process::MAINSTAY;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// Processes that were started with something in the folder, the bench itself left out.
fn servers(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let text = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    text.filter(|line| line.contains(&folder)).collect()
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_bench_that_is_told_to_end_takes_its_servers_along() {
    if mainstay_harness::tools_or_skip("a_bench_that_is_told_to_end_takes_its_servers_along").is_none() {
        return;
    }
    for (bench, signal) in
        [(&["apply", "--server", "real"][..], "-TERM"), (&["fleet", "--growth", "100"], "-INT")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = Command::new(MAINSTAY)
            .args(["--log", "warn", "bench"])
            .args(bench)
            .env("TMPDIR", folder.path())
            .current_dir(mainstay_harness::here!())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let busy = || match bench[0] {
            "apply" => servers(folder.path()).iter().any(|line| line.contains("kube-apiserver")),
            _ => fs::read_dir(folder.path()).is_ok_and(|mut entries| entries.next().is_some()),
        };
        until("it starts servers", busy);
        let sent = Command::new("kill").args([signal, &process.id().to_string()]).status().expect("kill");
        assert!(sent.success(), "{sent}");
        until("it ends", || process.try_wait().expect("its end").is_some());
        assert_eq!(process.wait().expect("its end").code(), Some(1), "{bench:?}");
        until("its servers end", || servers(folder.path()).is_empty());
        let left: Vec<_> =
            fs::read_dir(folder.path()).expect("the folder").flatten().map(|e| e.path()).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
