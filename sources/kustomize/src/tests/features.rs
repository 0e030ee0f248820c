//! Small trees, one per feature, with what the real kustomize prints for them; where it is built, it is asked again.
use crate::{Build, Limits, Options, build, emit};
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
    assert!(found.len() >= 20, "the cases are there");
    found
}

fn ours(files: &BTreeMap<String, String>) -> Result<String, String> {
    let files = files.iter().map(|(path, text)| {
        (TreePath::parse(path).expect("a path"), EntryKind::File, text.as_bytes().into())
    });
    let tree = IndexedTree::new(files);
    let request = Build {
        tree: &tree,
        root: &TreePath::root(),
        overlay: None,
        options: Options::default(),
        limits: Limits::default(),
        cache: None,
        decrypt: None,
    };
    match build(&request) {
        Ok(built) => Ok(emit(&built.objects)),
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

/// One kustomization over one base, each field there or not.
fn random(seed: u64) -> BTreeMap<String, String> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut roll = move |n: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % n
    };
    let cases = cases();
    let sources: Vec<&Case> = cases.iter().filter(|c| c.expected.is_some()).collect();
    let mut files = BTreeMap::new();
    let mut folders = Vec::new();
    // Features stacked on each other: each case's own kustomization over the one before.
    for level in 0..=roll(3) {
        let case = sources[roll(sources.len() as u64) as usize];
        for (path, text) in &case.files {
            if level > 0 && path.starts_with("base/") {
                continue;
            }
            let below = format!("l{}", level.saturating_sub(1));
            let text = match path.as_str() {
                "kustomization.yaml" if level > 0 => {
                    text.replacen("resources: [base", &format!("resources: [../{below}"), 1)
                }
                _ => text.clone(),
            };
            files.insert(format!("l{level}/{path}"), text);
        }
        folders.push(level);
    }
    let top = folders.last().copied().unwrap_or_default();
    let namespace = ["", "namespace: n1\n", "namespace: n2\n"][roll(3) as usize];
    let prefix = ["", "namePrefix: q-\n"][roll(2) as usize];
    files.insert("kustomization.yaml".into(), format!("resources: [l{top}]\n{namespace}{prefix}"));
    files
}

#[test]
fn random_trees_build_as_the_real_kustomize_builds_them() {
    let Some(tool) = real() else { return };
    let count = std::env::var("MAINSTAY_KUSTOMIZE_TREES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let (mut equal, mut failed) = (0, 0);
    for seed in 1..=count {
        let files = random(seed);
        match (ours(&files), theirs(&tool, &files)) {
            (Ok(ours), Ok(theirs)) if ours == theirs => equal += 1,
            (Err(_), Err(_)) => failed += 1,
            (ours, theirs) => panic!("seed {seed}\n{files:#?}\nours: {ours:?}\ntheirs: {theirs:?}"),
        }
    }
    println!("random kustomize trees: {equal} equal, {failed} refused by both");
}
