//! Everybody else: the controllers that make workloads ready, and people who edit, delete and get in the way.

use crate::ask::Ask;
use crate::network::{MANAGEMENT, Net, clock};
use crate::repository::NAMESPACE;
use crate::witness::{FOREIGN, text};
use base64::Engine as _;
use fastrand::Rng;
use mainstay_apiserver::core::{Method, Now};
use mainstay_clock::{World, sleep};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const LISTS: [(&str, &str, &str); 4] = [
    ("/api/v1", "configmaps", "ConfigMap"),
    ("/api/v1", "serviceaccounts", "ServiceAccount"),
    ("/apis/apps/v1", "deployments", "Deployment"),
    ("/apis/simulated.example/v1", "notes", "Note"),
];
/// Keeps an object from going until its owner lets it.
const FINALIZER: &str = "people.example/hold";

/// What units need of a server: their namespaces, and the custom kind that some of their objects are of. The answer to
/// the first request that is refused, if there is one.
pub fn prepare(server: &mut dyn Ask) -> Result<(), String> {
    let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let note = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "notes.simulated.example"},
        "spec": {
            "group": "simulated.example", "scope": "Namespaced",
            "names": {"kind": "Note", "plural": "notes", "singular": "note", "listKind": "NoteList"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                          "schema": {"openAPIV3Schema": {"type": "object"}}}],
        },
    });
    let namespaces = "/api/v1/namespaces";
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    for (path, body) in
        [(namespaces, namespace(NAMESPACE)), (namespaces, namespace("flux-system")), (definitions, note)]
    {
        let (status, answer) = server.ask(Method::Post, path, Some(&body));
        if status != 201 {
            return Err(format!("{}: {status} {answer}", body["metadata"]["name"]));
        }
    }
    Ok(())
}

