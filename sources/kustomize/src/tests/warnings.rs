//! What kustomize says nothing about, or less than helps.
use crate::{Build, build};
use mainstay_unit::Overlay;
use mainstay_unit::tree::{MemoryTree, TreePath};

const OBJECTS: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: front, namespace: shop}\n";

fn warnings(kustomization: &str) -> Vec<String> {
    let tree = MemoryTree::new().with("kustomization.yaml", kustomization).expect("a path");
    let tree = tree.with("objects.yaml", OBJECTS).expect("a path");
    let built = build(&Build::new(&tree, &TreePath::root())).expect("it builds");
    assert_eq!(built.objects.len(), 2);
    built.warnings.iter().map(|d| format!("{d} {}", d.hint.as_deref().unwrap_or_default())).collect()
}

fn patch(target: &str) -> String {
    let patch = "  patch: |-\n    - {op: add, path: /metadata/labels, value: {a: b}}\n";
    format!("resources: [objects.yaml]\npatches:\n- target: {target}\n{patch}")
}

#[test]
fn a_patch_that_matches_nothing_names_what_may_have_been_meant() {
    for (target, near) in [
        ("{kind: Deployment, name: wep}", "Deployment (apps/v1) shop/web"),
        ("{kind: Deployment, name: entirely-different}", "Deployment (apps/v1) shop/web"),
        ("{kind: StatefulSet, name: web}", "Deployment (apps/v1) shop/web"),
        ("{name: fronts}", "Service (v1) shop/front"),
        ("{kind: Service, namespace: other}", "Service (v1) shop/front"),
    ] {
        let told = warnings(&patch(target));
        let as_told = |told: &String| {
            told.starts_with("kustomization.yaml:3:3: ") && told.contains("MS4019") && told.contains(near)
        };
        assert!(told.len() == 1 && told.iter().all(as_told), "{target}: {told:?}");
    }
}

#[test]
fn a_patch_that_matches_is_silent() {
    for target in ["{kind: Deployment}", "{name: we.}", "{labelSelector: '!a'}"] {
        assert_eq!(warnings(&patch(target)), Vec::<String>::new(), "{target}");
    }
}

#[test]
fn what_a_declaration_merges_into_every_tree_need_not_fit_this_one() {
    let tree = MemoryTree::new().with("objects.yaml", OBJECTS).expect("a path");
    let mut overlay = Overlay::default();
    let patches =
        serde_json::json!([{"target": {"kind": "HelmRelease"}, "patch": "- {op: add, path: /a, value: b}"}]);
    overlay.kustomization.insert("patches".into(), patches);
    let root = TreePath::root();
    let built = build(&Build { overlay: Some(&overlay), ..Build::new(&tree, &root) }).expect("it builds");
    assert_eq!(built.warnings.iter().count(), 0);
}

#[test]
fn what_may_have_been_meant_is_told_with_a_mistake() {
    let objects = "resources: [objects.yaml]\n";
    let inline = |patch: &str| format!("{objects}patches:\n- patch: '{patch}'\n");
    for (kustomization, message, hint) in [
        (
            inline("{apiVersion: apps/v1, kind: Deployment, spec: {}}"),
            "the patch names no object: it has no metadata.name",
            "give it the name of the object that it changes; with a target any name will do",
        ),
        (
            inline("{apiVersion: apps/v1, kind: Deployment, metadata: {name: wep}}"),
            "the patch is for Deployment (apps/v1) wep, which is not in the build",
            "the closest one is Deployment (apps/v1) shop/web",
        ),
        (
            format!("{objects}replicas:\n- {{name: wep, count: 2}}\n"),
            "no object with replicas is called \"wep\"",
            "the closest one is Deployment (apps/v1) shop/web",
        ),
        (
            format!("{objects}replicas:\n- {{name: front, count: 2}}\n"),
            "no object with replicas is called \"front\"",
            "kinds that count: Deployment, StatefulSet, ReplicaSet, ReplicationController",
        ),
        (
            format!(
                "{objects}replacements:\n- source: {{kind: Service, name: fronts}}\n  targets: [{{select: {{kind: Deployment}}, fieldPaths: [spec.x]}}]\n"
            ),
            "no object in the build is the replacement's source, Service fronts",
            "the closest one is Service (v1) shop/front",
        ),
        (
            format!("{objects}components: [objects.yaml]\n"),
            "objects.yaml is a file; a component is a folder",
            "name it under resources or patches, or its folder here",
        ),
        (
            "resources: [object.yaml]\n".into(),
            "there is no file or folder object.yaml in .",
            "did you mean objects.yaml?",
        ),
        (
            "resources: objects.yaml\n".into(),
            "resources must be a list, not a string",
            "put it in brackets, or on a line of its own behind a dash",
        ),
    ] {
        let tree = MemoryTree::new().with("kustomization.yaml", &kustomization).expect("a path");
        let tree = tree.with("objects.yaml", OBJECTS).expect("a path");
        let failed = build(&Build::new(&tree, &TreePath::root())).expect_err("a mistake");
        let first = failed.diagnostics.iter().next().expect("a diagnostic");
        assert_eq!((first.message.as_str(), first.hint.as_deref()), (message, Some(hint)), "{kustomization}");
        assert!(first.location.as_ref().is_some_and(|at| at.span.is_some()), "{kustomization}");
    }
}
