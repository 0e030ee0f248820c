use super::draw::draw;
use super::{errors, inputs_at};
use crate::{Checkout, Inputs, read};
use mainstay_unit::tree::{MemoryTree, TreePath};
use std::path::{Path, PathBuf};

/// The corpora's folder, or nothing, which is said.
pub(super) fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("MAINSTAY_CORPORA").map(PathBuf::from).filter(|path| path.is_dir());
    if folder.is_none() {
        eprintln!("SKIPPED: MAINSTAY_CORPORA names no folder, so that real repositories are not read");
    }
    folder
}

pub(super) fn load(folder: &Path) -> MemoryTree {
    let mut tree = MemoryTree::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                tree.insert(TreePath::parse(name).unwrap(), std::fs::read(&path).unwrap().into());
            }
        }
    }
    tree
}

fn example(repository: &str, entry: &str) -> Option<String> {
    let tree = load(&corpora()?.join("repos").join(repository));
    let reading = read(&inputs_at(tree, entry));
    assert_eq!(errors(&reading), Vec::<String>::new(), "{repository}/{entry}");
    Some(draw(&reading))
}

#[test]
fn the_helm_example_has_every_unit_and_edge_of_its_files() {
    for cluster in ["staging", "production"] {
        let Some(drawn) = example("flux2-kustomize-helm-example", &format!("clusters/{cluster}")) else {
            return;
        };
        // The one takes versions before a release, the other does not.
        let drawn = drawn.replace(">=1.0.0-alpha", ">=1.0.0");
        assert_eq!(drawn, include_str!("snapshots/helm-example.txt"), "{cluster}\n{drawn}");
    }
}

#[test]
fn the_multi_tenancy_example_has_every_unit_and_edge_of_its_files() {
    for cluster in ["staging", "production"] {
        let Some(drawn) = example("flux2-multi-tenancy", &format!("clusters/{cluster}")) else { return };
        assert_eq!(drawn, include_str!("snapshots/multi-tenancy.txt"), "{cluster}\n{drawn}");
    }
}

#[test]
fn what_cannot_be_fetched_is_a_need_where_somebody_can_meet_it() {
    let Some(corpora) = corpora() else { return };
    let tree = load(&corpora.join("repos/flux2-multi-tenancy"));
    let checkout = Checkout { revision: "r".into(), tree: std::sync::Arc::new(tree) };
    let reading = read(&Inputs::new(checkout, TreePath::parse("clusters/staging").unwrap()));
    let needs: Vec<String> = reading.needs.iter().map(|need| format!("{need:?}")).collect();
    assert_eq!(needs.len(), 2, "{needs:?}");
    assert!(needs[0].contains("https://github.com/fluxcd/flux2-multi-tenancy"), "{needs:?}");
    assert!(needs[0].contains("dev-team"), "{needs:?}");
    assert!(needs[1].contains("oci://ghcr.io/kyverno/manifests/kyverno"), "{needs:?}");
}
