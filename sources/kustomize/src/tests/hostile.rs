//! Trees that mean harm end in an error, within limits.
use crate::{Build, Limits, Options, build};
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_diagnostic::codes::yaml;
use mainstay_unit::tree::{MemoryTree, TreePath};

fn code_of(tree: &MemoryTree, limits: Limits) -> &'static str {
    let request = Build {
        tree,
        root: &TreePath::root(),
        overlay: None,
        options: Options::default(),
        limits,
        cache: None,
        decrypt: None,
    };
    let failed = build(&request).expect_err("an error");
    failed.diagnostics.iter().next().expect("a diagnostic").code.id
}

fn tree(files: &[(&str, &str)]) -> MemoryTree {
    files.iter().fold(MemoryTree::new(), |tree, (path, text)| tree.with(path, text).expect("a path"))
}

#[test]
fn a_path_out_of_the_repository_is_refused() {
    let tree = tree(&[("kustomization.yaml", "resources: [../../etc/passwd]")]);
    assert_eq!(code_of(&tree, Limits::default()), codes::OUTSIDE.id);
}

#[test]
fn a_symlink_out_of_the_repository_is_refused() {
    for target in ["/etc/passwd", "../../etc/passwd", "loop"] {
        let mut tree = tree(&[("kustomization.yaml", "resources: [loop]")]);
        tree.insert_symlink(TreePath::parse("loop").expect("a path"), target);
        assert_eq!(code_of(&tree, Limits::default()), codes::OUTSIDE.id, "{target}");
    }
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text =
        String::from("apiVersion: v1\nkind: X\nmetadata: {name: x}\na0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
    for level in 1..9 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        text.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    let tree = tree(&[("kustomization.yaml", "resources: [x.yaml]"), ("x.yaml", &text)]);
    assert_eq!(code_of(&tree, Limits::default()), yaml::LIMIT.id);
}

#[test]
fn more_objects_than_allowed_are_refused() {
    let mut text = String::new();
    for n in 0..2_000 {
        text.push_str(&format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{n}}}\n"));
    }
    let tree = tree(&[("kustomization.yaml", "resources: [x.yaml]"), ("x.yaml", &text)]);
    let limits = Limits { objects: 1_000, ..Limits::default() };
    assert_eq!(code_of(&tree, limits), codes::LIMIT.id);
}

#[test]
fn a_tower_of_kustomizations_is_refused() {
    let mut tree = MemoryTree::new();
    for n in 0..80 {
        let path = format!("d{n}/kustomization.yaml");
        tree = tree.with(&path, &format!("resources: [../d{}]", n + 1)).expect("a path");
    }
    let tree = tree.with("kustomization.yaml", "resources: [d0]").expect("a path");
    assert_eq!(code_of(&tree, Limits::default()), codes::LIMIT.id);
}

#[test]
fn a_file_over_the_limit_is_refused() {
    let tree = tree(&[("kustomization.yaml", "resources: [x.yaml]"), ("x.yaml", &"# long\n".repeat(100))]);
    let limits = Limits { file_bytes: 200, ..Limits::default() };
    assert_eq!(code_of(&tree, limits), codes::LIMIT.id);
}
