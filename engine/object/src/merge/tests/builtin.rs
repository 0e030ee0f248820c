//! Kubernetes' own kinds.

use super::story::Story;
use crate::{GroupVersionKind, Types, validate};
use serde_json::{Value, json};

fn story(kind: &GroupVersionKind) -> Story<'static> {
    let types = Types::builtin();
    Story::of(types, types.for_kind(kind).expect("built in"))
}

fn deployment(containers: Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "n"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": containers},
            },
        },
    })
}

#[test]
fn containers_merge_by_name_and_their_ports_by_number_and_protocol() {
    let mut story = story(&GroupVersionKind::new("apps", "v1", "Deployment"));
    let web = json!([{"name": "web", "image": "i:1", "ports": [{"containerPort": 80}]}]);
    story.apply_object("a", &deployment(web), false).unwrap();
    let sidecar = json!([{"name": "proxy", "image": "p"}, {"name": "web", "ports": [{"containerPort": 80, "protocol": "UDP"}]}]);
    story.apply_object("b", &deployment(sidecar), false).unwrap();
    let merged = json!([
        {"name": "proxy", "image": "p"},
        {"name": "web", "image": "i:1", "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]},
    ]);
    assert_eq!(story.spec()["template"]["spec"]["containers"], merged);
    let key = r#".template.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"]"#;
    assert!(story.owns("a").iter().any(|path| path == key), "{:?}", story.owns("a"));
}

#[test]
fn a_selector_is_atomic() {
    let mut story = story(&GroupVersionKind::new("apps", "v1", "Deployment"));
    story.apply_object("a", &deployment(json!([{"name": "web", "image": "i"}])), false).unwrap();
    assert!(story.owns("a").contains(&".selector".to_owned()), "{:?}", story.owns("a"));
}

#[test]
fn a_null_is_an_absent_field() {
    let mut story = story(&GroupVersionKind::new("apps", "v1", "Deployment"));
    let mut object = deployment(json!([{"name": "web", "image": "i", "args": null}]));
    object["spec"]["replicas"] = Value::Null;
    story.apply_object("a", &object, false).unwrap();
    assert_eq!(story.spec().get("replicas"), None);
    assert_eq!(story.spec()["template"]["spec"]["containers"], json!([{"name": "web", "image": "i"}]));
}

#[test]
fn every_kind_of_the_table_has_a_type_that_takes_an_object_of_it() {
    let kinds = crate::Kinds::builtin();
    assert!(kinds.all.len() > 60, "{}", kinds.all.len());
    let types = Types::builtin();
    for info in &kinds.all {
        let id = types.for_kind(&info.kind).unwrap_or_else(|| panic!("{} has no type", info.kind));
        let object =
            json!({"apiVersion": info.kind.api_version(), "kind": info.kind.kind, "metadata": {"name": "n"}});
        let errors = validate(&object, types, id);
        assert!(errors.iter().all(|error| error.to_string().ends_with("Required value")), "{errors:?}");
        assert!(types.child(id, "apiVersion").is_some(), "{}", info.kind);
    }
}

#[test]
fn kinds_know_their_names_and_subresources() {
    let kinds = crate::Kinds::builtin();
    let deployment = kinds.by_plural("apps", "v1", "deployments").expect("built in");
    assert_eq!((deployment.singular.as_str(), deployment.namespaced), ("deployment", true));
    assert_eq!(deployment.short_names, ["deploy"]);
    assert!(deployment.has_status());
    assert_eq!(
        deployment.subresource("scale").map(|it| it.kind.to_string()).as_deref(),
        Some("autoscaling/v1, Kind=Scale")
    );
    assert!(kinds.by_plural("", "v1", "namespaces").is_some_and(|kind| !kind.namespaced));
}

#[test]
fn empty_maps_and_lists_of_an_api_servers_own_structs_do_not_survive() {
    let mut story = story(&GroupVersionKind::new("apps", "v1", "Deployment"));
    let mut object = deployment(json!([{"name": "web", "image": "i", "args": [], "securityContext": {}}]));
    object["metadata"]["labels"] = json!({});
    object["spec"]["template"]["spec"]["nodeSelector"] = json!({});
    story.apply_object("a", &object, false).unwrap();
    let spec = &story.spec()["template"]["spec"];
    assert_eq!(*spec, json!({"containers": [{"name": "web", "image": "i", "securityContext": {}}]}));
    assert_eq!(story.live.as_ref().unwrap()["metadata"].get("labels"), None);
    assert!(story.owns("a").contains(&".metadata.labels".to_owned()), "{:?}", story.owns("a"));
}
