//! What Flux does around the build: folders without a kustomization, merged fields, variables.
use crate::substitute::expression::expand;
use crate::{Build, Substitute, build, common_metadata, emit, substitute};
use mainstay_unit::Overlay;
use mainstay_unit::tree::{MemoryTree, TreePath};
use serde_json::{Map, json};
use std::collections::BTreeMap;

fn value(name: &str) -> Option<String> {
    match name {
        "v" => Some("abcABCabc".into()),
        "path" => Some("path/to/file.tar.gz".into()),
        "empty" => Some(String::new()),
        _ => None,
    }
}

#[test]
fn expressions_mean_what_they_mean_to_envsubst() {
    for (text, expected) in [
        ("plain $v $", "plain $v $"),
        ("${v}", "abcABCabc"),
        ("${#v}", "9"),
        ("${v^}", "AbcABCabc"),
        ("${v^^}", "ABCABCABC"),
        ("${v,,}", "abcabcabc"),
        ("${v:3}", "ABCabc"),
        ("${v:3:2}", "AB"),
        ("${empty:=x}", "x"),
        ("${none:-${v}-y}", "abcABCabc-y"),
        ("${none=}", ""),
        ("${v/abc/X}", "XABCabc"),
        ("${v//abc/X}", "XABCX"),
        ("${v/#abc/X}", "XABCabc"),
        ("${v/%abc/X}", "abcABCX"),
        ("${path//\\//-}", "path-to-file.tar.gz"),
        ("${path#*/}", "to/file.tar.gz"),
        ("${path##*/}", "file.tar.gz"),
        ("${path%.*}", "path/to/file.tar"),
        ("${path%%.*}", "path/to/file"),
        ("$${v}", "${v}"),
        ("some $${v$${v}${v}", "some ${v${v}abcABCabc"),
    ] {
        assert_eq!(expand(text, &value, 1_000).as_deref(), Ok(expected), "{text}");
    }
    for text in ["${", "${}", "${v", "${v!}", "${none}", "${v/x"] {
        assert!(expand(text, &value, 1_000).is_err(), "{text}");
    }
    assert!(expand(&"${v}".repeat(1_000), &value, 1_000).is_err());
    assert!(expand(&"${none:-".repeat(1_000), &value, 100_000).is_err());
}

fn built(tree: &MemoryTree, overlay: &Overlay) -> Vec<mainstay_unit::Desired> {
    let root = TreePath::root();
    let request = Build { overlay: Some(overlay), ..Build::new(tree, &root) };
    let mut objects = build(&request).expect("it builds").objects;
    objects.iter_mut().for_each(|desired| common_metadata(&mut desired.object, overlay));
    objects
}

#[test]
fn a_folder_without_a_kustomization_is_all_that_is_in_it() {
    let tree = MemoryTree::new()
        .with("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
        .and_then(|t| t.with("deep/er/b.yml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"))
        .and_then(|t| t.with("own/kustomization.yaml", "namePrefix: own-\nresources: [c.yaml]\n"))
        .and_then(|t| t.with("own/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"))
        .and_then(|t| t.with("own/unused.yaml", "not: an object\n"))
        .and_then(|t| t.with("notes.txt", "nothing"))
        .expect("paths");
    let mut fields = Map::new();
    fields.insert("namespace".into(), json!("ns"));
    let overlay =
        Overlay { kustomization: fields, labels: vec![("l".into(), "1".into())], ..Overlay::default() };
    let objects = built(&tree, &overlay);
    let keys: Vec<String> = objects.iter().map(|d| d.object.key().to_string()).collect();
    assert_eq!(keys, ["ConfigMap ns/a", "ConfigMap ns/b", "ConfigMap ns/own-c"]);
    assert!(objects.iter().all(|d| d.object.label("l") == Some("1")));
    assert_eq!(objects[1].origin.to_string(), "deep/er/b.yml:1:1");
}

#[test]
fn variables_may_become_anything_but_never_show() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {port: '${n}', t: '${t:=x}'}\n---\n\
                apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, annotations: {sw: disabled}}\ndata: {port: '${n}'}\n";
    let tree = MemoryTree::new().with("a.yaml", text).expect("a path");
    let objects = built(&tree, &Overlay::default());
    let variables = BTreeMap::from([("n".to_owned(), "5\n".to_owned())]);
    let how = Substitute { variables: &variables, strict: true, switch: "sw", most: 10_000 };
    let out = emit(&substitute(objects.clone(), &how).expect("values"));
    assert!(out.contains("port: 5\n  t: x\n") && out.contains("port: ${n}\n"), "{out}");
    let variables = BTreeMap::from([("n".to_owned(), "secret: [".to_owned())]);
    let how = Substitute { variables: &variables, strict: true, switch: "sw", most: 10_000 };
    let failed = substitute(objects, &how).expect_err("no YAML");
    let shown: String = failed.iter().map(|d| format!("{d:?}")).collect();
    assert!(!shown.contains("secret"), "{shown}");
}
