use super::{problems, read, root, values};
use crate::{NodeValue, emit};
use serde_json::json;

#[test]
fn documents_that_hold_nothing_are_dropped_and_the_others_are_counted() {
    let loaded = read("# a comment\n---\na: 1\n---\n---\nnull\n--- # more\n\n---\nb: 2\n");
    assert!(loaded.complete);
    let found: Vec<_> = loaded.documents.iter().map(|d| (d.index, d.span.start.line)).collect();
    assert_eq!(found, [(0, 3), (1, 10)]);
}

#[test]
fn a_broken_document_spoils_neither_those_before_nor_those_behind() {
    let loaded = read("a: 1\n---\nb: [\n---\nc: 3\n");
    assert!(!loaded.complete);
    let found: Vec<_> = loaded.documents.iter().map(|d| (d.index, d.root.to_json())).collect();
    assert_eq!(found, [(0, json!({"a": 1})), (2, json!({"c": 3}))]);
    assert_eq!(loaded.diagnostics.len(), 1);
}

#[test]
fn every_node_and_key_knows_its_place() {
    let node = root("a:\n  - b: 1\n    \"ü\": [x,\n      y]\n  - |\n    text\nc: 2\n");
    let place = |pointer: &str| {
        let span = node.pointer(pointer).unwrap().span;
        format!("{}-{}", span.start, span.end)
    };
    assert_eq!(place(""), "1:1-7:5");
    assert_eq!(place("/a"), "2:3-6:9");
    assert_eq!(place("/a/0"), "2:5-4:9");
    assert_eq!(place("/a/0/b"), "2:8-2:9");
    assert_eq!(place("/a/0/ü"), "3:10-4:9");
    assert_eq!(place("/a/0/ü/1"), "4:7-4:8");
    assert_eq!(place("/a/1"), "5:5-6:9");
    let (key, _) = node.path(&["a"]).unwrap().as_sequence().unwrap()[0].entry("ü").unwrap();
    assert_eq!((key.span.start.column, key.span.end.column), (5, 8));
}

#[test]
fn places_in_json_are_known_too() {
    let node = root("{\"a\": {\"é\": [1,\n  \"x\"]}}");
    assert_eq!(node.nearest("/a/é/0").start.to_string(), "1:14");
    assert_eq!(node.nearest("/a/é/1").start.to_string(), "2:3");
}

#[test]
fn numbers_are_what_json_leaves_of_them() {
    let node = root("[1.0, 1e3, 18446744073709551615, 1e20, -0.0, 0.5]");
    let kinds: Vec<_> = node.as_sequence().unwrap().iter().map(|n| n.value.clone()).collect();
    let expected = [
        NodeValue::Int(1),
        NodeValue::Int(1000),
        NodeValue::Uint(u64::MAX),
        NodeValue::Float(1e20),
        NodeValue::Int(0),
        NodeValue::Float(0.5),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn a_key_that_is_set_twice_is_an_error_however_it_is_written() {
    assert_eq!(problems("a: 1\nb: 2\na: 3\n"), ["3:1 MS1002"]);
    assert_eq!(problems("1: a\n'1': b\n"), ["2:1 MS1002"]);
    assert_eq!(problems("yes: a\ntrue: b\n"), ["2:1 MS1002"]);
    assert_eq!(problems("{\"a\": 1, \"a\": 2}"), ["1:10 MS1002"]);
    let many: String = (0..100).map(|i| format!("k{i}: 0\n")).collect();
    assert_eq!(problems(&format!("{many}k50: 0\n")), ["101:1 MS1002"]);
}

#[test]
fn a_merged_key_is_no_duplicate() {
    let text = "x: &x {a: 1, b: 2}\nm:\n  <<: *x\n  b: 3\n";
    assert_eq!(values(text)[0]["m"], json!({"a": 1, "b": 3}));
    assert_eq!(problems("y:\n  b: 1\n  <<: {a: 1}\n  b: 3\n"), ["4:3 MS1002"]);
}

#[test]
fn what_follows_the_end_of_a_document_is_an_error_where_kubernetes_would_drop_it() {
    assert_eq!(problems("a: 1\n...\nb: 2\n"), ["3:1 MS1001"]);
    assert_eq!(problems("[a] b\n"), ["1:5 MS1001"]);
    assert!(read("a: 1\n...\n# fine\n").complete);
}

#[test]
fn an_alias_stands_where_it_is_written() {
    let node = root("a: &x\n  b: 1\nc: *x\n");
    assert_eq!(node.nearest("/c").start.to_string(), "3:4");
    assert_eq!(node.nearest("/c/b").start.to_string(), "2:6");
}

#[test]
fn what_is_read_can_be_taken_without_a_copy() {
    let node = root("a: [1, x, null, true, 1.5, {b: c}]\n");
    assert_eq!(node.to_json(), node.clone().into_json());
    assert_eq!(emit(&node.into_json()), "a:\n- 1\n- x\n- null\n- true\n- 1.5\n- b: c\n");
}
