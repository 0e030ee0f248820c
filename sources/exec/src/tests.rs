//! What a process may not do, tried by programs that do it.
mod confined;
mod templates;

use crate::ExecError;
use crate::process::{Limits, Output, Program, run};
use crate::sandbox::{SHARED, Sandbox};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// A shell and what it calls.
fn tools() -> Vec<PathBuf> {
    SHARED.into_iter().chain(["/bin", "/usr/bin"]).map(PathBuf::from).collect()
}

/// A program that is this script, in a folder that it may read.
fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("program");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

fn program(path: &str, arguments: &[&str], folder: &Path) -> Program {
    Program {
        path: path.into(),
        arguments: arguments.iter().map(Into::into).collect(),
        variables: Vec::new(),
        folder: folder.to_owned(),
        input: Vec::new(),
    }
}

/// What a script does in a sandbox, in a folder of its own.
fn shell(text: &str, limits: Limits) -> (Result<Output, ExecError>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox { programs: tools(), room: folder.path().to_owned() };
    let outcome = run(program("/bin/sh", &["-c", text], folder.path()), sandbox, &limits);
    (outcome, folder)
}

fn within(time: Duration) -> Limits {
    Limits { time, ..Limits::default() }
}

fn printed(text: &str) -> String {
    let (outcome, _folder) = shell(text, Limits::default());
    let output = outcome.map_err(|error| error.to_string()).unwrap();
    let said = String::from_utf8(output.said).unwrap();
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.printed).unwrap()
}
