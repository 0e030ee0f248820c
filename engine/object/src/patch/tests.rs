use super::{JsonPatchError, json, json_patch, merge_patch, strategic_merge};
use crate::samples::{any_json, config};
use crate::{GroupVersionKind, TypeId, Types};
use proptest::prelude::*;
use serde_json::{Value, json};

fn pod(spec: Value) -> Value {
    json!({ "spec": spec })
}

fn strategic(live: Value, patch: Value) -> Value {
    try_strategic(live, patch).unwrap_or_else(|error| panic!("{error}"))
}

fn try_strategic(live: Value, patch: Value) -> Result<Value, String> {
    let types = Types::builtin();
    let id = types.for_kind(&GroupVersionKind::new("", "v1", "Pod")).expect("built in");
    let patched = strategic_merge(&pod(live), &pod(patch), types, id).map_err(|error| error.to_string())?;
    Ok(patched["spec"].clone())
}

fn named(names: &str) -> Value {
    names.split_whitespace().map(|name| json!({"name": name, "image": "i"})).collect()
}

fn order(list: &Value) -> String {
    let names = list.as_array().into_iter().flatten();
    names.map(|item| item["name"].as_str().or(item.as_str()).unwrap_or("?")).collect::<Vec<_>>().join(" ")
}

#[test]
fn lists_merge_by_the_key_of_their_type() {
    let live = json!({"containers": named("a b"), "restartPolicy": "Always"});
    let patched = strategic(
        live,
        json!({"containers": [{"name": "b", "image": "new"}, {"name": "c"}], "restartPolicy": null}),
    );
    let expected = json!([{"name": "a", "image": "i"}, {"name": "b", "image": "new"}, {"name": "c"}]);
    assert_eq!(patched, json!({ "containers": expected }));
}

#[test]
fn items_of_the_patch_come_in_its_order_and_the_others_keep_their_place() {
    // live, patch, result
    let cases = [
        ("a b c", "b", "a b c"),
        ("a b c", "c a", "b c a"),
        ("a b c", "x", "x a b c"),
        ("a b c", "c x", "a b c x"),
        ("", "b a", "b a"),
    ];
    for (live, patch, expected) in cases {
        let patched = strategic(json!({"containers": named(live)}), json!({"containers": named(patch)}));
        assert_eq!(order(&patched["containers"]), expected, "{live} + {patch}");
    }
}

#[test]
fn lists_without_a_merge_strategy_are_replaced() {
    let live = json!({"containers": [{"name": "a", "args": ["x", "y"], "ports": [{"containerPort": 1}]}]});
    let patch = json!({"containers": [{"name": "a", "args": ["z"], "ports": [{"containerPort": 2}]}]});
    let patched = strategic(live, patch);
    assert_eq!(patched["containers"][0]["args"], json!(["z"]));
    assert_eq!(patched["containers"][0]["ports"], json!([{"containerPort": 2}, {"containerPort": 1}]));
}

#[test]
fn directives_delete_and_replace() {
    let live = json!({"containers": named("a b c"), "nodeSelector": {"x": "1", "y": "1"}, "securityContext": {"runAsUser": 1}});
    let one = strategic(
        live.clone(),
        json!({"containers": [{"name": "b", "$patch": "delete"}, {"name": "d", "image": "i"}]}),
    );
    assert_eq!(order(&one["containers"]), "d a c");
    let all =
        strategic(live.clone(), json!({"containers": [{"$patch": "replace"}, {"name": "z", "image": "i"}]}));
    assert_eq!(all["containers"], named("z"));
    let map = strategic(live.clone(), json!({"nodeSelector": {"$patch": "replace", "z": "1"}}));
    assert_eq!(map["nodeSelector"], json!({"z": "1"}));
    let gone = strategic(live.clone(), json!({"securityContext": {"$patch": "delete"}}));
    assert_eq!(gone["securityContext"], json!({}));
    let absent = strategic(live, json!({"affinity": {"$patch": "delete"}, "hostAliases": null}));
    assert_eq!(absent.get("affinity"), None);
}

