//! How lists come out of a merge.

use super::story::Story;
use serde_json::{Value, json};

fn entries(names: &str) -> Value {
    names.split_whitespace().map(|name| json!({"name": name})).collect()
}

fn names(list: &Value) -> String {
    let names = list.as_array().into_iter().flatten();
    names.map(|item| item.as_str().or(item["name"].as_str()).unwrap_or("?")).collect::<Vec<_>>().join(" ")
}

#[test]
fn shared_items_take_the_appliers_order_and_the_others_keep_their_place() {
    // live, applied, merged
    let cases = [
        ("a b c", "a b c", "a b c"),
        ("a b c", "c b a", "c b a"),
        ("a b c", "b", "a b c"),
        ("a b c", "c a", "b c a"),
        ("a b c", "x", "a b c x"),
        ("a b c", "x a", "x a b c"),
        ("a b c", "a x b", "a x b c"),
        ("a b c d", "d b", "a c d b"),
        ("", "b a", "b a"),
        ("a b", "", "a b"),
    ];
    for (live, applied, merged) in cases {
        let mut story = Story::of_widget();
        let set: Vec<&str> = live.split_whitespace().collect();
        story.update("other", |spec| *spec = json!({"entries": entries(live), "set": set}));
        let set: Vec<&str> = applied.split_whitespace().collect();
        story.apply("a", json!({"entries": entries(applied), "set": set})).unwrap();
        assert_eq!(names(&story.spec()["entries"]), merged, "keyed: {live} + {applied}");
        assert_eq!(names(&story.spec()["set"]), merged, "set: {live} + {applied}");
    }
}

#[test]
fn an_atomic_list_is_replaced() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"plain": ["x", "y"]})).unwrap();
    story.apply("a", json!({"plain": ["y"]})).unwrap();
    assert_eq!(story.spec(), json!({"plain": ["y"]}));
}

#[test]
fn items_are_found_by_all_keys_with_defaults_for_those_left_out() {
    let mut story = Story::of_widget();
    let port = |protocol: &str, value: i32| json!({"name": "p", "protocol": protocol, "value": value});
    story.apply("a", json!({"ports": [port("TCP", 1), port("UDP", 2)]})).unwrap();
    story.apply("b", json!({"ports": [{"name": "p", "tags": ["x"]}]})).unwrap();
    let mut tcp = port("TCP", 1);
    tcp["tags"] = json!(["x"]);
    assert_eq!(story.spec(), json!({"ports": [tcp, port("UDP", 2)]}));
}

#[test]
fn duplicates_of_a_live_list_stay_until_they_are_applied() {
    let mut story = Story::of_widget();
    let twice = json!([{"name": "e", "value": 1}, {"name": "f"}, {"name": "e", "value": 2}]);
    story.update("old", |spec| *spec = json!({"entries": twice}));
    assert_eq!(
        story.owns("old"),
        ["", r#".entries"#, r#".entries[name="e"]"#, r#".entries[name="f"]"#, r#".entries[name="f"].name"#]
    );
    story.apply("a", json!({"entries": [{"name": "g"}]})).unwrap();
    assert_eq!(names(&story.spec()["entries"]), "e f e g");
    story.force("a", json!({"entries": [{"name": "e", "value": 3}]}));
    assert_eq!(story.spec()["entries"], json!([{"name": "e", "value": 3}, {"name": "f"}]));
}

#[test]
fn sets_are_shared_by_item() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"set": ["x", "y"]})).unwrap();
    story.apply("b", json!({"set": ["y", "z"]})).unwrap();
    assert_eq!(story.spec(), json!({"set": ["x", "y", "z"]}));
    story.apply("a", json!({"set": []})).unwrap();
    assert_eq!(story.spec(), json!({"set": ["y", "z"]}));
}

#[test]
fn lists_of_nested_sets_merge_all_the_way_down() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"entries": [{"name": "e", "tags": ["x"]}]})).unwrap();
    story.apply("b", json!({"entries": [{"name": "e", "tags": ["y"], "value": 1}]})).unwrap();
    assert_eq!(story.spec(), json!({"entries": [{"name": "e", "tags": ["x", "y"], "value": 1}]}));
    story.apply("a", json!({"entries": [{"name": "e"}]})).unwrap();
    assert_eq!(story.spec(), json!({"entries": [{"name": "e", "tags": ["y"], "value": 1}]}));
}

#[test]
fn where_anything_goes_maps_merge_and_lists_do_not() {
    let mut story = Story::of_widget();
    story.apply("a", json!({"any": {"map": {"x": 1}, "list": [{"name": "a"}]}})).unwrap();
    story.apply("b", json!({"any": {"map": {"y": 1}}})).unwrap();
    story.force("b", json!({"any": {"map": {"y": 1}, "list": [{"name": "b"}]}}));
    assert_eq!(story.spec(), json!({"any": {"map": {"x": 1, "y": 1}, "list": [{"name": "b"}]}}));
}

#[test]
fn a_value_may_change_its_kind_where_anything_goes() {
    let mut story = Story::of_widget();
    let kinds = [
        json!({"any": {"x": 1}}),
        json!({"any": 1}),
        json!({"any": [1]}),
        json!({"any": null}),
        json!({"any": {"y": {}}}),
    ];
    for spec in kinds {
        story.apply("a", spec.clone()).unwrap();
        assert_eq!(story.spec(), spec);
    }
}

#[test]
fn what_is_applied_as_an_empty_map_goes_where_it_holds_an_empty_list_and_more() {
    // what others hold: gone when `spec: {}` is applied for the second time?
    let cases = [
        (json!({"set": [], "text": "a"}), true),
        (json!({"set": ["x"], "text": "a"}), false),
        (json!({"text": "a"}), false),
    ];
    for (live, goes) in cases {
        let mut story = Story::of_widget();
        story.apply("a", json!({})).unwrap();
        if let Some(object) = story.live.as_mut() {
            object["spec"] = live.clone();
        }
        story.apply("a", json!({})).unwrap();
        assert_eq!(story.changed, goes, "{live}");
        assert_eq!(story.spec() == live, !goes, "{live}");
    }
}
