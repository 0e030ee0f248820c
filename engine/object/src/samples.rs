//! What the tests of this crate share.

use crate::{Types, schema};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Failures are printed, not written beside the sources.
pub(crate) fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// The types of a custom resource with one field of each relation.
pub(crate) fn widget() -> schema::CrdSchema {
    let entry = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "protocol": {"type": "string", "default": "TCP"},
            "value": {"type": "integer", "x-kubernetes-int-or-string": false},
            "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        },
        "required": ["name"],
    });
    schema::from_crd(&json!({
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "number": {"type": "integer"},
                    "flag": {"type": "boolean"},
                    "any": {"x-kubernetes-preserve-unknown-fields": true},
                    "port": {"x-kubernetes-int-or-string": true},
                    "plain": {"type": "array", "items": {"type": "string"}},
                    "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                    "entries": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name"],
                        "items": entry,
                    },
                    "ports": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name", "protocol"],
                        "items": entry,
                    },
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "atomic": {
                        "type": "object",
                        "x-kubernetes-map-type": "atomic",
                        "additionalProperties": {"type": "string"},
                    },
                    "struct": {
                        "type": "object",
                        "properties": {
                            "a": {"type": "string"},
                            "b": {"type": "string"},
                            "inner": {"type": "object", "properties": {"c": {"type": "string"}}},
                        },
                    },
                    "maybe": {"type": "string", "nullable": true},
                },
            },
            "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
        },
    }))
    .expect("structural")
}

/// Any JSON, small and shallow.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        (-2.0_f64..2.0).prop_map(Value::from),
        "[a-c$:.\"]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// A `spec` of a widget, or nearly one.
pub(crate) fn any_spec() -> impl Strategy<Value = Value> {
    prop_oneof![9 => proper_spec(), 1 => any_json()]
}

/// A `spec` of a widget that fits its type.
pub(crate) fn proper_spec() -> impl Strategy<Value = Value> {
    let text = || "[a-c]".prop_map(Value::from);
    let texts = move || prop::collection::vec(text(), 0..4).prop_map(Value::from);
    let set = move || prop::collection::btree_set("[a-d]", 0..4).prop_map(|set| json!(set));
    let map = move || prop::collection::btree_map("[a-c]", "[x-z]", 0..3).prop_map(|map| json!(map));
    let entries = move || {
        prop::collection::btree_map("[a-d]", (prop::option::of(0_i64..3), prop::option::of(set())), 0..4)
            .prop_map(|entries| {
                let entries = entries.into_iter().map(|(name, (value, tags))| {
                    let mut entry = Map::new();
                    entry.insert("name".into(), name.into());
                    entry.extend(value.map(|value| ("value".to_owned(), value.into())));
                    entry.extend(tags.map(|tags| ("tags".to_owned(), tags)));
                    Value::Object(entry)
                });
                entries.collect::<Value>()
            })
            .prop_flat_map(|entries| {
                Just(entries.as_array().cloned().unwrap_or_default()).prop_shuffle().prop_map(Value::from)
            })
    };
    let fields = prop_oneof![
        ("text", text()).boxed(),
        ("number", (0_i64..3).prop_map(Value::from)).boxed(),
        ("any", any_json()).boxed(),
        ("plain", texts()).boxed(),
        ("set", set()).boxed(),
        ("entries", entries()).boxed(),
        ("ports", entries()).boxed(),
        ("labels", map()).boxed(),
        ("atomic", map()).boxed(),
        ("struct", map())
            .boxed()
            .prop_map(|(name, value)| {
                let keep = |map: &Map<String, Value>| {
                    map.iter()
                        .filter(|(key, _)| *key != "c")
                        .map(|(k, v)| (k.clone(), v.clone()))
                        .collect::<Map<_, _>>()
                };
                (name, value.as_object().map(keep).map_or(Value::Null, Value::Object))
            })
            .boxed(),
    ];
    prop::collection::vec(fields, 0..6)
        .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

pub(crate) fn widget_of(spec: Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec})
}

/// The widget's types, made once.
pub(crate) fn widget_types() -> (&'static Types, crate::TypeId) {
    static WIDGET: std::sync::LazyLock<schema::CrdSchema> = std::sync::LazyLock::new(widget);
    (&WIDGET.types, WIDGET.root)
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]", Just("spec".to_owned()), Just("metadata".to_owned()), Just("$patch".to_owned())]
}