/// Prepares all servers, and gives the first the kubeconfigs by which the others are reached.
pub(crate) fn settle(net: &Net, names: &[&str]) -> Result<(), String> {
    for name in names {
        net.asked(name, prepare).unwrap_or_else(|| Err(format!("there is no server {name}")))?;
    }
    net.asked(MANAGEMENT, |server| {
        for (number, name) in names.iter().enumerate().skip(1) {
            let kubeconfig = format!(
                "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
                 clusters: [{{name: c, cluster: {{server: '{name}'}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
            );
            let value = base64::engine::general_purpose::STANDARD.encode(kubeconfig);
            let body = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": format!("server-{number}")},
                              "data": {"value": value}});
            server.ask(Method::Post, "/api/v1/namespaces/flux-system/secrets", Some(&body));
        }
    });
    Ok(())
}

/// Everything in the namespace of the units, with its kind and path.
pub fn everything(server: &mut dyn Ask) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    for (base, plural, kind) in LISTS {
        let collection = format!("{base}/namespaces/{NAMESPACE}/{plural}");
        let (_, mut list) = server.ask(Method::Get, &collection, None);
        let Some(Value::Array(items)) = list.get_mut("items").map(Value::take) else { continue };
        for mut item in items {
            // Items of a list don't say what they are.
            item["apiVersion"] = base.trim_start_matches("/apis/").trim_start_matches("/api/").into();
            item["kind"] = kind.into();
            out.push((format!("{collection}/{}", text(&item, "/metadata/name")), item));
        }
    }
    out.retain(|(path, _)| {
        !path.ends_with("/kube-root-ca.crt") && !path.ends_with("/serviceaccounts/default")
    });
    out
}

/// Plays the controllers of one server for ever.
pub(crate) async fn control(net: Arc<Net>, name: String, machine: Arc<crate::machine::Machine>) {
    let mut due: BTreeMap<String, Now> = BTreeMap::new();
    let mut last = 0;
    loop {
        sleep(Duration::from_millis(50 + machine.random() % 400)).await;
        let now = clock(&machine);
        let Some(revision) = net.on(&name, |server, _| server.core.revision()) else { return };
        if revision == last && due.values().all(|at| *at > now) {
            continue;
        }
        let mut seen = Vec::new();
        net.on(&name, |server, now| {
            for (path, object) in everything(&mut server.administrator(now)) {
                if text(&object, "/kind") != "Deployment" {
                    continue;
                }
                due.remove(&path);
                let Some(step) = mainstay_sim::simulate(&object, now, 1) else { continue };
                if let Some(again) = step.again {
                    due.insert(path.clone(), again);
                }
                if let Some(patch) = step.patch {
                    let (status, mut after) =
                        server.administrator(now).ask(Method::Patch, &format!("{path}/status"), Some(&patch));
                    if status == 200 {
                        after["apiVersion"] = "apps/v1".into();
                        after["kind"] = "Deployment".into();
                        seen.push(after);
                    }
                }
            }
            last = server.core.revision();
        });
        net.witness(|witness| seen.iter().for_each(|object| witness.saw(&name, object)));
    }
}

/// One thing that people do to a server's objects; said in a line.
pub fn meddle(server: &mut dyn Ask, dice: &mut Rng) -> String {
    let all = everything(server);
    let ours: Vec<_> = all.iter().filter(|(_, o)| o["metadata"]["labels"][FOREIGN].is_null()).collect();
    let number = dice.u32(..1000);
    if ours.is_empty() || dice.u8(..6) == 0 {
        let body = json!({"apiVersion": "v1", "kind": "ConfigMap",
                          "metadata": {"name": format!("theirs-{number}"), "labels": {FOREIGN: "true"}}});
        let path = format!("/api/v1/namespaces/{NAMESPACE}/configmaps");
        let (status, _) = server.ask(Method::Post, &path, Some(&body));
        return format!("people create theirs-{number}: {status}");
    }
    let (path, object) = ours[dice.usize(..ours.len())];
    let (what, status) = match dice.u8(..6) {
        0 | 1 => ("delete", server.ask(Method::Delete, path, None).0),
        2 => {
            // The label by which we find what is ours.
            let body = json!({"metadata": {"labels": {"applyset.kubernetes.io/part-of": null}}});
            ("take the label from", server.ask(Method::Patch, path, Some(&body)).0)
        }
        3 => {
            let body = json!({"metadata": {"finalizers": [FINALIZER]}});
            ("hold", server.ask(Method::Patch, path, Some(&body)).0)
        }
        _ if text(object, "/kind") == "ConfigMap" => {
            let body = json!({"data": {"fixed": format!("edited {number}")}});
            let path = format!("{path}?fieldManager=kubectl-edit");
            ("edit", server.ask(Method::Patch, &path, Some(&body)).0)
        }
        _ => {
            let body = json!({"metadata": {"annotations": {"people": number.to_string()}}});
            ("annotate", server.ask(Method::Patch, path, Some(&body)).0)
        }
    };
    format!("people {what} {path}: {status}")
}

/// An operator approves every removal that is held; said in a line for each.
pub fn approve(server: &mut dyn Ask) -> Vec<String> {
    let units = "/apis/mainstay.dev/v1alpha1/units";
    let (_, mut list) = server.ask(Method::Get, units, None);
    let Some(Value::Array(items)) = list.get_mut("items").map(Value::take) else { return Vec::new() };
    let held = items.iter().filter(|unit| !text(unit, "/status/held").is_empty());
    held.map(|unit| {
        let (name, hash) = (text(unit, "/metadata/name"), text(unit, "/status/held"));
        let body = json!({"metadata": {"annotations": {"mainstay.dev/approve": hash}}});
        let (status, _) = server.ask(Method::Patch, &format!("{units}/{name}"), Some(&body));
        format!("an operator approves {hash} of {name}: {status}")
    })
    .collect()
}

/// Somebody deletes records, or an older copy of the server's store has none of them yet. Only those of units on the
/// management cluster: on another one that no unit names any more, nobody looks for what was lost.
pub fn lose(server: &mut dyn Ask, dice: &mut Rng) -> usize {
    let units = "/apis/mainstay.dev/v1alpha1/units";
    let (_, list) = server.ask(Method::Get, units, None);
    let items = list["items"].as_array().into_iter().flatten();
    let lost = items.filter(|unit| text(unit, "/status/target/cluster").is_empty() && dice.bool());
    let names = lost.map(|unit| text(unit, "/metadata/name"));
    names.map(|name| server.ask(Method::Delete, &format!("{units}/{name}"), None)).count()
}

/// Whatever is held is let go.
pub fn release(server: &mut dyn Ask) {
    for (path, object) in everything(server) {
        if object["metadata"]["finalizers"].is_array() {
            let body = json!({"metadata": {"finalizers": null}});
            server.ask(Method::Patch, &path, Some(&body));
        }
    }
}
