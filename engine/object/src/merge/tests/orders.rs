//! What structured-merge-diff's tests of merged values expect, restated.

use crate::merge::combine::combine;
use crate::samples::widget;
use serde_json::{Value, json};

#[test]
fn sets_merge_in_the_orders_that_are_expected_of_them() {
    let widget = widget();
    let mut cases = 0;
    for line in include_str!("orders.txt").lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<Vec<&str>> = line.split('|').map(|part| part.split_whitespace().collect()).collect();
        let [live, applied, merged] = parts.as_slice() else { panic!("{line}") };
        let of = |items: &[&str]| json!({"spec": {"set": items}});
        let found = combine(&of(live), &of(applied), &widget.types, widget.root);
        assert_eq!(found, of(merged), "{line}");
        cases += 1;
    }
    assert_eq!(cases, 26);
}

#[test]
fn empty_and_null_are_told_apart_whatever_merges() {
    let widget = widget();
    for (field, empty) in [("labels", json!({})), ("struct", json!({})), ("plain", json!([]))] {
        let of = |value: Option<&Value>| match value {
            Some(value) => json!({"spec": {field: value}}),
            None => json!({"spec": {}}),
        };
        let null = Value::Null;
        for (live, applied) in [
            (None, &empty),
            (None, &null),
            (Some(&null), &empty),
            (Some(&empty), &null),
            (Some(&empty), &empty),
        ] {
            let merged = combine(&of(live), &of(Some(applied)), &widget.types, widget.root);
            assert_eq!(merged, of(Some(applied)), "{field}: {live:?} + {applied}");
        }
    }
}

#[test]
fn keyed_lists_merge_item_by_item_in_the_orders_that_are_expected_of_them() {
    // Live, applied, merged: `a1=3` is the item of the keys `a` and `1` with the value 3.
    let cases = [
        ("a1=1", "a1=1", "a1=1"),
        ("a1=1", "a2=1", "a1=1 a2=1"),
        ("a1 b1", "a1 a2", "a1 b1 a2"),
        ("b2", "a1 b2 c3", "a1 b2 c3"),
        ("a1 b2 c3", "c3 b2", "a1 c3 b2"),
        ("a1 b2 c3", "c3 a1", "b2 c3 a1"),
        // What is live twice is replaced, not merged, where it is applied.
        ("a1=5 b2 a1=2", "a1=3 c3 b2", "a1=3 c3 b2"),
        ("a1=1 a1=2", "", "a1=1 a1=2"),
    ];
    let widget = widget();
    let item = |text: &str| {
        let (key, value) = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value)));
        let (name, protocol) = key.split_at(1);
        let mut item = json!({"name": name, "protocol": protocol});
        if let Some(value) = value.and_then(|value| value.parse::<u64>().ok()) {
            item["value"] = value.into();
        }
        item
    };
    let of = |items: &str| json!({"spec": {"ports": items.split_whitespace().map(item).collect::<Value>()}});
    for (live, applied, merged) in cases {
        let found = combine(&of(live), &of(applied), &widget.types, widget.root);
        assert_eq!(found, of(merged), "{live} | {applied}");
    }
    let untouched = combine(&of("a1=1 a1=2"), &json!({"spec": {}}), &widget.types, widget.root);
    assert_eq!(untouched, of("a1=1 a1=2"));
}

#[test]
fn an_atomic_list_is_what_was_applied_last() {
    let widget = widget();
    let of = |items: Value| json!({"spec": {"plain": items}});
    for (live, applied) in [
        (json!(["a", "a", "a"]), Value::Null),
        (json!(["a", "b", "c"]), json!([])),
        (json!(["a", "a", "a"]), json!(["a", "a"])),
    ] {
        let merged = combine(&of(live), &of(applied.clone()), &widget.types, widget.root);
        assert_eq!(merged, of(applied));
    }
}
