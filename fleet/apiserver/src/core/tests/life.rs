use super::support::{host, request};
use crate::core::{Cluster, Reply, Settings, User};
use serde_json::json;

const CM: &str = "/api/v1/namespaces/default/configmaps";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

fn deployment(name: &str) -> String {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": {
            "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "containers": [{ "name": "c", "image": "nginx:1" }] },
            },
        },
    })
    .to_string()
}

fn crd() -> String {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "widgets.example.com" },
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": { "plural": "widgets", "kind": "Widget", "shortNames": ["wd"], "categories": ["all"] },
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "subresources": {
                    "status": {},
                    "scale": { "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas" },
                },
                "additionalPrinterColumns": [{ "name": "Size", "type": "integer", "jsonPath": ".spec.size" }],
                "schema": { "openAPIV3Schema": {
                    "type": "object",
                    "properties": {
                        "spec": { "type": "object", "properties": {
                            "size": { "type": "integer", "minimum": 1 },
                            "replicas": { "type": "integer", "default": 2 },
                        } },
                        "status": { "type": "object", "properties": { "replicas": { "type": "integer" } } },
                    },
                } },
            }],
        },
    })
    .to_string()
}

#[test]
fn an_object_is_created_read_changed_and_deleted() {
    let mut host = host();
    let made = host.ok(&format!("POST {CM}"), r#"{"metadata":{"name":"a"},"data":{"k":"v"}}"#);
    assert_eq!(made["metadata"]["namespace"], "default");
    assert_eq!(made["metadata"]["creationTimestamp"], "2025-06-15T15:06:40Z");
    assert_eq!(made["metadata"]["managedFields"][0]["manager"], "kubectl");
    assert_eq!(host.ok(&format!("GET {CM}/a"), ""), made);
    let again = host.ok(&format!("MERGE {CM}/a"), r#"{"data":{"k":"v"}}"#);
    assert_eq!(
        again["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"],
        "no write, no version"
    );
    let mut put = made.clone();
    put["data"]["k"] = "w".into();
    host.ok(&format!("PUT {CM}/a"), &put.to_string());
    let stale = host.fails(&format!("PUT {CM}/a"), &put.to_string());
    assert_eq!(
        stale,
        "409 Conflict: Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again"
    );
    let gone = host.ok(&format!("DELETE {CM}/a"), "");
    assert_eq!((&gone["status"], &gone["details"]["kind"]), (&json!("Success"), &json!("configmaps")));
    assert!(host.fails(&format!("GET {CM}/a"), "").starts_with("404"));
}

#[test]
fn a_dry_run_leaves_nothing_behind() {
    let mut host = host();
    let before = host.cluster.revision();
    host.ok(&format!("POST {CM}?dryRun=All"), r#"{"metadata":{"name":"a"}}"#);
    assert_eq!(host.cluster.revision(), before);
    assert!(host.fails(&format!("GET {CM}/a"), "").starts_with("404"));
}

#[test]
fn generated_names_end_with_a_suffix() {
    let mut host = host();
    let made = host.ok(&format!("POST {CM}"), r#"{"metadata":{"generateName":"a-"}}"#);
    assert_eq!(made["metadata"]["name"].as_str().unwrap().len(), 7);
}

#[test]
fn a_deployment_gets_its_defaults_and_counts_generations() {
    let mut host = host();
    let made = host.ok(&format!("POST {DEPLOYMENTS}"), &deployment("web"));
    let spec = &made["spec"];
    assert_eq!(spec["replicas"], 1);
    assert_eq!(spec["strategy"]["rollingUpdate"]["maxSurge"], "25%");
    assert_eq!(spec["template"]["spec"]["restartPolicy"], "Always");
    assert_eq!(spec["template"]["spec"]["containers"][0]["imagePullPolicy"], "IfNotPresent");
    assert_eq!(made["metadata"]["generation"], 1);
    let scaled = host.ok(&format!("MERGE {DEPLOYMENTS}/web/scale"), r#"{"spec":{"replicas":3}}"#);
    assert_eq!((&scaled["kind"], &scaled["spec"]["replicas"]), (&json!("Scale"), &json!(3)));
    assert_eq!(scaled["status"]["selector"], "app=web");
    let status = host
        .ok(&format!("MERGE {DEPLOYMENTS}/web/status"), r#"{"spec":{"replicas":9},"status":{"replicas":3}}"#);
    assert_eq!((&status["spec"]["replicas"], &status["status"]["replicas"]), (&json!(3), &json!(3)));
    assert_eq!(status["metadata"]["generation"], 2);
    let spec = host.ok(&format!("MERGE {DEPLOYMENTS}/web"), r#"{"status":{"replicas":7}}"#);
    assert_eq!(spec["status"]["replicas"], 3);
    let moved =
        host.fails(&format!("MERGE {DEPLOYMENTS}/web"), r#"{"spec":{"selector":{"matchLabels":{"x":"y"}}}}"#);
    assert!(moved.contains("field is immutable"), "{moved}");
}

#[test]
fn applying_shares_fields_among_managers() {
    let mut host = host();
    let line = |manager: &str, force: &str| format!("APPLY {CM}/a?fieldManager={manager}{force}");
    let body = |v: &str| {
        format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"a"}},"data":{{"k":"{v}"}}}}"#)
    };
    let (status, _) = host.call(&line("one", ""), &body("x"));
    assert_eq!(status, 201);
    let version = host.ok(&format!("GET {CM}/a"), "")["metadata"]["resourceVersion"].clone();
    let same = host.ok(&line("one", ""), &body("x"));
    assert_eq!(same["metadata"]["resourceVersion"], version);
    let (status, conflict) = host.call(&line("two", ""), &body("y"));
    assert_eq!(status, 409);
    assert_eq!(conflict["message"], "Apply failed with 1 conflict: conflict with \"one\": .data.k");
    assert_eq!(conflict["details"]["causes"][0]["field"], ".data.k");
    assert_eq!(host.ok(&line("two", "&force=true"), &body("y"))["data"]["k"], "y");
}

#[test]
fn a_watch_tells_what_happened_since() {
    let mut host = host();
    let list = host.ok(&format!("GET {CM}"), "");
    let from = list["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let mut all = host.watch(&format!("GET {CM}?watch=1&resourceVersion={from}"));
    let mut red = host.watch(&format!("GET {CM}?watch=1&resourceVersion={from}&labelSelector=c=red"));
    host.ok(&format!("POST {CM}"), r#"{"metadata":{"name":"a","labels":{"c":"red"}}}"#);
    host.ok(&format!("MERGE {CM}/a"), r#"{"metadata":{"labels":{"c":"blue"}}}"#);
    host.ok(&format!("MERGE {CM}/a"), r#"{"metadata":{"labels":{"c":"red"}}}"#);
    host.ok(&format!("DELETE {CM}/a"), "");
    assert_eq!(host.drain(&mut all), ["ADDED a", "MODIFIED a", "MODIFIED a", "DELETED a"]);
    assert_eq!(host.drain(&mut red), ["ADDED a", "DELETED a", "ADDED a", "DELETED a"]);
    assert_eq!(host.drain(&mut all), Vec::<String>::new());
    let mut initial = host.watch(&format!(
        "GET {CM}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    ));
    assert_eq!(host.drain(&mut initial), ["ADDED kube-root-ca.crt", "BOOKMARK"]);
}

#[test]
fn a_watch_from_a_forgotten_version_ends_with_410() {
    let mut host = host();
    let mut old = host.watch(&format!("GET {CM}?watch=1&resourceVersion=1"));
    let records: Vec<(String, Vec<u8>)> = host
        .cluster
        .take_changes()
        .into_iter()
        .filter_map(|c| Some((c.key.to_string(), c.value?.bytes().into_owned())))
        .collect();
    host.cluster = Cluster::load(Settings::default(), records).unwrap();
    assert_eq!(host.drain(&mut old), ["ERROR Expired"]);
}

#[test]
fn lists_are_paged_consistently() {
    let mut host = host();
    for name in ["a", "b", "c", "d"] {
        host.ok(&format!("POST {CM}"), &json!({ "metadata": { "name": name } }).to_string());
    }
    let first = host.ok(&format!("GET {CM}?limit=2"), "");
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    assert_eq!(first["metadata"]["remainingItemCount"], 3);
    host.ok(&format!("DELETE {CM}/c"), "");
    let token = first["metadata"]["continue"].as_str().unwrap();
    let rest = host.ok(&format!("GET {CM}?continue={token}"), "");
    let names: Vec<&str> =
        rest["items"].as_array().unwrap().iter().filter_map(|i| i["metadata"]["name"].as_str()).collect();
    assert_eq!(names, ["c", "d", "kube-root-ca.crt"], "as it was when the list began");
}

#[test]
fn a_namespace_is_emptied_before_it_goes() {
    let mut host = host();
    host.ok("POST /api/v1/namespaces", r#"{"metadata":{"name":"n"}}"#);
    host.ok("GET /api/v1/namespaces/n/serviceaccounts/default", "");
    host.ok("POST /api/v1/namespaces/n/configmaps", r#"{"metadata":{"name":"a","finalizers":["x.io/y"]}}"#);
    let gone = host.ok("DELETE /api/v1/namespaces/n", "");
    assert_eq!(gone["status"]["phase"], "Terminating");
    let refused = host.fails("POST /api/v1/namespaces/n/configmaps", r#"{"metadata":{"name":"b"}}"#);
    assert_eq!(
        refused,
        "403 Forbidden: configmaps \"b\" is forbidden: unable to create new content in namespace n because it is being terminated"
    );
    assert!(host.fails("GET /api/v1/namespaces/n/serviceaccounts/default", "").starts_with("404"));
    host.ok("MERGE /api/v1/namespaces/n/configmaps/a", r#"{"metadata":{"finalizers":null}}"#);
    assert!(host.fails("GET /api/v1/namespaces/n", "").starts_with("404"));
}

#[test]
fn what_is_owned_goes_with_its_owner() {
    for (policy, left) in [("Background", false), ("Foreground", false), ("Orphan", true)] {
        let mut host = host();
        let owner = host.ok(&format!("POST {CM}"), r#"{"metadata":{"name":"owner"}}"#);
        let reference = json!([{
            "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": true,
        }]);
        let child = json!({ "metadata": { "name": "child", "ownerReferences": reference } });
        host.ok(&format!("POST {CM}"), &child.to_string());
        host.ok(&format!("DELETE {CM}/owner"), &json!({ "propagationPolicy": policy }).to_string());
        assert!(host.fails(&format!("GET {CM}/owner"), "").starts_with("404"), "{policy}");
        let (status, child) = host.call(&format!("GET {CM}/child"), "");
        assert_eq!(status == 200, left, "{policy}: {child}");
        assert!(!left || child["metadata"].get("ownerReferences").is_none());
    }
}

#[test]
fn a_crd_is_established_served_and_removed_with_its_objects() {
    let mut host = host();
    host.ok(&format!("POST {CRDS}"), &crd());
    let made = host.ok(&format!("GET {CRDS}/widgets.example.com"), "");
    assert_eq!(made["status"]["conditions"][1]["type"], "Established", "{made}");
    let widgets = "/apis/example.com/v1/namespaces/default/widgets";
    let body = r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"size":3,"nope":1},"status":{"replicas":8}}"#;
    let widget = host.ok(&format!("POST {widgets}"), body);
    assert_eq!((&widget["spec"]["replicas"], widget["spec"].get("nope")), (&json!(2), None));
    assert!(widget.get("status").is_none());
    let bad = host.fails(&format!("MERGE {widgets}/w"), r#"{"spec":{"size":0}}"#);
    assert!(bad.starts_with("422 Invalid: Widget.example.com \"w\" is invalid: spec.size"), "{bad}");
    assert_eq!(host.as_table(&format!("GET {widgets}")), ["Name|Size", "w|3"]);
    assert_eq!(host.ok(&format!("GET {widgets}/w/scale"), "")["spec"]["replicas"], 2);
    let strategic = host.fails(&format!("STRATEGIC {widgets}/w"), "{}");
    assert!(strategic.starts_with("415 UnsupportedMediaType"), "{strategic}");
    let mut watch = host.watch(&format!("GET {widgets}?watch=1"));
    assert_eq!(host.drain(&mut watch), ["ADDED w"]);
    host.ok(&format!("DELETE {CRDS}/widgets.example.com"), "");
    assert_eq!(host.drain(&mut watch), ["CLOSED"]);
    assert!(host.fails(&format!("GET {widgets}"), "").starts_with("404"));
}

#[test]
fn tables_look_as_kubectl_prints_them() {
    let mut host = host();
    host.ok(&format!("POST {DEPLOYMENTS}"), &deployment("web"));
    assert_eq!(
        host.as_table(&format!("GET {DEPLOYMENTS}")),
        [
            "Name|Ready|Up-to-date|Available|Age|Containers|Images|Selector",
            "web|0/1|0|0|0s|c|nginx:1|app=web"
        ]
    );
    assert_eq!(
        host.as_table("GET /api/v1/namespaces/kube-system"),
        ["Name|Status|Age", "kube-system|Active|0s"]
    );
    assert_eq!(
        host.as_table("GET /api/v1/namespaces/default/services"),
        [
            "Name|Type|Cluster-IP|External-IP|Port(s)|Age|Selector",
            "kubernetes|ClusterIP|10.96.0.1|<none>|443/TCP|0s|<none>"
        ]
    );
}

#[test]
fn a_service_gets_an_address_and_keeps_it() {
    let mut host = host();
    let services = "/api/v1/namespaces/default/services";
    let asked = r#"{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}"#;
    let first = host.ok(&format!("POST {services}"), asked)["spec"]["clusterIP"].clone();
    let address: std::net::Ipv4Addr = first.as_str().unwrap().parse().unwrap();
    assert!((0x0a60_0100..0x0a70_0000).contains(&u32::from(address)), "{address}");
    host.ok(&format!("DELETE {services}/s"), "");
    let made = host.ok(&format!("POST {services}"), asked);
    assert_ne!(made["spec"]["clusterIP"], first, "what is given back is not given out at once");
    assert_eq!(made["spec"]["ports"][0], json!({ "port": 80, "protocol": "TCP", "targetPort": 80 }));
    let moved = host.fails(&format!("MERGE {services}/s"), r#"{"spec":{"clusterIP":"10.96.0.77"}}"#);
    assert!(moved.contains("spec.clusterIPs[0]: Invalid value"), "{moved}");
}

#[test]
fn secrets_fold_their_plain_text_in() {
    let mut host = host();
    let made = host
        .ok("POST /api/v1/namespaces/default/secrets", r#"{"metadata":{"name":"s"},"stringData":{"k":"v"}}"#);
    assert_eq!(
        (&made["data"]["k"], &made["type"], made.get("stringData")),
        (&json!("dg=="), &json!("Opaque"), None)
    );
}

#[test]
fn roles_decide_and_impersonation_is_itself_a_permission() {
    let mut host = host();
    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    host.ok(&format!("POST {rbac}/roles"), r#"{"metadata":{"name":"reader"},"rules":[{"apiGroups":[""],"resources":["configmaps"],"verbs":["get","list"]}]}"#);
    host.ok(&format!("POST {rbac}/rolebindings"), r#"{"metadata":{"name":"reader"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"reader"},"subjects":[{"kind":"User","name":"jane"}]}"#);
    host.user = User { name: "jane".into(), groups: vec!["system:authenticated".into()], ..User::default() };
    host.ok(&format!("GET {CM}"), "");
    assert_eq!(
        host.fails(&format!("POST {CM}"), r#"{"metadata":{"name":"a"}}"#),
        "403 Forbidden: configmaps is forbidden: User \"jane\" cannot create resource \"configmaps\" in API group \"\" in the namespace \"default\""
    );
    let review = host.ok(
        "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        r#"{"spec":{"resourceAttributes":{"namespace":"default","verb":"list","resource":"configmaps"}}}"#,
    );
    assert_eq!(review["status"]["allowed"], true);
    let mut asked = request(&format!("GET {CM}"), "");
    asked.impersonate = Some(crate::core::Impersonate { user: "root".into(), ..Default::default() });
    let Reply::Done(response) = host.reply(asked.clone()) else { panic!("a watch") };
    assert_eq!(response.status, 403);
    host.user = User::admin();
    asked.impersonate = Some(crate::core::Impersonate { user: "jane".into(), ..Default::default() });
    let Reply::Done(response) = host.reply(asked) else { panic!("a watch") };
    assert_eq!(response.status, 200);
}

#[test]
fn a_token_is_good_until_it_expires_or_its_account_goes() {
    let mut host = host();
    let accounts = "/api/v1/namespaces/default/serviceaccounts";
    host.ok(&format!("POST {accounts}"), r#"{"metadata":{"name":"bot"}}"#);
    let review = host.ok(&format!("POST {accounts}/bot/token"), r#"{"spec":{"expirationSeconds":600}}"#);
    let token = review["status"]["token"].as_str().unwrap().to_owned();
    let user = host.cluster.authenticate_token(&token, host.now).unwrap();
    assert_eq!(user.name, "system:serviceaccount:default:bot");
    assert!(host.cluster.authenticate_token(&token, host.now.plus_seconds(600)).is_none());
    host.ok(&format!("DELETE {accounts}/bot"), "");
    assert!(host.cluster.authenticate_token(&token, host.now).is_none());
}

#[test]
fn what_was_persisted_is_what_is_loaded() {
    let mut host = host();
    host.ok(&format!("POST {CRDS}"), &crd());
    host.ok(&format!("POST {CM}"), r#"{"metadata":{"name":"a"}}"#);
    host.ok(&format!("DELETE {CM}/a"), "");
    let mut disk = std::collections::BTreeMap::new();
    for change in host.cluster.take_changes() {
        match change.value {
            Some(value) => disk.insert(change.key.to_string(), value.bytes().into_owned()),
            None => disk.remove(&*change.key),
        };
    }
    let list = host.ok(CRDS.replace("/apis", "GET /apis").as_str(), "");
    let revision = host.cluster.revision();
    host.cluster = Cluster::load(Settings { ca: "PEM".into(), ..Settings::default() }, disk).unwrap();
    host.cluster.tick(host.now, &mut host.entropy);
    assert_eq!(host.cluster.revision(), revision, "nothing is rewritten");
    assert_eq!(host.ok(CRDS.replace("/apis", "GET /apis").as_str(), ""), list);
    host.ok("GET /apis/example.com/v1/widgets", "");
}

#[test]
fn an_empty_cluster_is_small() {
    let mut host = host();
    let bytes: usize = host
        .cluster
        .take_changes()
        .iter()
        .map(|c| c.key.len() + c.value.as_ref().map_or(0, |v| v.len()))
        .sum();
    assert!(bytes < 20_000, "{bytes} bytes");
}