#[test]
fn primitive_lists_are_sets_with_a_delete_list() {
    let types = Types::builtin();
    let id = types.for_kind(&GroupVersionKind::new("", "v1", "Pod")).expect("built in");
    let live = json!({"metadata": {"finalizers": ["a", "b", "c"]}});
    let patched = |metadata: Value| {
        let patch = json!({ "metadata": metadata });
        order(&strategic_merge(&live, &patch, types, id).expect("patched")["metadata"]["finalizers"])
    };
    assert_eq!(patched(json!({"finalizers": ["b", "d"]})), "a b d c");
    assert_eq!(patched(json!({"$deleteFromPrimitiveList/finalizers": ["b"]})), "a c");
    assert_eq!(patched(json!({"$setElementOrder/finalizers": ["c", "a"]})), "b c a");
}

#[test]
fn an_order_directive_orders() {
    let live = json!({"containers": named("a b c")});
    let patch = json!({
        "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}, {"name": "b"}],
        "containers": [{"name": "a", "image": "new"}],
    });
    let patched = strategic(live.clone(), patch);
    assert_eq!(order(&patched["containers"]), "c a b");
    assert_eq!(patched["containers"][1]["image"], "new");
    let wrong = json!({"$setElementOrder/containers": [{"name": "c"}], "containers": [{"name": "a"}]});
    assert!(try_strategic(live, wrong).unwrap_err().contains("doesn't match $setElementOrder"));
}

#[test]
fn what_is_deleted_and_added_shows_in_the_order_of_the_others() {
    let patch = json!({
        "$setElementOrder/containers": [{"name": "d"}],
        "containers": [{"name": "a", "$patch": "delete"}, {"name": "d", "image": "i"}],
    });
    assert_eq!(order(&strategic(json!({"containers": named("a b c")}), patch)["containers"]), "b c d");
    let new = json!({
        "$setElementOrder/containers": [{"name": "b"}],
        "containers": [{"name": "b", "image": "i"}, {"name": "c", "$patch": "delete"}],
    });
    assert_eq!(order(&strategic(json!({}), new)["containers"]), "b");
}

#[test]
fn items_that_meet_nothing_are_taken_as_they_are() {
    let live = json!({"containers": named("a")});
    let patch = json!({"containers": [{"name": "b", "env": [{"$patch": "replace"}], "image": null}]});
    let patched = strategic(live.clone(), patch);
    assert_eq!(patched["containers"][0], json!({"name": "b", "env": [{"$patch": "replace"}], "image": null}));
    let absent =
        strategic(live, json!({"volumes": [{"name": "v", "emptyDir": null}, {"$patch": "replace"}]}));
    assert_eq!(absent["volumes"], json!([{"name": "v"}]));
}

