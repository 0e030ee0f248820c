use crate::{Digest, NotAnObject, Object, ObjectKey};
use serde_json::json;

#[test]
fn an_object_needs_version_kind_and_name() {
    let missing = |v| Object::new(v).unwrap_err();
    assert_eq!(missing(json!([])), NotAnObject::NotAMapping);
    assert_eq!(missing(json!({"kind": "A"})), NotAnObject::Missing("apiVersion"));
    assert_eq!(missing(json!({"apiVersion": "v1", "kind": ""})), NotAnObject::Missing("kind"));
    assert_eq!(missing(json!({"apiVersion": "v1", "kind": "A"})), NotAnObject::Missing("metadata.name"));
    let wrong = missing(json!({"apiVersion": "v1", "kind": "A", "metadata": {"name": 1}}));
    assert_eq!(wrong.to_string(), "field metadata.name must be a string");
}

#[test]
fn a_key_says_what_an_object_is_without_its_version() {
    let object = |version: &str| {
        Object::new(json!({"apiVersion": version, "kind": "Deployment", "metadata": {"name": "n", "namespace": "ns"}}))
            .unwrap()
            .key()
    };
    assert_eq!(object("apps/v1"), object("apps/v1beta1"));
    assert_eq!(object("apps/v1").to_string(), "Deployment.apps ns/n");
    assert_eq!(ObjectKey::new("", "Namespace", "", "web").to_string(), "Namespace web");
}

#[test]
fn a_digest_does_not_depend_on_the_order_of_keys() {
    let a: serde_json::Value = serde_json::from_str(r#"{"b":[1,{"y":1,"x":2}],"a":null}"#).unwrap();
    let b: serde_json::Value = serde_json::from_str(r#"{"a":null,"b":[1,{"x":2,"y":1}]}"#).unwrap();
    assert_eq!(Digest::of_value(&a), Digest::of_value(&b));
    assert_eq!(Digest::of_bytes(b"").short(), "e3b0c44298fc");
}
