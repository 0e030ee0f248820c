//! Writes that are not apply: owners found by comparison.

use super::story::Story;
use crate::merge::Resets;
use crate::samples::widget_of;
use crate::{FieldFilter, FieldPath};
use serde_json::json;

#[test]
fn a_writer_owns_what_it_changes_and_only_that() {
    let mut story = Story::of_widget();
    story.update("creator", |spec| *spec = json!({"text": "1", "number": 1, "labels": {"a": "1"}}));
    assert_eq!(story.owns("creator"), ["", ".labels", ".number", ".text", ".labels.a"]);
    story.update("editor", |spec| spec["number"] = 2.into());
    assert_eq!(story.owns("editor"), [".number"]);
    assert_eq!(story.owns("creator"), ["", ".labels", ".text", ".labels.a"]);
}

#[test]
fn what_is_removed_is_owned_by_nobody() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"text": "1", "number": 1, "entries": [{"name": "e"}]})).unwrap();
    story.update("editor", |spec| *spec = json!({"number": 1}));
    assert_eq!(story.owns("a"), [".number"]);
    assert_eq!(story.owns("editor"), Vec::<String>::new());
}

#[test]
fn a_write_without_a_change_leaves_everything_as_it_is() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"text": "1"})).unwrap();
    let before = story.live.clone();
    story.update("editor", |_| {});
    assert!(!story.changed);
    assert_eq!(story.live, before);
}

#[test]
fn the_time_of_an_entry_is_that_of_its_last_change() {
    let mut story = Story::of_widget();
    story.update("a", |spec| spec["text"] = "1".into());
    story.update("b", |spec| spec["number"] = 1.into());
    story.update("a", |spec| spec["flag"] = true.into());
    assert_eq!(story.entries(), ["b Update 00:01", "a Update 00:02"]);
}

#[test]
fn an_object_that_nobody_tracked_stays_untracked_until_it_is_applied() {
    let mut story = Story::of_widget();
    story.live = Some(widget_of(json!({"text": "1"})));
    story.update("editor", |spec| spec["text"] = "2".into());
    assert!(story.entries().is_empty());
}

#[test]
fn clients_may_edit_and_reset_managed_fields() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"text": "1"})).unwrap();
    let mut without = story.live.clone().unwrap();
    without["metadata"].as_object_mut().unwrap().remove("managedFields");
    without["spec"]["number"] = 1.into();
    story.update_object("old-client", &without);
    assert_eq!(story.entries(), ["a Apply 00:00", "old-client Update 00:01"]);
    let mut renamed = story.live.clone().unwrap();
    renamed["metadata"]["managedFields"][0]["manager"] = "renamed".into();
    story.update_object("editor", &renamed);
    assert_eq!(story.owns("renamed"), [".text"]);
    let mut reset = story.live.clone().unwrap();
    reset["metadata"]["managedFields"] = json!([{}]);
    story.update_object("editor", &reset);
    assert!(story.entries().is_empty());
}

#[test]
fn managed_fields_that_make_no_sense_do_not_replace_those_that_do() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"text": "1"})).unwrap();
    let mut broken = story.live.clone().unwrap();
    broken["metadata"]["managedFields"] = json!([{"manager": "x", "operation": "Steal", "apiVersion": "v1"}]);
    story.update_object("editor", &broken);
    assert_eq!(story.entries(), ["a Apply 00:00"]);
}

#[test]
fn what_an_endpoint_resets_nobody_owns_through_it() {
    let all_but = |names: &[&str]| {
        let fields = names.iter().map(|name| FieldPath::of_fields([*name])).collect();
        Some(Resets { otherwise: Some(FieldFilter::Exclude(fields)), ..Resets::default() })
    };
    let mut story = Story::of_widget();
    story.resets = all_but(&["status"]);
    let mut object = widget_of(json!({"text": "1"}));
    object["status"] = json!({"phase": "New"});
    story.apply_object("a", &object, false).unwrap();
    assert_eq!(story.owns("a"), [".text"]);
    (story.subresource, story.resets) = ("status", all_but(&["metadata", "spec"]));
    let mut new = story.live.clone().unwrap();
    new["status"]["phase"] = "Ready".into();
    story.update_object("controller", &new);
    assert_eq!(story.owns("controller"), [".status.phase"]);
    let fields = &story.live.as_ref().unwrap()["metadata"]["managedFields"];
    assert_eq!(fields[1]["subresource"], "status");
}

#[test]
fn old_updaters_are_merged_beyond_ten() {
    let mut story = Story::of_widget();
    story.apply("applier", json!({"text": "1"})).unwrap();
    for i in 0..15 {
        story.update(&format!("u{i:02}"), |spec| spec["labels"][format!("l{i}")] = "1".into());
    }
    let entries = story.entries();
    assert_eq!(entries.len(), 11);
    assert_eq!(&entries[..3], ["applier Apply 00:00", "ancient-changes Update 00:06", "u06 Update 00:07"]);
    assert_eq!(story.owns("ancient-changes").len(), 7);
}

#[test]
fn an_object_that_does_not_fit_its_type_loses_its_managed_fields() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"text": "1"})).unwrap();
    story.update("editor", |spec| spec["text"] = 1.into());
    assert!(story.entries().is_empty());
}

#[test]
fn a_manager_without_a_name_is_unknown() {
    let mut story = Story::of_widget();
    story.update("", |spec| spec["text"] = "1".into());
    assert_eq!(story.entries(), ["unknown Update 00:00"]);
}
