//! Objects as they come out of a build.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::golden::{keys, read};
use crate::{
    Format, Integrity, Limits, Reference, SopsError, decrypt_object, decrypt_referenced, is_encrypted, wipe,
};

fn encrypted(name: &str) -> Value {
    let loaded = mainstay_yaml::load(name, &read(name), &mainstay_yaml::Limits::default());
    loaded.documents.into_iter().next().expect("a document").root.into_json()
}

fn open(object: &Value) -> Result<Option<Value>, SopsError> {
    decrypt_object(object, &keys(), &Limits::default())
}

#[test]
fn an_object_is_decrypted_although_a_build_added_to_it() {
    let mut object = encrypted("regex.yaml");
    object["metadata"]["labels"] = json!({"added": "by a build"});
    assert!(is_encrypted(&object));
    let plain = open(&object).expect("decrypted").expect("changed");
    assert_eq!(plain["stringData"]["password"], "hunter2");
    assert_eq!(plain["stringData"]["port"], 8080);
    assert_eq!(plain["metadata"]["labels"]["added"], "by a build");
    assert_eq!(plain.get("sops"), None);
    assert!(!is_encrypted(&plain));
}

#[test]
fn the_entries_of_a_secret_are_decrypted_to_the_format_of_their_names() {
    let data = |name: &str| Value::from(STANDARD.encode(read(name)));
    let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "generated"}, "data": {
        "values.yaml": data("types.yaml"), "blob": data("blob.bin"), "vars.env": data("vars.env"),
        "clear": STANDARD.encode("clear"), "odd": "not base64!",
    }});
    assert!(is_encrypted(&object));
    let plain = open(&object).expect("decrypted").expect("changed");
    assert_eq!(plain["data"]["blob"], STANDARD.encode(read("blob.bin.plain")));
    assert_eq!(plain["data"]["values.yaml"], STANDARD.encode(read("types.yaml.plain")));
    assert_eq!(plain["data"]["vars.env"], STANDARD.encode(read("vars.env.plain")));
    assert_eq!(
        (&plain["data"]["clear"], &plain["data"]["odd"]),
        (&object["data"]["clear"], &json!("not base64!"))
    );
    let other = json!({"kind": "ConfigMap", "data": {"values.yaml": data("types.yaml")}});
    assert_eq!(open(&other), Ok(None));
}

#[test]
fn an_object_without_anything_encrypted_is_left_alone() {
    for object in [json!({"kind": "Secret"}), json!({"sops": {"mac": ""}}), json!({"sops": "x"}), json!([1])]
    {
        assert_eq!(open(&object), Ok(None), "{object}");
    }
}

#[test]
fn a_rule_that_needs_comments_is_an_error_instead_of_applied_ciphertext() {
    assert_eq!(open(&encrypted("comment.yaml")), Err(SopsError::RuleNeedsComments));
}

#[test]
fn files_of_a_kustomization_are_read_in_the_format_of_their_key() {
    let open = |reference, name: &str| {
        let opened =
            decrypt_referenced(reference, &read(name), &keys(), Integrity::Values, &Limits::default());
        opened.expect("decrypted").map(|plain| plain.to_vec())
    };
    assert_eq!(open(Reference::File("values.yaml=secret.txt"), "types.yaml"), Some(read("types.yaml.plain")));
    assert_eq!(open(Reference::File("dir/blob.bin"), "blob.bin"), Some(read("blob.bin.plain")));
    assert_eq!(open(Reference::Env("secrets.txt"), "vars.env"), Some(read("vars.env.plain")));
    assert_eq!(open(Reference::Patch("patch.yml"), "regex.yaml"), Some(read("regex.yaml.plain")));
    // A key without an ending is a binary file, in which YAML is not looked for.
    assert_eq!(open(Reference::File("config=types.yaml"), "types.yaml"), None);
    assert_eq!(Format::of(Reference::File(".dockerconfigjson=x")), Format::Json);
}

#[test]
fn an_object_that_is_no_longer_needed_can_be_wiped() {
    let mut object = json!({"a": ["secret", {"b": "secret"}], "c": 1});
    wipe(&mut object);
    assert_eq!(object, json!({"a": ["", {"b": ""}], "c": 1}));
}
