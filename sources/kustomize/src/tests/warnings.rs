//! What kustomize says nothing about.
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
