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
