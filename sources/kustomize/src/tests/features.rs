//! Small trees, one per feature, with what the real kustomize prints for them; where it is built, it is asked again.
use crate::{Build, build, emit, print};
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_unit::tree::{EntryKind, IndexedTree, TreePath};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A tree and its result, from `== path` sections; the last is `== =>` or `== => error`.
struct Case {
    name: String,
    files: BTreeMap<String, String>,
    expected: Option<String>,
}

fn cases() -> Vec<Case> {
    let folder = mainstay_harness::here!().join("src/tests/cases");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("cases").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("a case");
        let mut case = Case {
            name: entry.file_name().to_string_lossy().trim_end_matches(".txt").to_owned(),
            files: BTreeMap::new(),
            expected: None,
        };
        let mut section: Option<(String, String)> = None;
        let mut finish = |section: &mut Option<(String, String)>| match section.take() {
            Some((name, text)) if name == "=>" => case.expected = Some(text),
            Some((name, text)) if name != "=> error" => {
                case.files.insert(name, text);
            }
            Some(_) | None => {}
        };
        for line in text.split_inclusive('\n') {
            match line.strip_prefix("== ") {
                Some(name) => {
                    finish(&mut section);
                    section = Some((name.trim().to_owned(), String::new()));
                }
                None => section.as_mut().expect("a section").1.push_str(line),
            }
        }
        finish(&mut section);
        found.push(case);
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(found.len() >= 40, "the cases are there");
    found
}

fn ours(files: &BTreeMap<String, String>) -> Result<String, String> {
    let files = files.iter().map(|(path, text)| {
        (TreePath::parse(path).expect("a path"), EntryKind::File, text.as_bytes().into())
    });
    let tree = IndexedTree::new(files);
    let root = TreePath::root();
    let request = Build::new(&tree, &root);
    let printed = print(&request).map(|printed| printed.text);
    match build(&request) {
        Ok(built) => {
            let text = emit(&built.objects);
            assert_eq!(printed.ok().as_ref(), Some(&text), "what is printed is what is built");
            Ok(text)
        }
        // What kustomize prints need be nothing that an API server would take.
        Err(failed)
            if printed.is_ok() && failed.diagnostics.iter().all(|d| d.code.id == codes::NOT_AN_OBJECT.id) =>
        {
            printed.map_err(|_| String::new())
        }
        Err(failed) => Err(failed.diagnostics.iter().map(|d| format!("{d}\n")).collect()),
    }
}

#[test]
fn every_feature_builds_to_what_kustomize_prints() {
    let mut wrong = Vec::new();
    for case in cases() {
        let got = ours(&case.files);
        if got.as_ref().ok() != case.expected.as_ref() {
            wrong.push(format!("{}:\n{}", case.name, got.unwrap_or_else(|e| e)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn errors_say_what_where_and_what_may_have_been_meant() {
    let expected = [
        ("error-blank-namespace", codes::TRANSFORM.id, "kustomization.yaml:1:1: "),
        ("error-annotation-like-a-number", codes::NOT_AN_OBJECT.id, "kustomization.yaml:4:3: "),
        ("error-comment-behind-a-key", codes::NOT_AN_OBJECT.id, "deployment.yaml:1:1: "),
        ("error-comment-in-braces", codes::NOT_AN_OBJECT.id, "deployment.yaml:1:1: "),
        ("error-comment-carried", codes::NOT_AN_OBJECT.id, "job.yaml:1:1: "),
        ("error-replaced-what-changed", codes::GENERATOR.id, "kustomization.yaml:3:3: "),
        ("error-plugin", codes::UNSUPPORTED.id, "kustomization.yaml:2:3: "),
        ("error-two-become-one", codes::DUPLICATE.id, "kustomization.yaml:1:1: "),
        ("error-validator", codes::TRANSFORM.id, "kustomization.yaml:3:3: "),
        ("error-cycle", codes::CYCLE.id, "loop/kustomization.yaml:1:13: "),
        ("error-duplicate", codes::DUPLICATE.id, "kustomization.yaml:1:19: "),
        ("error-no-target", codes::NO_TARGET.id, "kustomization.yaml:3:3: "),
        ("error-number", codes::INVALID.id, "kustomization.yaml:3:25: "),
        ("error-outside", codes::OUTSIDE.id, "sub/kustomization.yaml:1:13: "),
        ("error-remote", codes::REMOTE.id, "kustomization.yaml:1:19: "),
        ("error-unknown-field", codes::UNKNOWN_FIELD.id, "kustomization.yaml:2:1: "),
    ];
    let cases = cases();
    for (name, code, place) in expected {
        let case = cases.iter().find(|c| c.name == name).expect("the case");
        let error = ours(&case.files).expect_err("an error");
        assert!(error.contains(code) && error.starts_with(place), "{name}: {error}");
    }
}

fn real() -> Option<PathBuf> {
    let tool = mainstay_harness::here!().join("../../target/real/kustomize");
    if !tool.exists() {
        eprintln!("SKIPPED: target/real/kustomize is not built, so nothing was compared with it");
        return None;
    }
    Some(tool)
}

fn theirs(tool: &Path, files: &BTreeMap<String, String>) -> Result<String, String> {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let output = std::process::Command::new(tool).arg("build").arg(folder.path()).output().expect("it runs");
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).expect("text"))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[test]
fn every_feature_is_what_the_real_kustomize_prints() {
    let Some(tool) = real() else { return };
    for case in cases() {
        assert_eq!(theirs(&tool, &case.files).ok(), case.expected, "{}", case.name);
    }
}
