use crate::samples::{any_json, any_spec, config, proper_spec, widget_of, widget_types};
use crate::{FieldPath, FieldSet, PathElement, TypeId, Types, extract, merge, owned_digest};
use proptest::prelude::*;
use serde_json::{Value, json};

fn paths(set: &FieldSet) -> Vec<String> {
    set.paths().iter().map(ToString::to_string).collect()
}

fn of(spec: Value) -> FieldSet {
    let (types, id) = widget_types();
    FieldSet::of(&json!({ "spec": spec }), types, id)
}

#[test]
fn a_path_is_printed_as_an_api_server_prints_it() {
    let path = FieldPath::of_fields(["spec", "containers"])
        .child(PathElement::Key([("name".into(), json!("web")), ("port".into(), json!(80))].into()))
        .child(PathElement::field("args"))
        .child(PathElement::Index(2));
    assert_eq!(path.to_string(), r#".spec.containers[name="web",port=80].args[2]"#);
    assert_eq!(PathElement::Value(json!("a")).to_string(), r#"[="a"]"#);
}

#[test]
fn leaves_items_and_entries_are_owned_declared_parents_are_not() {
    let set = of(json!({
        "text": "t",
        "struct": {"a": "x"},
        "labels": {"l": "1"},
        "atomic": {"l": "1"},
        "plain": ["p"],
        "set": ["s"],
        "entries": [{"name": "e", "value": 1}],
    }));
    let expected = [
        ".spec.atomic",
        ".spec.plain",
        ".spec.text",
        r#".spec.entries[name="e"]"#,
        r#".spec.entries[name="e"].name"#,
        r#".spec.entries[name="e"].value"#,
        ".spec.labels.l",
        r#".spec.set[="s"]"#,
        ".spec.struct.a",
    ];
    assert_eq!(paths(&set), expected);
}

#[test]
fn empty_maps_and_nulls_are_owned_empty_lists_that_merge_are_not() {
    let set = of(json!({"struct": {}, "labels": {}, "text": null, "set": [], "entries": [], "plain": []}));
    assert_eq!(paths(&set), [".spec.labels", ".spec.plain", ".spec.struct", ".spec.text"]);
}

#[test]
fn a_key_that_is_left_out_has_its_default() {
    let set = of(json!({"ports": [{"name": "p"}]}));
    assert!(paths(&set).contains(&r#".spec.ports[name="p",protocol="TCP"]"#.to_owned()), "{:?}", paths(&set));
}

#[test]
fn an_item_that_occurs_twice_is_owned_without_its_fields() {
    let set = of(json!({"entries": [{"name": "e", "value": 1}, {"name": "f"}, {"name": "e", "value": 2}]}));
    let expected =
        [r#".spec.entries[name="e"]"#, r#".spec.entries[name="f"]"#, r#".spec.entries[name="f"].name"#];
    assert_eq!(paths(&set), expected);
}

#[test]
fn without_a_schema_lists_are_atomic_and_maps_are_not() {
    let set = FieldSet::of(&json!({"a": {"b": [{"c": 1}], "d": {}}}), Types::deduced(), TypeId::ANY);
    assert_eq!(paths(&set), [".a", ".a.b", ".a.d"]);
}

#[test]
fn fields_v1_is_what_kubectl_shows() {
    let json = json!({
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {"f:containers": {r#"k:{"name":"web"}"#: {".": {}, "f:image": {}}}, "f:finalizers": {r#"v:"x""#: {}}},
    });
    let set = FieldSet::from_fields_v1(&json).unwrap();
    let expected = [
        ".metadata.labels",
        ".metadata.labels.app",
        r#".spec.containers[name="web"]"#,
        r#".spec.containers[name="web"].image"#,
        r#".spec.finalizers[="x"]"#,
    ];
    assert_eq!(paths(&set), expected);
    assert_eq!(set.to_fields_v1(), json);
}

#[test]
fn fields_v1_that_makes_no_sense_is_refused_and_unknown_kinds_are_skipped() {
    let read = |json| FieldSet::from_fields_v1(&json).map(|set| set.len()).map_err(|error| error.to_string());
    assert_eq!(read(json!({"x:future": {}, "f:a": {}})), Ok(1));
    assert_eq!(read(json!({"f:a": 1})), Err("fields must be a mapping".to_owned()));
    assert_eq!(read(json!({"nonsense": {}})), Err("\"nonsense\" is not a path element".to_owned()));
    assert_eq!(read(json!({"i:-1": {}})), Err("\"i:-1\" is not a path element".to_owned()));
    let deep = (0..300).fold(json!({}), |below, _| json!({ "f:a": below }));
    assert_eq!(read(deep), Err("fields are nested deeper than 200".to_owned()));
}

#[test]
fn difference_keeps_children_and_recursive_difference_does_not() {
    let set = |names: &[&[&str]]| -> FieldSet {
        names.iter().map(|names| FieldPath::of_fields(names.iter().copied())).collect()
    };
    let all = set(&[&["a"], &["a", "b"], &["c", "d"]]);
    assert_eq!(all.difference(&set(&[&["a"]])), set(&[&["a", "b"], &["c", "d"]]));
    assert_eq!(all.recursive_difference(&set(&[&["a"]])), set(&[&["c", "d"]]));
    assert_eq!(all.recursive_difference(&set(&[&["c"]])), set(&[&["a"], &["a", "b"]]));
    assert_eq!(all.leaves(), set(&[&["a", "b"], &["c", "d"]]));
}

#[test]
fn an_extract_holds_what_is_owned_and_the_keys_that_lead_there() {
    let (types, id) = widget_types();
    let live = widget_of(json!({
        "text": "t", "number": 1,
        "entries": [{"name": "a", "value": 1, "tags": ["x"]}, {"name": "b", "value": 2}],
        "labels": {"mine": "1", "theirs": "2"},
    }));
    let mine = FieldSet::from_fields_v1(&json!({"f:spec": {
        "f:text": {}, "f:labels": {".": {}, "f:mine": {}},
        "f:entries": {r#"k:{"name":"a"}"#: {"f:value": {}}},
    }}))
    .unwrap();
    let expected = json!({"spec": {
        "text": "t", "entries": [{"name": "a", "value": 1}], "labels": {"mine": "1"},
    }});
    assert_eq!(extract(&live, &mine, types, id), expected);
}

#[test]
fn the_digest_of_what_is_owned_ignores_the_rest_and_the_order_of_keyed_lists() {
    let (types, id) = widget_types();
    let one = widget_of(json!({"entries": [{"name": "a", "value": 1}, {"name": "b"}], "set": ["x", "y"]}));
    let two = widget_of(json!({"entries": [{"name": "b"}, {"name": "c"}, {"name": "a", "value": 1}],
        "set": ["y", "x"], "text": "theirs"}));
    let mine = FieldSet::of(&one, types, id);
    assert_eq!(owned_digest(&one, &mine, types, id), owned_digest(&two, &mine, types, id));
    let three = widget_of(json!({"entries": [{"name": "a", "value": 2}, {"name": "b"}], "set": ["x", "y"]}));
    assert_ne!(owned_digest(&one, &mine, types, id), owned_digest(&three, &mine, types, id));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn fields_v1_says_all_of_a_set(spec in any_spec()) {
        let set = of(spec);
        prop_assert_eq!(FieldSet::from_fields_v1(&set.to_fields_v1()), Ok(set));
    }

    #[test]
    fn sets_obey_the_laws_of_sets(a in any_spec(), b in any_spec(), c in any_spec()) {
        let (a, b, c) = (of(a), of(b), of(c));
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.intersection(&b), b.intersection(&a));
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
        prop_assert_eq!(a.union(&b).difference(&b), a.difference(&b));
        prop_assert_eq!(a.difference(&a), FieldSet::default());
        prop_assert!(a.intersection(&b).is_subset(&a) && a.is_subset(&a.union(&b)));
        prop_assert!(a.recursive_difference(&b).is_subset(&a.difference(&b)));
        prop_assert_eq!(a.len() + b.len(), a.union(&b).len() + a.intersection(&b).len());
        for path in a.paths() {
            prop_assert!(a.has(&path));
            prop_assert_eq!(a.intersection(&b).has(&path), b.has(&path));
        }
    }

    #[test]
    fn applying_what_one_owns_changes_nothing(spec in proper_spec()) {
        let (types, id) = widget_types();
        let context = merge::WriteContext {
            manager: "m", subresource: "", now: "2024-01-01T00:00:00Z", types, type_id: id, resets: None,
            versions: &merge::SameInAllVersions(id), default: None,
        };
        let live = merge::apply(None, &widget_of(spec), false, &context).unwrap().object;
        let owned = crate::ManagedFields::of(&live).unwrap().owned_by("m");
        prop_assume!(!owned.is_empty());
        let mut own = extract(&live, &owned, types, id);
        for name in ["apiVersion", "kind"] {
            own[name] = live[name].clone();
        }
        own["metadata"]["name"] = "w".into();
        let again = merge::apply(Some(&live), &own, false, &context).unwrap();
        prop_assert!(!again.changed(), "{own}\n{}", again.object);
    }

    #[test]
    fn nothing_panics(value in any_json(), other in any_json()) {
        let (types, id) = widget_types();
        let set = FieldSet::from_fields_v1(&other).unwrap_or_else(|_| FieldSet::of(&other, types, id));
        extract(&value, &set, types, id);
        owned_digest(&value, &set, types, id);
        set.leaves().paths();
    }
}
