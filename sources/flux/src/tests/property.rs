use crate::{Glob, Place, read};
use mainstay_diagnostic::{Code, Diagnostic, Location};
use mainstay_object::{Object, Value};
use proptest::prelude::*;
use serde_json::json;

struct Nowhere;

impl Place for Nowhere {
    fn location(&self, _pointer: &str) -> Location {
        Location::file("f")
    }

    fn diagnostic(&self, code: &'static Code, message: String, _pointer: &str) -> Diagnostic {
        Diagnostic::new(code, message)
    }
}

const KINDS: &[(&str, &str)] = &[
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    ("kustomize.toolkit.fluxcd.io/v1beta1", "Kustomization"),
    ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
    ("source.toolkit.fluxcd.io/v1", "GitRepository"),
    ("source.toolkit.fluxcd.io/v1", "OCIRepository"),
    ("source.toolkit.fluxcd.io/v1", "HelmChart"),
    ("source.extensions.fluxcd.io/v1beta1", "ArtifactGenerator"),
];

fn value() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "interval",
        "prune",
        "sourceRef",
        "path",
        "dependsOn",
        "name",
        "kind",
        "patches",
        "artifacts",
        "copy",
        "from",
        "to",
        "sources",
        "alias",
        "chart",
        "spec",
        "postBuild",
        "substitute",
        "kubeConfig",
        "secretRef",
        "ignore",
        "paths",
        "target",
        "ref",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z@/*.{}\\[0-9]{0,12}".prop_map(Value::from),
        Just(json!("5m")),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_is_read_without_a_panic_and_alike(kind in prop::sample::select(KINDS), spec in value()) {
        let object = Object::new(json!({
            "apiVersion": kind.0, "kind": kind.1, "metadata": {"name": "a", "namespace": "b"}, "spec": spec,
        })).unwrap();
        prop_assert_eq!(read(&object, &Nowhere), read(&object, &Nowhere));
    }

    #[test]
    fn any_pattern_meets_any_path(pattern in "[a-c*?/{},\\[\\]\\\\]{0,20}", path in "[a-c/]{0,12}") {
        if let Some(glob) = Glob::parse(&pattern) {
            glob.matches(&path);
        }
    }
}
