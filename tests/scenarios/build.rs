//! `mainstay build`, as it is used in place of `kustomize build`.

use crate::process::mainstay;
use mainstay_harness::Output;
use std::path::Path;

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    folder
}

fn build(folder: &Path, arguments: &[&str]) -> Output {
    let mut all = vec!["build"];
    all.extend(arguments);
    mainstay(&all, folder, &[])
}

const OVERLAY: &str = "namespace: web\nresources: [../base]\n";
const BASE: &str = "resources: [b.yaml, a.yaml]\n";
const A: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: \"1\"\n";
const B: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: b\n";
const BUILT: &str = "apiVersion: v1\ndata:\n  x: \"1\"\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: web\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: b\n  namespace: web\n";

fn overlay() -> tempfile::TempDir {
    tree(&[
        ("overlay/kustomization.yaml", OVERLAY),
        ("base/kustomization.yaml", BASE),
        ("base/a.yaml", A),
        ("base/b.yaml", B),
    ])
}

#[test]
fn what_is_built_is_printed_and_nothing_else() {
    let folder = overlay();
    let (root, at) = (folder.path().display().to_string(), folder.path().join("overlay"));
    let output = build(folder.path(), &["--root", &root, &at.display().to_string()]);
    assert!(output.status.success(), "{}", output.stderr);
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), (BUILT, ""));
}

#[test]
fn a_checkout_is_where_bases_are_looked_for() {
    let folder = overlay();
    std::fs::create_dir(folder.path().join(".git")).expect("made");
    let output = build(folder.path(), &[&folder.path().join("overlay").display().to_string()]);
    assert_eq!(output.stdout, BUILT, "{}", output.stderr);
}

#[test]
fn a_file_is_written_where_one_is_named_and_the_order_is_as_asked() {
    let folder = overlay();
    let (root, at) = (folder.path().display().to_string(), folder.path().join("overlay"));
    let file = folder.path().join("out.yaml");
    let file_name = file.display().to_string();
    let arguments = ["--root", &root, "--reorder", "none", "-o", &file_name, &at.display().to_string()];
    let output = build(folder.path(), &arguments);
    assert!(output.status.success() && output.stdout.is_empty(), "{}{}", output.stdout, output.stderr);
    let (map, secret) = BUILT.split_once("---\n").expect("two documents");
    assert_eq!(std::fs::read_to_string(file).expect("written"), format!("{secret}---\n{map}"));
}

#[test]
fn labels_say_what_built_an_object_where_that_is_asked_for() {
    let folder = tree(&[("kustomization.yaml", "resources: [a.yaml]\n"), ("a.yaml", A)]);
    let output = build(folder.path(), &["--enable-managedby-label", &folder.path().display().to_string()]);
    assert!(
        output.stdout.contains("    app.kubernetes.io/managed-by: kustomize-v5.5.0\n"),
        "{}",
        output.stdout
    );
}

#[test]
fn files_beside_the_folder_are_read_only_without_the_restrictor() {
    let folder = tree(&[("in/kustomization.yaml", "resources: [../a.yaml]\n"), ("a.yaml", A)]);
    let (root, at) = (folder.path().display().to_string(), folder.path().join("in").display().to_string());
    let refused = build(folder.path(), &["--root", &root, &at]);
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{}", refused.stdout);
    assert!(refused.stderr.contains("../a.yaml is not in or below in"), "{}", refused.stderr);
    let output = build(folder.path(), &["--root", &root, "--load-restrictor", "LoadRestrictionsNone", &at]);
    assert!(output.stdout.contains("name: a"), "{}", output.stderr);
}

#[test]
fn an_error_shows_file_line_and_field_and_what_may_have_been_meant() {
    let folder = tree(&[
        (
            "kustomization.yaml",
            "resources:\n- a.yaml\npatches:\n- patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata:\n      name: b\n",
        ),
        ("a.yaml", A),
    ]);
    let output = build(folder.path(), &[&folder.path().display().to_string()]);
    assert!(!output.status.success() && output.stdout.is_empty(), "{}", output.stdout);
    for part in
        ["kustomization.yaml:4:3", "the patch is for ConfigMap (v1) b", "the closest one is ConfigMap (v1) a"]
    {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
}

#[test]
fn a_field_that_there_is_not_is_told_with_its_line() {
    let folder = tree(&[("kustomization.yaml", "resources:\n- a.yaml\nnamePrefx: x-\n"), ("a.yaml", A)]);
    let output = build(folder.path(), &[&folder.path().display().to_string()]);
    for part in ["kustomization.yaml:3:1", "unknown field \"namePrefx\"", "did you mean \"namePrefix\"?"] {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
}

#[test]
fn a_folder_without_a_kustomization_says_so_and_which() {
    let folder = tree(&[("apps/a.yaml", A), ("apps/web/kustomization.yml", "resources: []\n")]);
    let at = folder.path().join("apps").display().to_string();
    let output = build(folder.path(), &[&at]);
    assert!(!output.status.success(), "{}", output.stdout);
    for part in [
        "no kustomization file",
        "kustomization.yaml, kustomization.yml or Kustomization",
        "apps can't be built",
        "web has one",
    ] {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
}

#[test]
fn a_folder_that_there_is_not_is_told_by_its_name() {
    let folder = tree(&[("a.yaml", A)]);
    for at in ["nowhere", "a.yaml"] {
        let at = folder.path().join(at).display().to_string();
        let output = build(folder.path(), &[&at]);
        assert!(!output.status.success() && output.stderr.contains(&at), "{}", output.stderr);
    }
}
