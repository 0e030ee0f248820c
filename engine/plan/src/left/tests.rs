use super::Left;
use mainstay_object::{Object, Value};
use mainstay_unit::{FieldIgnore, NameMatch};
use serde_json::json;

fn deployment() -> Object {
    Object::new(
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "n"},
        "spec": {"replicas": 2, "template": {"spec": {
            "containers": [
                {"name": "a", "image": "i", "ports": [{"containerPort": 80}]},
                {"name": "b", "image": "j", "resources": {"limits": {"cpu": "1"}}},
            ],
            "tolerations": [{"key": "k"}],
        }}}}),
    )
    .unwrap()
}

fn left(paths: &[&str]) -> Left {
    let paths = paths.iter().map(|p| (*p).to_owned()).collect();
    let rule = FieldIgnore { kind: NameMatch::exactly("Deployment"), paths, ..FieldIgnore::default() };
    Left::of(&[rule], &deployment())
}

/// As a server shows it after our apply, the containers in another order.
fn live() -> Value {
    let fields = json!({"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {
        "f:containers": {
            "k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:image": {},
                "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}},
            "k:{\"name\":\"b\"}": {".": {}, "f:name": {}, "f:image": {}, "f:resources": {"f:limits": {"f:cpu": {}}}},
        },
        "f:tolerations": {},
    }}}});
    json!({"metadata": {"resourceVersion": "1", "managedFields": [
    {"manager": "us", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": fields}]},
    "spec": {"replicas": 5, "template": {"spec": {
        "containers": [
            {"name": "b", "image": "j", "resources": {"limits": {"cpu": "2"}}},
            {"name": "a", "image": "i", "ports": [{"containerPort": 80, "protocol": "TCP"}]},
        ],
        "tolerations": [{"key": "k", "effect": "NoExecute"}],
    }}}})
}

const RESOURCES: &str = "/spec/template/spec/containers/1/resources";

#[test]
fn ownership_is_handed_over_by_itself_and_leaves_no_empty_parents() {
    let managed =
        left(&["/spec/replicas", RESOURCES]).handed_over(&deployment(), &live(), "us", "initial").unwrap();
    let [ours, theirs] = managed.as_array().unwrap().as_slice() else { panic!("{managed}") };
    assert!(ours.pointer("/fieldsV1/f:spec/f:replicas").is_none(), "{ours}");
    let b = |entry: &Value| {
        entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"b\"}"].clone()
    };
    assert_eq!(b(ours), json!({".": {}, "f:name": {}, "f:image": {}}));
    assert_eq!([&theirs["manager"], &theirs["operation"]], ["initial", "Update"]);
    assert_eq!(b(theirs), json!({"f:resources": {"f:limits": {"f:cpu": {}}}}));
    assert_eq!(theirs.pointer("/fieldsV1/f:spec/f:replicas"), Some(&json!({})));
}

#[test]
fn what_was_handed_over_is_not_handed_over_again_and_joins_what_was() {
    let mut live = live();
    let first = left(&["/spec/replicas"]).handed_over(&deployment(), &live, "us", "initial").unwrap();
    live["metadata"]["managedFields"] = first;
    assert_eq!(left(&["/spec/replicas"]).handed_over(&deployment(), &live, "us", "initial"), None);
    let second =
        left(&["/spec/replicas", RESOURCES]).handed_over(&deployment(), &live, "us", "initial").unwrap();
    assert_eq!(second.as_array().unwrap().len(), 2);
    assert!(second.pointer("/1/fieldsV1/f:spec/f:replicas").is_some(), "{second}");
    assert_eq!(left(&["/spec/replicas"]).handed_over(&deployment(), &json!({}), "us", "initial"), None);
}

#[test]
fn what_is_left_is_not_sent_nor_are_maps_that_held_nothing_else() {
    let sent = left(&["/spec/replicas", &format!("{RESOURCES}/limits/cpu")]).without(&deployment(), &live());
    assert_eq!(sent.pointer("/spec/replicas"), None);
    assert_eq!(sent.pointer(RESOURCES), None, "{sent}");
    assert_eq!(sent.pointer("/spec/template/spec/containers/1/image"), Some(&json!("j")));
}

#[test]
fn of_an_atomic_list_no_part_is_left() {
    let pointer = "/spec/template/spec/tolerations/0/key";
    let sent = left(&[pointer]).without(&deployment(), &live());
    assert_eq!(sent.pointer(pointer), Some(&json!("k")));
}

#[test]
fn a_plan_shows_what_is_left_as_it_is() {
    let adopted = left(&["/spec/replicas", RESOURCES]).adopted(&deployment(), &live());
    assert_eq!(adopted.pointer("/spec/replicas"), Some(&json!(5)));
    assert_eq!(adopted.pointer(RESOURCES), Some(&json!({"limits": {"cpu": "2"}})));
}

#[test]
fn two_items_of_one_list_are_the_ones_that_were_meant() {
    let list = "/spec/template/spec/containers";
    let sent = left(&[&format!("{list}/0"), &format!("{list}/1")]).without(&deployment(), &live());
    assert_eq!(sent.pointer(list), Some(&json!([])));
    let sent = left(&[&format!("{list}/0")]).without(&deployment(), &live());
    assert_eq!(sent.pointer(&format!("{list}/0/name")), Some(&json!("b")));
}

#[test]
fn identity_what_does_not_exist_and_other_objects_are_not_left() {
    assert!(left(&["", "/kind", "/metadata", "/metadata/name", "/spec/none", "spec"]).is_empty());
    let other = FieldIgnore {
        name: NameMatch::exactly("other"),
        paths: vec!["/spec/replicas".into()],
        ..FieldIgnore::default()
    };
    assert!(Left::of(&[other], &deployment()).is_empty());
}

#[test]
fn ca_bundles_that_an_injector_is_asked_for_are_its_own() {
    let hook = |annotation: &str| {
        Object::new(
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "h", "annotations": {annotation: "n/c"}},
            "webhooks": [{"name": "a.b.c", "clientConfig": {"caBundle": "Cg=="}}]}),
        )
        .unwrap()
    };
    let asked = hook("cert-manager.io/inject-ca-from");
    let left = Left::of(&[], &asked);
    assert_eq!(left.without(&asked, &json!({})).pointer("/webhooks/0/clientConfig/caBundle"), None);
    assert!(Left::of(&[], &hook("example.com/other")).is_empty());
}

#[test]
fn labels_that_are_left_whole_are_those_of_the_declaration_and_not_ours() {
    let labelled = |labels: Value| {
        let metadata = json!({"name": "a", "namespace": "n", "labels": labels});
        Object::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})).unwrap()
    };
    let rule = FieldIgnore { paths: vec!["/metadata/labels".into()], ..FieldIgnore::default() };
    let left = Left::of(&[rule], &labelled(json!({"example.com/a": "1"})));
    let sent = left.without(&labelled(json!({"example.com/a": "1", "ours": "2"})), &json!({}));
    assert_eq!(sent["metadata"]["labels"], json!({"ours": "2"}));
}
