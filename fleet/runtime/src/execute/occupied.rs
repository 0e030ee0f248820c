//! Whether a namespace or a definition still holds objects that nobody asked us to delete.

use mainstay_cluster::{Cluster, ClusterError};
use mainstay_object::{ObjectKey, Value};
use std::collections::BTreeSet;

/// Whether deleting an object deletes what is inside of it.
pub(crate) fn contains_others(key: &ObjectKey) -> bool {
    matches!(
        (key.group(), key.kind()),
        ("", "Namespace") | ("apiextensions.k8s.io", "CustomResourceDefinition")
    )
}

/// Names one foreign object inside, and how many more there are. Only namespaces and definitions are looked into.
pub(crate) async fn by_others(
    cluster: &Cluster,
    key: &ObjectKey,
    live: &Value,
    ours: &BTreeSet<ObjectKey>,
    cascade: &str,
) -> Result<Option<String>, ClusterError> {
    let annotation =
        live.pointer("/metadata/annotations").and_then(|a| a.get(cascade)).and_then(Value::as_str);
    if annotation == Some("true") {
        return Ok(None);
    }
    let found = match (key.group(), key.kind()) {
        ("", "Namespace") => in_namespace(cluster, key.name(), ours).await?,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => of_definition(cluster, live, ours).await?,
        _ => return Ok(None),
    };
    Ok(found.first().map(|first| match found.len() {
        1 => first.to_string(),
        n => format!("{first} and {} more", n - 1),
    }))
}

async fn in_namespace(
    cluster: &Cluster,
    name: &str,
    ours: &BTreeSet<ObjectKey>,
) -> Result<Vec<ObjectKey>, ClusterError> {
    let mut found = Vec::new();
    for resource in cluster.all_resources().await?.iter().filter(|r| r.namespaced) {
        if matches!(
            resource.kind.as_str(),
            "Event" | "Endpoints" | "EndpointSlice" | "Lease" | "ControllerRevision"
        ) {
            continue;
        }
        let items = match cluster.list(resource, name, "").await {
            Ok(items) => items,
            // Not every listed resource can be listed by everybody everywhere (metrics, reviews).
            Err(ClusterError::NotFound { .. } | ClusterError::Server { code: 405, .. }) => continue,
            Err(error) => return Err(error),
        };
        found.extend(items.iter().map(|i| (key(&resource.group, &resource.kind, i), i)).filter_map(
            |(k, item)| {
                let made_by_us = ours.contains(&k);
                let owned = item
                    .pointer("/metadata/ownerReferences")
                    .and_then(Value::as_array)
                    .is_some_and(|o| !o.is_empty());
                (!made_by_us && !owned && !is_automatic(&k)).then_some(k)
            },
        ));
    }
    found.sort();
    Ok(found)
}

/// What every namespace gets without anybody asking.
fn is_automatic(key: &ObjectKey) -> bool {
    matches!(
        (key.group(), key.kind(), key.name()),
        ("", "ServiceAccount", "default")
            | ("", "ConfigMap", "kube-root-ca.crt" | "openshift-service-ca.crt")
    ) || (key.kind() == "Secret" && key.name().starts_with("default-token-"))
}

async fn of_definition(
    cluster: &Cluster,
    live: &Value,
    ours: &BTreeSet<ObjectKey>,
) -> Result<Vec<ObjectKey>, ClusterError> {
    let text = |pointer: &str| live.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let versions = live.pointer("/spec/versions").and_then(Value::as_array);
    let served =
        versions.into_iter().flatten().find(|v| v.get("served").and_then(Value::as_bool) == Some(true));
    let Some(version) = served.and_then(|v| v.get("name")?.as_str()) else { return Ok(Vec::new()) };
    let (group, kind) = (text("/spec/group"), text("/spec/names/kind"));
    let resource = match cluster.resource(group, version, kind).await {
        Ok(resource) => resource,
        Err(ClusterError::NoKind { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let items = match cluster.list(&resource, "", "").await {
        Ok(items) => items,
        Err(ClusterError::NotFound { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(items.iter().map(|i| key(group, kind, i)).filter(|k| !ours.contains(k)).collect())
}

fn key(group: &str, kind: &str, item: &Value) -> ObjectKey {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    ObjectKey::new(group, kind, text("/metadata/namespace"), text("/metadata/name"))
}
