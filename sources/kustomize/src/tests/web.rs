//! Files of the web.
use crate::{Build, Refused, build, emit};
use mainstay_unit::tree::{MemoryTree, TreePath};
use std::cell::RefCell;
use std::sync::Arc;

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: there\n";

/// Which URLs were asked for, and what came of it.
fn ask(kustomization: &str, there: Option<&str>) -> (Vec<String>, Result<String, String>) {
    let tree = MemoryTree::new().with("kustomization.yaml", kustomization).expect("a path");
    let asked = RefCell::new(Vec::new());
    let web = |url: &str| {
        asked.borrow_mut().push(url.to_owned());
        match url.contains("refused") {
            true => Err(Refused::from("it may not be read".to_owned())),
            false => Ok(there.map(|text| Arc::from(text.as_bytes()))),
        }
    };
    let root = TreePath::root();
    let built = build(&Build { web: Some(&web), ..Build::new(&tree, &root) });
    let built = match built {
        Ok(built) => Ok(emit(&built.objects)),
        Err(failed) => Err(failed.diagnostics.iter().map(ToString::to_string).collect()),
    };
    (asked.into_inner(), built)
}

#[test]
fn a_file_of_the_web_is_a_resource_a_patch_and_content_like_any_other() {
    let url = "https://example.com/v1/map.yaml";
    let (asked, built) = ask(&format!("namePrefix: p-\nresources: ['{url}']\n"), Some(MAP));
    assert_eq!(
        (asked, built.as_deref()),
        (vec![url.to_owned()], Ok("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: p-there\n"))
    );
    let (_, built) = ask(&format!("configMapGenerator:\n- name: m\n  files: ['{url}']\n"), Some("x"));
    assert!(built.as_deref().is_ok_and(|text| text.contains("map.yaml: x")), "{built:?}");
    let patch = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n  b: c\n";
    let (_, built) = ask(
        &format!("configMapGenerator:\n- name: m\n  literals: [a=b]\npatches:\n- path: '{url}'\n"),
        Some(patch),
    );
    assert!(built.as_deref().is_ok_and(|text| text.contains("  b: c\n")), "{built:?}");
}

#[test]
fn what_is_wrong_in_it_is_told_with_its_url() {
    let (_, built) = ask("resources: ['https://example.com/a.yaml']\n", Some("a: [\n"));
    assert!(built.as_ref().is_err_and(|told| told.contains("https://example.com/a.yaml:")), "{built:?}");
    for (url, said) in [
        ("https://example.com/refused.yaml", "can't be had: it may not be read"),
        ("https://user@example.com/a.yaml", "without a user"),
    ] {
        let (_, built) = ask(&format!("resources: ['{url}']\n"), Some(MAP));
        assert!(built.as_ref().is_err_and(|told| told.contains(said)), "{url}: {built:?}");
    }
    let tree = MemoryTree::new()
        .with("kustomization.yaml", "resources: ['https://example.com/a.yaml']\n")
        .expect("a path");
    let failed = build(&Build::new(&tree, &TreePath::root())).expect_err("nobody answers");
    assert!(failed.diagnostics.iter().any(|d| d.message.contains("is a file of the web")));
}

#[test]
fn two_files_of_one_name_are_two_and_an_unknown_one_holds_nothing() {
    let kustomization = "resources: ['https://example.com//a.yaml', 'https://example.com/a.yaml']\n";
    let (asked, built) = ask(kustomization, Some(MAP));
    assert_eq!(asked.len(), 2);
    assert!(built.as_ref().is_err_and(|told| told.contains("there")), "one object twice: {built:?}");
    let (asked, built) = ask(kustomization, None);
    assert_eq!((asked.len(), built.as_deref()), (2, Ok("")));
}
