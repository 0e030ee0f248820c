//! What a new cluster holds.

use crate::core::body;
use crate::core::cluster::Cluster;
use crate::core::request::{self, Entropy, Now};
use crate::core::store::Entry;
use serde_json::{Value, json};
use std::sync::Arc;

const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Roles and bindings, the larger half of what an empty cluster holds. Clusters made in one second share them, their UIDs
/// included: those only have to be unique within a cluster.
#[derive(Debug)]
pub struct Seeds {
    second: i64,
    entries: Vec<(Arc<str>, Entry)>,
}

impl Seeds {
    pub fn new(now: Now, entropy: &mut dyn Entropy) -> Self {
        let mut cluster = Cluster::default();
        plant_roles(&mut cluster, now, entropy);
        cluster.aggregate_roles();
        let entries = cluster.store.range("", None).map(|(key, entry)| (key.clone(), entry.clone()));
        Self { second: now.seconds(), entries: entries.collect() }
    }

    /// May a cluster that is made now begin with these?
    pub fn are_of(&self, now: Now) -> bool {
        self.second == now.seconds()
    }

    pub(super) fn sow(&self, cluster: &mut Cluster) {
        cluster.store.adopt(&self.entries);
    }
}

pub fn plant(cluster: &mut Cluster, now: Now, entropy: &mut dyn Entropy) {
    for name in NAMESPACES {
        let namespace = json!({
            "metadata": { "name": name, "labels": { "kubernetes.io/metadata.name": name } },
            "spec": { "finalizers": ["kubernetes"] }, "status": { "phase": "Active" },
        });
        put(cluster, ("", "namespaces"), namespace, now, entropy);
    }
    let service = json!({
        "metadata": {
            "name": "kubernetes", "namespace": "default",
            "labels": { "component": "apiserver", "provider": "kubernetes" },
        },
        "spec": {
            "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster", "type": "ClusterIP",
            "ports": [{ "name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443 }],
            "sessionAffinity": "None",
        },
        "status": { "loadBalancer": {} },
    });
    put(cluster, ("", "services"), service, now, entropy);
}

fn plant_roles(cluster: &mut Cluster, now: Now, entropy: &mut dyn Entropy) {
    for line in include_str!("roles.txt").lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        // The file is part of the program; a test reads every line of it.
        let Ok(Value::Object(mut entry)) = serde_json::from_str(line) else { continue };
        let Some(name) = entry.remove("name") else { continue };
        let mut labels = json!({ "kubernetes.io/bootstrapping": "rbac-defaults" });
        if let (Some(Value::Object(own)), Some(labels)) = (entry.remove("labels"), labels.as_object_mut()) {
            labels.extend(own);
        }
        let annotations = json!({ "rbac.authorization.kubernetes.io/autoupdate": "true" });
        let kind = if entry.contains_key("roleRef") { "clusterrolebindings" } else { "clusterroles" };
        let metadata = json!({ "name": name, "labels": labels, "annotations": annotations });
        entry.insert("metadata".into(), metadata);
        put(cluster, ("rbac.authorization.k8s.io", kind), Value::Object(entry), now, entropy);
    }
}

fn put(
    cluster: &mut Cluster,
    (group, plural): (&str, &str),
    mut object: Value,
    now: Now,
    entropy: &mut dyn Entropy,
) {
    let Some(resource) = cluster.registry.find_any_version(group, plural) else { return };
    body::set_meta(&mut object, "uid", Some(request::uuid(entropy).into()));
    body::set_meta(&mut object, "creationTimestamp", Some(now.rfc3339().into()));
    cluster.commit(&resource, object);
}
