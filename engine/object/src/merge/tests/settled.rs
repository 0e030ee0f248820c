//! What is told without merging is what merging would have told.

use crate::merge::apply::apply_by_merging;
use crate::merge::settled::is_settled;
use crate::merge::{SameInAllVersions, WriteContext, apply};
use crate::samples::{config, proper_spec, widget_of, widget_types};
use crate::{GroupVersionKind, TypeId, Types, apply_defaults};
use proptest::prelude::*;
use serde_json::{Value, json};

fn context<'a>(
    manager: &'a str,
    types: &'a Types,
    versions: &'a SameInAllVersions,
    default: &'a dyn Fn(&mut Value),
) -> WriteContext<'a> {
    WriteContext {
        manager,
        subresource: "",
        now: "2024-01-01T00:00:00Z",
        types,
        type_id: versions.0,
        resets: None,
        versions,
        default: Some(default),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_settled_apply_is_one_that_merging_leaves_unchanged(
        specs in prop::collection::vec((prop::sample::select(vec!["a", "b"]), proper_spec()), 1..4),
        again in any::<prop::sample::Index>(),
    ) {
        let (types, id) = widget_types();
        let versions = SameInAllVersions(id);
        let default = |object: &mut Value| apply_defaults(object, types, id);
        let mut live: Option<Value> = None;
        for (manager, spec) in &specs {
            let context = context(manager, types, &versions, &default);
            let written = apply(live.as_ref(), &widget_of(spec.clone()), true, &context);
            live = Some(written.expect("forced").object.into_owned());
        }
        let (manager, spec) = again.get(&specs);
        let (live, applied) = (live.expect("applied"), widget_of(spec.clone()));
        let context = context(manager, types, &versions, &default);
        if is_settled(&live, &applied, &context) {
            let merged = apply_by_merging(Some(&live), &applied, false, &context);
            prop_assert!(merged.is_ok_and(|written| !written.changed()), "{live}\n{applied}");
        }
    }
}

/// A Deployment whose container reads a field of its Pod: `fieldRef` is atomic, and is completed with an apiVersion.
fn reader(field: &str, cpu: &str) -> Value {
    let env = json!([{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": field}}}]);
    let resources = json!({"requests": {"cpu": cpu}});
    let containers = json!([{"name": "main", "image": "i", "env": env, "resources": resources}]);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "n"},
        "spec": {"template": {"spec": {"containers": containers}}},
    })
}

fn completing(types: &Types, id: TypeId) -> impl Fn(&mut Value) {
    move |object| {
        apply_defaults(object, types, id);
        let container = &mut object["spec"]["template"]["spec"]["containers"][0];
        container["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] = "v1".into();
        if container["resources"]["requests"]["cpu"] == "0.5" {
            container["resources"]["requests"]["cpu"] = "500m".into();
        }
    }
}

#[test]
fn what_a_server_completes_or_writes_otherwise_is_settled() {
    let types = Types::builtin();
    let id = types.for_kind(&GroupVersionKind::new("apps", "v1", "Deployment")).expect("built in");
    let (versions, default) = (SameInAllVersions(id), completing(types, id));
    let context = |manager| context(manager, types, &versions, &default);
    let applied = reader("metadata.name", "0.5");
    let live = apply(None, &applied, false, &context("a")).expect("new").object.into_owned();
    assert_eq!(live["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"], "500m");
    assert!(is_settled(&live, &applied, &context("a")));
    assert!(!apply_by_merging(Some(&live), &applied, false, &context("a")).expect("merged").changed());
    assert!(!is_settled(&live, &reader("metadata.uid", "0.5"), &context("a")));
    assert!(!is_settled(&live, &reader("metadata.name", "1"), &context("a")));
}

#[test]
fn what_another_manager_owns_as_it_is_live_is_not_settled() {
    let types = Types::builtin();
    let id = types.for_kind(&GroupVersionKind::new("apps", "v1", "Deployment")).expect("built in");
    let (versions, default) = (SameInAllVersions(id), completing(types, id));
    let context = |manager| context(manager, types, &versions, &default);
    let applied = reader("metadata.name", "0.5");
    let live = apply(None, &applied, false, &context("a")).expect("new").object.into_owned();
    let mut whole = applied.clone();
    default(&mut whole);
    let live = apply(Some(&live), &whole, false, &context("b")).expect("the same").object.into_owned();
    assert!(!is_settled(&live, &applied, &context("a")));
    let error = apply(Some(&live), &applied, false, &context("a")).expect_err("a conflict");
    assert!(error.to_string().contains("fieldRef"), "{error}");
}
