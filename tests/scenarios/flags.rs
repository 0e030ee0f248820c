//! Defaults of flags, as a configuration file sets them.

use crate::process::mainstay;
use mainstay_harness::Output;
use std::path::Path;

const KUSTOMIZATION: &str = "resources: [objects.yaml]\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: b\n";

/// A folder to build, which is the home of who builds it, too.
fn home(configuration: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::create_dir_all(at.join(".config/mainstay")).expect("made");
    for (file, text) in [
        ("kustomization.yaml", KUSTOMIZATION),
        ("objects.yaml", &format!("{MAP}---\n{NAMESPACE}")),
        (".config/mainstay/config.yaml", configuration),
    ] {
        std::fs::write(at.join(file), text).expect("written");
    }
    folder
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    mainstay(arguments, home, &[])
}

#[test]
fn a_flag_wins_over_the_file_which_wins_over_the_default() {
    let as_written = format!("{MAP}---\n{NAMESPACE}");
    let sorted = format!("{NAMESPACE}---\n{MAP}");
    let home = home("reorder: none\n");
    let at = home.path();
    let folder = at.display().to_string();
    let built = |arguments: &[&str]| {
        let output = run(at, &[&["build", folder.as_str()], arguments].concat());
        assert!(output.status.success(), "{}", output.stderr);
        output.stdout
    };
    assert_eq!(built(&[]), as_written);
    assert_eq!(built(&["--reorder", "legacy"]), sorted);
    std::fs::write(at.join("other.yaml"), "reorder: legacy\n").expect("written");
    let other = at.join("other.yaml").display().to_string();
    assert_eq!(built(&["--config", &other]), sorted);
    std::fs::remove_file(at.join(".config/mainstay/config.yaml")).expect("removed");
    assert_eq!(built(&[]), sorted);
}

#[test]
fn the_file_speaks_for_commands_that_are_not_the_one_that_runs() {
    let home = home("branch: live\nlisten: 127.0.0.1:1\n");
    let output = run(home.path(), &["build", &home.path().display().to_string()]);
    assert!(output.status.success(), "{}", output.stderr);
}

#[test]
fn a_key_that_is_no_flag_of_any_command_is_refused() {
    let home = home("recorder: none\n");
    let output = run(home.path(), &["version"]);
    assert_eq!(output.status.code(), Some(1), "{}", output.stdout);
    assert!(output.stderr.contains("no command has a flag --recorder"), "{}", output.stderr);
}
