//! Where files may lie, how long they may be, how many test binaries a crate has.

use crate::expect_none;
use crate::source::{Source, is_test};
use crate::workspace::{files, packages, place, root, rust_files, text};

/// Data that users consume: no code hides among it.
const DATA: [&str; 3] = ["modules/", "policies/", "examples/"];
const CODE: [&str; 12] =
    [".rs", ".sh", ".bash", ".py", ".js", ".ts", ".go", ".rb", ".pl", ".lua", "Cargo.toml", "Makefile"];
const LONGEST: usize = 600;

#[test]
fn catalogues_policies_and_examples_hold_data_only() {
    let mut found = Vec::new();
    for path in files().iter().filter(|path| DATA.iter().any(|folder| path.starts_with(folder))) {
        let file = path.rsplit('/').next().unwrap_or(path);
        if CODE.iter().any(|end| file.ends_with(end)) || text(path).is_some_and(|text| text.starts_with("#!"))
        {
            found.push(format!("{path}:1: code"));
        }
        if is_executable(path) {
            found.push(format!("{path}:1: executable"));
        }
    }
    expect_none("code lies among data", "move it to the crate that reads the data", found);
}

#[cfg(unix)]
fn is_executable(path: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(root().join(path)).is_ok_and(|found| found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &str) -> bool {
    false
}

#[test]
fn no_file_has_more_than_600_lines_beside_its_tests() {
    let mut found = Vec::new();
    for path in rust_files().filter(|path| !is_test(path) && !path.starts_with("tests/")) {
        let source = Source::new(&text(path).unwrap()).without_tests();
        // A line that is blank in every form is blank or belongs to a test.
        let lines = source.text.lines().zip(source.comments.lines());
        let filled = lines.filter(|(text, comments)| !(text.trim().is_empty() && comments.trim().is_empty()));
        let count = filled.count();
        if count > LONGEST {
            found.push(format!("{path}:{LONGEST}: {count} lines"));
        }
    }
    expect_none("a file is too long", "split it where its story has a seam", found);
}

#[test]
fn a_crate_has_one_test_binary() {
    let mut found = Vec::new();
    for package in packages() {
        let binaries = package.targets.iter().filter(|target| target.kind == "test");
        // Tidy is read-only and needs neither the binary nor a server: it must not share a process with what does.
        // Conformance is no list of tests but one suite, with a table at its end.
        let names = binaries.map(|target| target.name.as_str());
        let names: Vec<&str> = names.filter(|name| !matches!(*name, "tidy" | "conformance")).collect();
        if names.len() > 1 {
            found.push(format!("{}: {}", place(&package.manifest(), "[[test]]"), names.join(", ")));
        }
    }
    expect_none(
        "a crate has several test binaries",
        "make them modules of tests/main.rs: each binary links everything again",
        found,
    );
}
