use super::place;
use crate::{Declarations, expand, read};
use mainstay_diagnostic::Diagnostics;
use proptest::prelude::*;
use serde_json::{Value, json};

fn value() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "source",
        "path",
        "clusters",
        "names",
        "selector",
        "matchLabels",
        "management",
        "variables",
        "dependsOn",
        "kind",
        "name",
        "class",
        "kubeconfig",
        "secret",
        "tenant",
        "paths",
        "namespaces",
        "drift",
        "ignore",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(vec!["embedded", "Module", "a", "../x", "5m"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_is_read_without_a_panic_and_alike(
        specs in prop::collection::vec((prop::sample::select(vec!["Platform", "Tenant", "Cluster", "Provider", "Module", "Exemption"]), value()), 1..4)
    ) {
        let run = || {
            let (mut declarations, mut diagnostics) = (Declarations::default(), Diagnostics::new());
            for (kind, spec) in &specs {
                let document = json!({"apiVersion": crate::API_VERSION, "kind": kind, "metadata": {"name": "a"}, "spec": spec});
                if let Some(place) = place(&mainstay_yaml::emit(&document)) {
                    read(&place, &mut declarations, &mut diagnostics);
                }
            }
            let expanded = expand(&declarations);
            let units: Vec<_> = expanded.units.into_iter().map(|native| native.unit).collect();
            diagnostics.extend(expanded.diagnostics);
            (units, diagnostics)
        };
        prop_assert_eq!(run(), run());
    }
}