#[test]
fn the_first_of_several_errors_is_the_servers() {
    let live = json!({"containers": named("a"), "tolerations": [{"key": "k"}]});
    let error = |patch: Value| try_strategic(live.clone(), patch).unwrap_err();
    let merges = json!({"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "b", "$patch": "merge"}]});
    assert!(error(merges).ends_with("merging lists cannot yet be specified in the patch"));
    let behind = json!({"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "a"}, {"$patch": "replace"}]});
    assert!(error(behind).contains("doesn't match $setElementOrder"));
    let nothing = json!({"$setElementOrder/volumes": [], "volumes": []});
    assert!(error(nothing).ends_with("no elements in any of the given slices"));
    let keyless = json!({
        "$setElementOrder/tolerations": [], "tolerations": [], "containers": [{"$patch": "merge"}],
    });
    assert!(error(keyless).ends_with("map: map[key:k] does not contain declared merge key: "));
    let scalars = json!({"containers": [1, "a"]});
    assert!(error(scalars).contains("list element types are not identical: [[map[image:i name:a]] [1 a]]"));
}

#[test]
fn of_a_union_only_the_retained_keys_stay() {
    let live = json!({"volumes": [{"name": "v", "emptyDir": {}}]});
    let patch =
        json!({"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]});
    assert_eq!(strategic(live.clone(), patch)["volumes"], json!([{"name": "v", "configMap": {"name": "c"}}]));
    let stray = json!({"volumes": [{"name": "v", "$retainKeys": ["name"], "configMap": {"name": "c"}}]});
    let error = try_strategic(live, stray).unwrap_err();
    assert!(error.ends_with("invalid patch format of retainKeys"), "{error}");
}

#[test]
fn patches_that_make_no_sense_are_refused() {
    let live = json!({"containers": named("a")});
    let error = |patch: Value| try_strategic(live.clone(), patch).unwrap_err();
    assert_eq!(
        error(json!({"containers": [{"image": "x"}]})),
        "spec.containers: map: map[image:x] does not contain declared merge key: name"
    );
    assert_eq!(
        error(json!({"containers": ["x"]})),
        "spec.containers: list element types are not identical: [[map[image:i name:a]] [x]]"
    );
    assert!(error(json!({"$patch": "steal"})).starts_with("spec: unknown patch type: steal"));
    assert!(error(json!({"containers": [{"$patch": "steal"}]})).contains("unknown patch type"));
}

#[test]
fn without_a_type_it_is_a_merge_patch() {
    let patched = strategic_merge(
        &json!({"a": [1, 2], "b": {"c": 1, "d": 2}}),
        &json!({"a": [3], "b": {"c": null}}),
        Types::deduced(),
        TypeId::ANY,
    );
    assert_eq!(patched, Ok(json!({"a": [3], "b": {"d": 2}})));
}

#[test]
fn a_merge_patch_deletes_by_null_and_replaces_lists() {
    let mut value = json!({"a": "b", "c": {"d": "e", "f": "g"}, "l": [1]});
    merge_patch(&mut value, &json!({"a": "z", "c": {"f": null}, "l": [2], "n": {"x": null, "y": 1}}));
    assert_eq!(value, json!({"a": "z", "c": {"d": "e"}, "l": [2], "n": {"y": 1}}));
}

#[test]
fn a_json_patch_is_all_or_nothing() {
    let live = json!({"a": [1, 2], "b": {"c": 1}});
    let patched = json_patch(
        &live,
        &json!([
            {"op": "test", "path": "/b/c", "value": 1},
            {"op": "add", "path": "/a/-", "value": 3},
            {"op": "remove", "path": "/a/0"},
            {"op": "replace", "path": "/b/c", "value": 2},
            {"op": "copy", "from": "/b", "path": "/d"},
            {"op": "move", "from": "/b/c", "path": "/e"},
        ]),
    );
    assert_eq!(patched, Ok(json!({"a": [2, 3], "b": {}, "d": {"c": 2}, "e": 2})));
    let error = |patch: Value| json_patch(&live, &patch).unwrap_err().to_string();
    assert_eq!(
        error(json!([{"op": "test", "path": "/b/c", "value": 9}])),
        "testing value /b/c failed: test failed"
    );
    assert_eq!(
        error(json!([{"op": "replace", "path": "/x/y", "value": 9}])),
        "replace operation does not apply: doc is missing path: /x/y"
    );
    assert_eq!(error(json!({})), "a JSON patch is a list of operations");
    assert_eq!(error(json!([1])), "an operation of a JSON patch is a mapping");
    assert_eq!(error(json!([{"op": "explode", "path": "/x"}])), "Unexpected kind: explode");
}

#[test]
fn absent_fields_and_negative_indices_are_read_as_an_api_server_reads_them() {
    let live = json!({"a": [1, 2]});
    let patched = |patch: Value| json_patch(&live, &patch);
    assert_eq!(
        patched(json!([{"op": "replace", "path": "/x", "value": 9}])),
        Ok(json!({"a": [1, 2], "x": 9}))
    );
    assert_eq!(
        patched(json!([{"op": "copy", "from": "/x", "path": "/y"}])),
        Ok(json!({"a": [1, 2], "y": null}))
    );
    assert_eq!(patched(json!([{"op": "test", "path": "/x", "value": null}])), Ok(live.clone()));
    assert_eq!(patched(json!([{"op": "remove", "path": "/a/-1"}])), Ok(json!({"a": [1]})));
    assert_eq!(patched(json!([{"op": "add", "path": "/a/-1", "value": 3}])), Ok(json!({"a": [1, 2, 3]})));
    for refused in [
        json!([{"op": "remove", "path": "/x"}]),
        json!([{"op": "replace", "path": "/a/2", "value": 1}]),
        json!([{"op": "add", "path": "/a/4", "value": 1}]),
        json!([{"op": "add", "path": "/a/0/b", "value": 1}]),
    ] {
        assert!(matches!(patched(refused), Err(JsonPatchError::NotApplicable(_))));
    }
}

#[test]
fn a_json_patch_has_limits() {
    let many: Vec<Value> =
        (0..=json::MOST_OPERATIONS).map(|_| json!({"op": "test", "path": "", "value": 1})).collect();
    assert_eq!(json_patch(&json!(1), &many.into()), Err(JsonPatchError::TooMany(10_001)));
    let doubling: Vec<Value> =
        (0..40).map(|i| json!({"op": "copy", "from": "", "path": format!("/copy{i}")})).collect();
    let result = json_patch(&json!({"a": "x".repeat(1000)}), &doubling.into());
    assert!(
        matches!(result, Err(JsonPatchError::CopiesTooMuch(size)) if size > json::MOST_COPIED_BYTES),
        "{result:?}"
    );
}

fn null_in_list(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| item.to_string().contains("null")),
        Value::Object(map) => map.values().any(null_in_list),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_merge_patch_applied_twice_does_what_it_does_once(value in any_json(), patch in any_json()) {
        // Nulls in a list are kept or dropped by what was there before.
        prop_assume!(!null_in_list(&patch));
        let mut once = value;
        merge_patch(&mut once, &patch);
        let mut twice = once.clone();
        merge_patch(&mut twice, &patch);
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn an_empty_merge_patch_changes_no_map(value in any_json()) {
        prop_assume!(value.is_object());
        let mut patched = value.clone();
        merge_patch(&mut patched, &json!({}));
        prop_assert_eq!(patched, value);
    }

    #[test]
    fn nothing_panics(value in any_json(), patch in any_json(), spec in any_json()) {
        let types = Types::builtin();
        let id = types.for_kind(&GroupVersionKind::new("", "v1", "Pod")).expect("built in");
        drop(strategic_merge(&value, &patch, types, id));
        drop(strategic_merge(&pod(json!({"containers": value})), &pod(json!({"containers": spec})), types, id));
        drop(json_patch(&value, &patch));
    }
}

#[test]
fn a_null_that_an_operation_has_put_somewhere_is_not_one_that_was_there() {
    let target = json!({"spec": {"a": null, "b": 1}});
    let cases = [
        (json!([{"op": "test", "path": "/spec", "value": {"a": null, "b": 1}}]), true),
        (json!([{"op": "test", "path": "/spec/a", "value": null}]), true),
        (json!([{"op": "test", "path": "/spec/none", "value": null}]), true),
        (
            json!([{"op": "add", "path": "/spec/a", "value": null}, {"op": "test", "path": "/spec/a", "value": null}]),
            true,
        ),
        (
            json!([{"op": "add", "path": "/spec/a", "value": null}, {"op": "test", "path": "/spec", "value": {"a": null, "b": 1}}]),
            false,
        ),
        (
            json!([{"op": "copy", "from": "/spec/a", "path": "/spec/b"}, {"op": "test", "path": "/spec", "value": {"a": null, "b": null}}]),
            true,
        ),
    ];
    for (patch, holds) in cases {
        assert_eq!(json_patch(&target, &patch).is_ok(), holds, "{patch}");
    }
}
