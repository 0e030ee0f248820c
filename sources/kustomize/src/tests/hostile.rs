//! Trees that mean harm end in an error, within limits.
use crate::{Build, Limits, build};
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_diagnostic::codes::yaml;
use mainstay_unit::tree::{MemoryTree, TreePath};

fn code_of(tree: &MemoryTree, limits: Limits) -> &'static str {
    let root = TreePath::root();
    let request = Build { limits, ..Build::new(tree, &root) };
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

#[test]
fn bases_that_include_each_other_are_refused_with_the_whole_way() {
    let tree = tree(&[
        ("kustomization.yaml", "resources: [a]"),
        ("a/kustomization.yaml", "resources: [../b]"),
        ("b/kustomization.yaml", "components: [../c]"),
        ("c/kustomization.yaml", "kind: Component\nresources: [../a]"),
    ]);
    assert_eq!(code_of(&tree, Limits::default()), codes::CYCLE.id);
}

#[test]
fn bases_that_double_at_each_step_end_at_a_limit() {
    let mut tree = MemoryTree::new();
    for n in 0..40 {
        for side in ["x", "y"] {
            let path = format!("{side}{n}/kustomization.yaml");
            let text = format!("resources: [../x{0}, ../y{0}]\nnamePrefix: {side}{n}-", n + 1);
            tree = tree.with(&path, &text).expect("a path");
        }
    }
    for (path, text) in [
        ("kustomization.yaml", "resources: [x0, y0]"),
        ("x40/kustomization.yaml", "configMapGenerator: [{name: left}]"),
        ("y40/kustomization.yaml", "configMapGenerator: [{name: right}]"),
    ] {
        tree = tree.with(path, text).expect("a path");
    }
    assert_eq!(code_of(&tree, Limits::default()), codes::LIMIT.id);
}

#[test]
fn a_million_resources_end_at_a_limit() {
    let listed = format!("resources:\n{}", "- a\n".repeat(1_000_000));
    let tree = tree(&[("kustomization.yaml", &listed)]);
    assert_eq!(code_of(&tree, Limits::default()), yaml::LIMIT.id);
    let many: String = (0..50_001)
        .map(|n| format!("---\n{{apiVersion: v1, kind: A, metadata: {{name: a{n}}}}}\n"))
        .collect();
    let tree = self::tree(&[("kustomization.yaml", "resources: [a.yaml]"), ("a.yaml", &many)]);
    let refused = code_of(&tree, Limits::default());
    assert!(refused == codes::LIMIT.id || refused == yaml::LIMIT.id, "{refused}");
}

#[test]
fn no_field_that_names_a_file_leads_out() {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    for field in [
        "resources: [PATH]",
        "bases: [PATH]",
        "components: [PATH]",
        "crds: [PATH]",
        "configurations: [PATH]",
        "generators: [PATH]",
        "transformers: [PATH]",
        "validators: [PATH]",
        "openapi: {path: PATH}",
        "patches: [{path: PATH}]",
        "patchesStrategicMerge: [PATH]",
        "patchesJson6902: [{target: {name: a}, path: PATH}]",
        "replacements: [{path: PATH}]",
        "configMapGenerator: [{name: b, files: [PATH]}]",
        "configMapGenerator: [{name: b, envs: [PATH]}]",
        "secretGenerator: [{name: b, files: [k=PATH]}]",
        "secretGenerator: [{name: b, env: PATH}]",
    ] {
        for path in ["../../../etc/passwd", "/etc/passwd", "out", "in/../../x"] {
            let resources = if field.starts_with("resources") { "" } else { "resources: [a.yaml]\n" };
            let text = format!("{resources}{}", field.replace("PATH", path));
            let mut tree = tree(&[("kustomization.yaml", &text), ("a.yaml", object)]);
            tree.insert_symlink(TreePath::parse("out").expect("a path"), "../../../etc/passwd");
            let refused = code_of(&tree, Limits::default());
            assert_eq!(refused, codes::OUTSIDE.id, "{field} {path}");
        }
    }
}

#[test]
fn links_in_circles_and_a_kustomization_that_leads_out_are_refused() {
    let mut tree = tree(&[("kustomization.yaml", "resources: [a]")]);
    for (from, to) in [("a", "b"), ("b", "c"), ("c", "a")] {
        tree.insert_symlink(TreePath::parse(from).expect("a path"), to);
    }
    assert_eq!(code_of(&tree, Limits::default()), codes::OUTSIDE.id);
    let mut tree = MemoryTree::new();
    tree.insert_symlink(TreePath::parse("kustomization.yaml").expect("a path"), "/etc/passwd");
    assert_eq!(code_of(&tree, Limits::default()), codes::OUTSIDE.id);
}

