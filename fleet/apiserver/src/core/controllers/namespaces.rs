use crate::core::body::{self, set_at};
use crate::core::cluster::Cluster;
use crate::core::registry::Resource;
use crate::core::request::{self, Entropy, Now};
use crate::core::write::DeleteOptions;
use serde_json::{Value, json};

impl Cluster {
    /// A living namespace has its default service account and the cluster's CA; a dying one is emptied, then goes.
    pub(super) fn attend_namespace(
        &mut self,
        resource: &Resource,
        namespace: Value,
        now: Now,
        entropy: &mut dyn Entropy,
    ) {
        let name = body::meta(&namespace, "name").to_owned();
        if body::is_terminating(&namespace) {
            self.end_namespace(resource, namespace, &name, now);
            return;
        }
        let mut objects = vec![("serviceaccounts", json!({ "metadata": { "name": "default" } }))];
        if !self.settings.ca.is_empty() {
            let metadata = json!({
                "name": "kube-root-ca.crt",
                "annotations": {
                    "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
                },
            });
            let data = json!({ "ca.crt": &*self.settings.ca });
            objects.push(("configmaps", json!({ "metadata": metadata, "data": data })));
        }
        for (plural, mut object) in objects {
            let Some(kind) = self.registry.find("", "v1", plural) else { continue };
            let key = kind.key(&name, body::meta(&object, "name"));
            if self.store.get(&key).is_some() {
                continue;
            }
            body::set_meta(&mut object, "namespace", Some((&*name).into()));
            body::set_meta(&mut object, "uid", Some(request::uuid(entropy).into()));
            body::set_meta(&mut object, "creationTimestamp", Some(now.rfc3339().into()));
            self.commit(&kind, object);
        }
    }

    fn end_namespace(&mut self, resource: &Resource, mut namespace: Value, name: &str, now: Now) {
        let mut left = Vec::new();
        for kind in self.registry.stored().into_iter().filter(|r| r.namespaced) {
            let prefix = kind.prefix_in(name);
            let objects: Vec<Value> =
                self.store.range(&prefix, None).map(|(_, e)| body::decode(&e.body, &kind)).collect();
            for object in objects {
                if !body::is_terminating(&object) {
                    let options = DeleteOptions::default();
                    self.delete_object(&kind, object, &options, now);
                }
            }
            let count = self.store.range(&prefix, None).count();
            if count > 0 {
                left.push(format!("{} has {count} resource instances", kind.named()));
            }
        }
        // Reading again: the namespace itself may have been written meanwhile.
        let Some(entry) = self.store.get(&resource.key("", name)) else { return };
        namespace = if entry.body.is_empty() { namespace } else { body::decode(&entry.body, resource) };
        let mut finalizers = body::strings(namespace.pointer("/spec/finalizers"));
        if left.is_empty() {
            finalizers.retain(|f| f != "kubernetes");
            set_at(&mut namespace, "spec.finalizers", finalizers.clone().into());
            if finalizers.is_empty() && body::finalizers(&namespace).is_empty() {
                self.erase(resource, namespace);
                return;
            }
        }
        let conditions = conditions(&left, now, namespace.pointer("/status/conditions"));
        let before = self.store.get(&resource.key("", name)).map(|e| body::decode(&e.body, resource));
        set_at(&mut namespace, "status.phase", "Terminating".into());
        set_at(&mut namespace, "status.conditions", conditions);
        if before.as_ref() != Some(&namespace) {
            self.commit(resource, namespace);
            // Written by ourselves, and nothing changed since: not to be looked at again before something does.
            self.controllers.dirty.remove(&*resource.key("", name));
        }
    }
}

/// As the namespace controller words them.
fn conditions(left: &[String], now: Now, old: Option<&Value>) -> Value {
    let remaining = !left.is_empty();
    let message = format!("Some resources are remaining: {}", left.join(", "));
    let wanted = [
        (
            "NamespaceDeletionDiscoveryFailure",
            false,
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            false,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        (
            "NamespaceDeletionContentFailure",
            false,
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        (
            "NamespaceContentRemaining",
            remaining,
            if remaining { "SomeResourcesRemain" } else { "ContentRemoved" },
            if remaining { &*message } else { "All content successfully removed" },
        ),
    ];
    let list = wanted.map(|(kind, status, reason, message)| {
        let status = if status { "True" } else { "False" };
        let same = old
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .find(|c| body::text(c, "/type") == kind && body::text(c, "/status") == status);
        let since = same.map_or_else(|| now.rfc3339(), |c| body::text(c, "/lastTransitionTime").to_owned());
        json!({
            "type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since,
        })
    });
    Value::Array(list.to_vec())
}
