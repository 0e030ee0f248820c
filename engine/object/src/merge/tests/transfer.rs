//! Who comes to own what, who stands in the way, and what goes when nobody is left.

use super::story::Story;
use crate::merge::WriteError;
use serde_json::json;

fn conflict(result: Result<(), WriteError>) -> String {
    match result {
        Err(error @ WriteError::Conflicts(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_applier_owns_what_it_applies_and_loses_what_it_leaves_out() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"text": "1", "number": 1})).unwrap();
    assert_eq!(story.owns("a"), [".number", ".text"]);
    story.apply("a", json!({"number": 2})).unwrap();
    assert_eq!(story.spec(), json!({"number": 2}));
    assert_eq!(story.owns("a"), [".number"]);
}

#[test]
fn two_who_apply_the_same_value_share_it_and_the_last_to_leave_removes_it() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"text": "1"})).unwrap();
    story.apply("b", json!({"text": "1", "number": 1})).unwrap();
    assert_eq!(
        (story.owns("a"), story.owns("b")),
        (vec![".text".into()], vec![".number".into(), ".text".into()])
    );
    story.apply("a", json!({"flag": true})).unwrap();
    assert_eq!(story.spec(), json!({"text": "1", "number": 1, "flag": true}));
    story.apply("b", json!({"number": 1})).unwrap();
    assert_eq!(story.spec(), json!({"number": 1, "flag": true}));
}

#[test]
fn another_value_is_a_conflict_that_names_the_owner() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"text": "1", "number": 1})).unwrap();
    let one = conflict(story.apply("b", json!({"text": "2"})));
    assert_eq!(one, r#"Apply failed with 1 conflict: conflict with "a": .spec.text"#);
    let two = conflict(story.apply("b", json!({"text": "2", "number": 2})));
    assert_eq!(two, "Apply failed with 2 conflicts: conflicts with \"a\":\n- .spec.number\n- .spec.text");
    assert_eq!(story.spec(), json!({"text": "1", "number": 1}));
}

#[test]
fn a_conflict_with_an_updater_names_its_version() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"number": 1})).unwrap();
    story.update("edit", |spec| spec["text"] = "1".into());
    let text = conflict(story.apply("a", json!({"text": "2", "number": 1})));
    assert_eq!(
        text,
        r#"Apply failed with 1 conflict: conflict with "edit" using example.com/v1: .spec.text"#
    );
}

#[test]
fn force_takes_the_field_from_its_owner() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"text": "1", "number": 1})).unwrap();
    story.force("b", json!({"text": "2"}));
    assert_eq!((story.owns("a"), story.owns("b")), (vec![".number".into()], vec![".text".into()]));
    story.force("b", json!({"text": "2", "number": 2}));
    assert_eq!(story.entries(), ["b Apply 00:02"]);
}

#[test]
fn what_an_applier_gave_up_stays_where_an_updater_owns_it() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"text": "1", "labels": {"x": "1", "y": "1"}})).unwrap();
    story.update("edit", |spec| spec["labels"]["x"] = "2".into());
    assert_eq!(story.owns("a"), [".text", ".labels.y"]);
    story.apply("a", json!({"text": "1"})).unwrap();
    assert_eq!(story.spec(), json!({"text": "1", "labels": {"x": "2"}}));
}

#[test]
fn an_item_goes_even_where_an_updater_owns_something_in_it() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"entries": [{"name": "e"}, {"name": "f"}]})).unwrap();
    story.update("edit", |spec| spec["entries"][0]["value"] = 1.into());
    story.apply("a", json!({"entries": [{"name": "f"}]})).unwrap();
    assert_eq!(story.spec(), json!({"entries": [{"name": "f"}]}));
    assert_eq!(story.owns("edit"), Vec::<String>::new());
}

#[test]
fn an_item_that_another_applies_too_stays_with_what_others_own_in_it() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"entries": [{"name": "e"}, {"name": "f", "tags": ["x"]}]})).unwrap();
    story.apply("b", json!({"entries": [{"name": "f", "tags": ["y"]}]})).unwrap();
    story.update("edit", |spec| spec["entries"][1]["tags"] = json!(["x", "y", "z"]));
    story.apply("a", json!({"entries": [{"name": "e"}]})).unwrap();
    assert_eq!(story.spec(), json!({"entries": [{"name": "e"}, {"name": "f", "tags": ["y", "z"]}]}));
}

#[test]
fn a_struct_stays_for_what_an_updater_owns_in_it() {
    for left in [json!({}), json!({"struct": {}}), json!({"struct": null})] {
        let mut story = Story::of_widget();
        story.apply("a", json!({"struct": {"a": "1"}})).unwrap();
        story.update("edit", |spec| spec["struct"]["b"] = "2".into());
        story.apply("a", left).unwrap();
        assert_eq!(story.spec(), json!({"struct": {"b": "2"}}));
    }
}

#[test]
fn a_struct_that_is_applied_as_null_and_left_with_nothing_is_null() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"struct": {"a": "1"}})).unwrap();
    story.apply("a", json!({"struct": null})).unwrap();
    assert_eq!(story.spec(), json!({"struct": null}));
    assert_eq!(story.owns("a"), [".struct"]);
}

#[test]
fn a_field_that_another_changed_is_theirs_when_its_applier_leaves() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"struct": {"a": "1"}})).unwrap();
    story.update("edit", |spec| spec["struct"] = json!({"a": "2", "b": "2"}));
    story.apply("a", json!({"text": "t"})).unwrap();
    assert_eq!(story.spec(), json!({"struct": {"a": "2", "b": "2"}, "text": "t"}));
}