#[test]
fn bombs_in_a_kustomization_or_a_patch_are_refused() {
    let mut bomb = String::from("a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
    for level in 1..9 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    assert_eq!(code_of(&tree(&[("kustomization.yaml", &bomb)]), Limits::default()), yaml::LIMIT.id);
    let deep = format!("resources: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(code_of(&tree(&[("kustomization.yaml", &deep)]), Limits::default()), yaml::LIMIT.id);
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    let tree = tree(&[
        ("kustomization.yaml", "resources: [a.yaml]\npatches: [{path: p.yaml, target: {name: a}}]"),
        ("a.yaml", object),
        ("p.yaml", &format!("{object}{bomb}")),
    ]);
    assert_eq!(code_of(&tree, Limits::default()), yaml::LIMIT.id);
}

/// A ConfigMap, and what a kustomization does to it.
fn copying(fields: &str) -> &'static str {
    let object =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: aaaaaaaaaaaaaaaa, b: {c: d}}\n";
    let kustomization = format!("resources: [x.yaml]\n{fields}");
    code_of(&tree(&[("kustomization.yaml", &kustomization), ("x.yaml", object)]), small())
}

fn small() -> Limits {
    Limits { total_bytes: 4 << 20, ..Limits::default() }
}

#[test]
fn copies_of_copies_are_refused_before_they_fill_the_memory() {
    let copy = "{op: copy, from: /data, path: /data/x}, {op: copy, from: /data, path: /data/y}, {op: move, from: /data/x, path: /z}, {op: copy, from: /z, path: /data/x}, ";
    let patch = format!("patches: [{{target: {{kind: ConfigMap}}, patch: '[{}]'}}]", copy.repeat(40));
    assert_eq!(copying(&patch), codes::LIMIT.id);
    let replacement = "- source: {kind: ConfigMap, fieldPath: data.a}\n  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a], options: {delimiter: '-', index: 9}}]\n";
    assert_eq!(copying(&format!("replacements:\n{}", replacement.repeat(60))), codes::LIMIT.id);
    let replacement = |n: usize| {
        format!(
            "- source: {{kind: ConfigMap, fieldPath: data.b}}\n  targets: [{{select: {{kind: ConfigMap}}, fieldPaths: [data.b.x{n}], options: {{create: true}}}}]\n"
        )
    };
    let replacements: String = (0..60).map(replacement).collect();
    assert_eq!(copying(&format!("replacements:\n{replacements}")), codes::LIMIT.id);
    let data: String = (0..6).map(|n| format!(", v{n}: '{}'", "$(A)".repeat(2_000))).collect();
    let object = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: x, annotations: {{a: {} {data}}}}}\n",
        "a".repeat(1_000)
    );
    let vars = "resources: [x.yaml]\nvars: [{name: A, objref: {apiVersion: v1, kind: Pod, name: x}, fieldref: {fieldPath: metadata.annotations.a}}]\nconfigurations: [c.yaml]\n";
    let spec = "varReference: [{path: metadata/annotations, kind: Pod}]\n";
    let tree = tree(&[("kustomization.yaml", vars), ("x.yaml", &object), ("c.yaml", spec)]);
    assert_eq!(code_of(&tree, small()), codes::LIMIT.id);
}

#[test]
fn what_a_build_makes_is_no_deeper_than_what_it_reads() {
    let deep = |levels: usize| format!("{}1{}", "{x: ".repeat(levels), "}".repeat(levels));
    let at = |levels: usize| format!("/data{}", "/x".repeat(levels));
    let ops = |times: usize| -> String {
        (0..times).map(|n| format!("{{op: add, path: {}, value: {}}}, ", at(n * 60), deep(61))).collect()
    };
    let patch = |times| format!("patches: [{{target: {{kind: ConfigMap}}, patch: '[{}]'}}]", ops(times));
    assert_eq!(copying(&patch(2)), codes::LIMIT.id);
    assert_eq!(copying(&patch(400)), codes::LIMIT.id);
    let path = |levels: usize| format!("data.{}", vec!["x"; levels].join("."));
    let replacement = |levels| {
        format!(
            "replacements: [{{source: {{kind: ConfigMap, fieldPath: data.a}}, targets: [{{select: {{kind: ConfigMap}}, fieldPaths: [{}], options: {{create: true}}}}]}}]",
            path(levels)
        )
    };
    assert_eq!(copying(&replacement(100)), codes::LIMIT.id);
    assert_eq!(copying(&replacement(100_000)), codes::LIMIT.id);
    let spec = format!("commonLabels: [{{path: {}, create: true}}]\n", vec!["x"; 100_000].join("/"));
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";
    let fields = "resources: [x.yaml]\ncommonLabels: {a: b}\nconfigurations: [c.yaml]\n";
    let tree = tree(&[("kustomization.yaml", fields), ("x.yaml", object), ("c.yaml", &spec)]);
    assert_eq!(code_of(&tree, Limits::default()), codes::LIMIT.id);
}
