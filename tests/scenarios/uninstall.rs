//! Leaving: on a control plane of its own, because nothing of Mainstay is there afterwards.

use crate::process::{Daemon, mainstay};
use crate::repository::{Repository, config_map};
use mainstay_harness::{Output, SweptFolder, tools_or_skip};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn uninstall_leaves_every_object_as_it_is_and_nothing_of_mainstay() {
    let name = "uninstall_leaves_every_object_as_it_is_and_nothing_of_mainstay";
    let Some(tools) = tools_or_skip(name) else { return };
    let folder = SweptFolder::create("mainstay-uninstall-").expect("a folder");
    let path = |name: &str| folder.path.join(name).display().to_string();
    let kubeconfig = path("kubeconfig");
    let arguments = ["control-plane".to_owned(), "--kubeconfig".to_owned(), kubeconfig.clone()];
    let plane = Daemon::start(&arguments, folder.path.join("plane.log"));
    until("the control plane serves", || plane.log().contains("serving") && Path::new(&kubeconfig).exists());

    let repository = Repository::create(folder.path.join("platform"));
    repository.tenant("left");
    repository.module("left", "web", &[], &config_map("left", "web", "ours"));
    repository.commit("A module");
    let kubectl = |arguments: &[&str]| {
        let mut command = Command::new(&tools.kubectl);
        command.args(arguments).env("KUBECONFIG", &kubeconfig).env("HOME", &folder.path);
        Output::of(&mut command, "").expect("kubectl can be run")
    };
    kubectl(&["create", "namespace", "left"]).expect_success();
    let run = [
        "run".to_owned(),
        repository.path.display().to_string(),
        "--kubeconfig".to_owned(),
        kubeconfig.clone(),
        "--state-dir".to_owned(),
        path("state"),
        "--adopt".to_owned(),
        "--listen".to_owned(),
        "127.0.0.1:0".to_owned(),
        "--lease-duration".to_owned(),
        "4".to_owned(),
    ];
    let mut daemon = Daemon::start(&run, folder.path.join("run.log"));
    let object = || {
        let text = kubectl(&["get", "cm", "web", "-n", "left", "-o", "json", "--show-managed-fields"]).stdout;
        serde_json::from_str::<Value>(&text).unwrap_or_default()
    };
    let command = |more: &[&str]| {
        let arguments = [&["uninstall", "--kubeconfig", &kubeconfig], more].concat();
        mainstay(&arguments, &folder.path, &[])
    };
    until("it is applied and recorded", || {
        object()["data"]["value"] == "ours" && command(&[]).stdout.contains("with 1 object ")
    });
    daemon.kill();
    let before = object();

    let shown = command(&[]);
    assert!(shown.stdout.contains("1 unit with 1 object on 1 cluster"), "{}{}", shown.stdout, shown.stderr);
    assert_eq!(object(), before, "nothing has been changed");

    let done = command(&["--yes"]);
    assert!(done.success(), "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("module/left/web: 1 object released"), "{}", done.stdout);
    let after = object();
    assert_eq!(after["data"], before["data"]);
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after["metadata"]["labels"], Value::Null);
    assert!(!after.to_string().contains("mainstay"), "{after}");
    until("the namespace is gone", || !kubectl(&["get", "namespaces"]).stdout.contains("mainstay-system"));
    until("the definition is gone", || !kubectl(&["get", "crds"]).stdout.contains("units.mainstay"));
    assert!(command(&["--yes"]).success(), "again, it has nothing to do");
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
