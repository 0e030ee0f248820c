use super::{GROUP, ask, done};
use crate::core::Method;
use crate::shell::hosted::Hosted;
use serde_json::{Value, json};
use std::sync::Arc;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// Makes the kind known on the root cluster, as this version of Mainstay has it.
pub(super) async fn install(root: &Arc<Hosted>) -> Result<(), String> {
    let definition = definition();
    let path = format!("{DEFINITIONS}/logicalclusters.{GROUP}");
    let (status, live) = ask(root, Method::Get, &path, Value::Null).await?;
    match status {
        404 => drop(done(root, Method::Post, DEFINITIONS, definition).await?),
        200 if live["spec"]["versions"] == definition["spec"]["versions"] => {}
        200 => drop(done(root, Method::Patch, &path, definition).await?),
        _ => return Err(format!("{path}: {status}")),
    }
    // Definitions are established by the next tick.
    root.tick();
    Ok(())
}

fn definition() -> Value {
    let column = |name: &str, path: &str| json!({ "name": name, "type": "string", "jsonPath": path });
    let text = |description: &str| json!({ "type": "string", "description": description });
    let condition = json!({ "type": "object", "required": ["type", "status"], "properties": {
        "type": text("Ready"),
        "status": text("True or False"),
        "reason": text("One word why"),
        "message": text("A sentence why"),
        "lastTransitionTime": { "type": "string", "format": "date-time" },
    } });
    let name =
        "self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')";
    let schema = json!({
        "type": "object",
        "description": "A cluster of its own in this control plane: an API server without nodes, isolated from all others.",
        "properties": {
            "spec": { "type": "object", "description": "Nothing is to be chosen yet." },
            "status": { "type": "object", "properties": {
                "url": text("Where it is served"),
                "conditions": {
                    "type": "array", "items": condition,
                    "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
                },
            } },
        },
        "x-kubernetes-validations": [
            { "rule": name, "message": "the name must be a lowercase RFC 1123 label of at most 63 characters" },
            { "rule": "self.metadata.name != 'root'", "message": "root is the cluster that is always there" },
        ],
    });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("logicalclusters.{GROUP}") },
        "spec": {
            "group": GROUP, "scope": "Cluster",
            "names": {
                "plural": "logicalclusters", "singular": "logicalcluster", "kind": "LogicalCluster",
                "listKind": "LogicalClusterList",
            },
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": schema },
                "subresources": { "status": {} },
                "additionalPrinterColumns": [
                    column("Ready", ".status.conditions[?(@.type==\"Ready\")].status"),
                    column("URL", ".status.url"),
                    { "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp" },
                ],
            }],
        },
    })
}
