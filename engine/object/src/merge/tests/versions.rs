//! Entries in several versions, and schemas that changed since an entry was written.

use super::story::Story;
use crate::merge::Versions;
use crate::samples::{widget_of, widget_types};
use crate::{TypeId, schema};
use serde_json::{Value, json};

/// `v2` calls `text` what `v1` calls it; `v0` is served no more.
struct TwoVersions(TypeId);

impl Versions for TwoVersions {
    fn type_at(&self, api_version: &str) -> Option<TypeId> {
        (api_version != "example.com/v0").then_some(self.0)
    }

    fn convert(&self, object: &Value, api_version: &str) -> Value {
        let mut object = object.clone();
        object["apiVersion"] = api_version.into();
        object
    }
}

fn at(version: &str, spec: Value) -> Value {
    let mut object = widget_of(spec);
    object["apiVersion"] = format!("example.com/{version}").into();
    object
}

#[test]
fn an_applier_that_changes_its_version_keeps_one_entry() {
    let (_, id) = widget_types();
    let versions = TwoVersions(id);
    let mut story = Story::of_widget();
    story.versions = Some(&versions);
    story.apply_object("a", &at("v1", json!({"text": "1", "number": 1})), false).unwrap();
    story.apply_object("a", &at("v2", json!({"text": "1"})), false).unwrap();
    assert_eq!(story.spec(), json!({"text": "1"}));
    assert_eq!(story.entries().len(), 1);
    assert_eq!(story.live.unwrap()["metadata"]["managedFields"][0]["apiVersion"], "example.com/v2");
}

#[test]
fn conflicts_are_found_across_versions() {
    let (_, id) = widget_types();
    let versions = TwoVersions(id);
    let mut story = Story::of_widget();
    story.versions = Some(&versions);
    story.apply_object("a", &at("v1", json!({"text": "1"})), false).unwrap();
    let error = story.apply_object("b", &at("v2", json!({"text": "2"})), false).unwrap_err();
    assert_eq!(error.to_string(), r#"Apply failed with 1 conflict: conflict with "a": .spec.text"#);
}

#[test]
fn entries_of_a_version_served_no_more_are_dropped() {
    let (_, id) = widget_types();
    let versions = TwoVersions(id);
    let mut story = Story::of_widget();
    story.versions = Some(&versions);
    story.apply_object("a", &at("v1", json!({"text": "1"})), false).unwrap();
    let fields = &mut story.live.as_mut().unwrap()["metadata"]["managedFields"];
    fields[0]["apiVersion"] = "example.com/v0".into();
    story.apply_object("b", &at("v1", json!({"text": "2"})), false).unwrap();
    assert_eq!(story.entries(), ["b Apply 00:01"]);
}

#[test]
fn owners_of_parts_own_the_whole_once_it_has_become_atomic() {
    let map = |kind: &str| {
        let spec = json!({"type": "object", "properties": {
            "map": {"type": "object", "x-kubernetes-map-type": kind, "additionalProperties": {"type": "string"}}}});
        schema::from_crd(&json!({"type": "object", "properties": {"spec": spec}})).expect("structural")
    };
    let (granular, atomic) = (map("granular"), map("atomic"));
    let mut before = Story::of(&granular.types, granular.root);
    before.apply("a", json!({"map": {"x": "1"}})).unwrap();
    assert_eq!(before.owns("a"), [".map.x"]);
    let mut after = Story::of(&atomic.types, atomic.root);
    after.live = before.live;
    let error = after.apply("b", json!({"map": {"y": "1"}})).unwrap_err();
    assert_eq!(error.to_string(), r#"Apply failed with 1 conflict: conflict with "a": .spec.map"#);
    after.apply("b", json!({"map": {"x": "1"}})).unwrap();
    assert_eq!((after.owns("a"), after.owns("b")), (vec![".map".into()], vec![".map".into()]));
}