#[test]
fn an_item_goes_with_everything_that_only_its_applier_owned() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"entries": [{"name": "e", "value": 1, "tags": ["x"]}, {"name": "f"}]})).unwrap();
    story.apply("a", json!({"entries": [{"name": "f"}]})).unwrap();
    assert_eq!(story.spec(), json!({"entries": [{"name": "f"}]}));
    story.apply("a", json!({"text": "t"})).unwrap();
    assert_eq!(story.spec(), json!({"text": "t"}));
}

#[test]
fn an_atomic_map_has_one_owner() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"atomic": {"x": "1"}})).unwrap();
    assert_eq!(
        conflict(story.apply("b", json!({"atomic": {"y": "1"}}))),
        r#"Apply failed with 1 conflict: conflict with "a": .spec.atomic"#
    );
    story.force("b", json!({"atomic": {"y": "1"}}));
    assert_eq!(story.spec(), json!({"atomic": {"y": "1"}}));
}

#[test]
fn a_map_is_shared_by_entry() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"labels": {"x": "1"}})).unwrap();
    story.apply("b", json!({"labels": {"y": "1"}})).unwrap();
    assert_eq!(story.spec(), json!({"labels": {"x": "1", "y": "1"}}));
    story.apply("a", json!({"text": "t"})).unwrap();
    assert_eq!(story.spec(), json!({"labels": {"y": "1"}, "text": "t"}));
}

#[test]
fn applying_the_same_again_changes_nothing_and_keeps_the_time() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"text": "1", "set": ["x"], "entries": [{"name": "e"}]})).unwrap();
    let before = story.live.clone();
    story.apply("a", json!({"text": "1", "set": ["x"], "entries": [{"name": "e"}]})).unwrap();
    assert!(!story.changed);
    assert_eq!(story.live, before);
}

#[test]
fn identity_is_owned_by_nobody() {
    let mut story = Story::of_widget();
    let object = json!({"apiVersion": "example.com/v1", "kind": "Widget",
        "metadata": {"name": "w", "namespace": "n", "labels": {"l": "1"}, "finalizers": ["f"]}});
    story.apply_object("a", &object, false).unwrap();
    assert_eq!(story.owns("a"), [".metadata.finalizers[=\"f\"]", ".metadata.labels.l"].map(String::from));
}

#[test]
fn what_existed_before_the_first_apply_belongs_to_somebody() {
    let mut story = Story::of_widget();
    story.live = Some(crate::samples::widget_of(json!({"text": "1", "number": 1})));
    let text = conflict(story.apply("a", json!({"text": "2"})));
    assert_eq!(
        text,
        r#"Apply failed with 1 conflict: conflict with "before-first-apply" using example.com/v1: .spec.text"#
    );
    story.apply("a", json!({"text": "1"})).unwrap();
    assert_eq!(story.entries(), ["a Apply -", "before-first-apply Update 00:01"]);
}

#[test]
fn kubectl_takes_over_what_client_side_apply_wrote() {
    let last = r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"text":"1","number":1}}"#;
    let mut story = Story::of_widget();
    let mut live = crate::samples::widget_of(json!({"text": "1", "number": 1}));
    live["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": last});
    story.update_object("kubectl-client-side-apply", &live);
    story.apply("kubectl", json!({"text": "2", "number": 1})).unwrap();
    assert_eq!(story.spec(), json!({"text": "2", "number": 1}));
    let annotation = &story.live.as_ref().unwrap()["metadata"]["annotations"];
    assert!(
        annotation.to_string().contains(r#"\\\"text\\\":\\\"2\\\""#)
            || annotation.to_string().contains(r#"\"text\":\"2\""#),
        "{annotation}"
    );
    story.update("edit", |spec| spec["number"] = 5.into());
    conflict(story.apply("kubectl", json!({"text": "2", "number": 1})));
}

#[test]
fn what_is_applied_must_fit_its_type() {
    let mut story = Story::of_widget();
    let mut error = |spec| story.apply("a", spec).unwrap_err().to_string();
    let of = |problem: &str| {
        format!("failed to create typed patch object (/w; example.com/v1, Kind=Widget): {problem}")
    };
    assert_eq!(error(json!({"typo": 1})), of(".spec.typo: field not declared in schema"));
    assert_eq!(
        error(json!({"text": 1})),
        of(".spec.text: expected string, got &value.valueUnstructured{Value:1}")
    );
    assert_eq!(
        error(json!({"number": "x"})),
        of(".spec.number: expected numeric (int or float), got string")
    );
    assert_eq!(error(json!({"labels": []})), of(".spec.labels: expected map, got &{[]}"));
    assert_eq!(error(json!({"set": ["x", "x"]})), of(r#".spec.set: duplicate entries for key [="x"]"#));
    assert_eq!(
        error(json!({"entries": [{"value": 1}]})),
        of(
            ".spec.entries: element 0: associative list with keys has an element that omits all key fields [\"name\"] \
            (and doesn't have default values for any key fields)"
        )
    );
    let deep = (0..300).fold(json!({}), |below, _| json!({ "a": below }));
    assert_eq!(error(json!({ "any": deep })), "objects are nested deeper than 200");
}

#[test]
fn who_applies_does_not_say_who_owns() {
    let mut story = Story::of_widget();
    let object = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "managedFields": []}});
    assert_eq!(story.apply_object("a", &object, false), Err(WriteError::ManagedFieldsApplied));
}
