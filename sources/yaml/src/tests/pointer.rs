use super::root;
use serde_json::json;

const TEXT: &str = "spec:\n  a/b:\n    - x: 1\n  ~c: 2\n";

#[test]
fn pointers_are_escaped_as_in_rfc_6901() {
    let node = root(TEXT);
    assert_eq!(node.pointer("").unwrap().to_json(), node.to_json());
    assert_eq!(node.pointer("/spec/a~1b/0/x").unwrap().to_json(), json!(1));
    assert_eq!(node.pointer("/spec/~0c").unwrap().to_json(), json!(2));
    assert!(node.pointer("/spec/a~1b/1").is_none());
}

#[test]
fn the_nearest_place_is_the_deepest_that_exists() {
    let node = root(TEXT);
    assert_eq!(node.nearest("/spec/a~1b/0/y/z").start.to_string(), "3:7");
    assert_eq!(node.nearest("/nowhere").start.to_string(), "1:1");
    assert_eq!(node.nearest_key("/spec/a~1b").start.to_string(), "2:3");
    assert_eq!(node.nearest_key("/spec/~0c/d").start.to_string(), "4:3");
}
