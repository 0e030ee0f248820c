//! Claims and volumes that are in use stay until they are not.

use crate::core::admit::{PROTECTED_CLAIM, PROTECTED_VOLUME};
use crate::core::body;
use crate::core::cluster::Cluster;
use serde_json::Value;
use std::sync::Arc;

impl Cluster {
    /// Lifts the finalizer of a claim that no pod has, or of a volume that is not bound.
    pub(super) fn attend_storage(&mut self, key: &Arc<str>, object: &Value) {
        if !body::is_terminating(object) {
            return;
        }
        let claim = key.starts_with("/persistentvolumeclaims/");
        let used = match claim {
            true => self.is_mounted(body::meta(object, "namespace"), body::meta(object, "name")),
            false => body::text(object, "/status/phase") == "Bound",
        };
        let finalizer = if claim { PROTECTED_CLAIM } else { PROTECTED_VOLUME };
        if !used && body::finalizers(object).iter().any(|f| f == finalizer) {
            self.drop_finalizer(key, finalizer);
        }
    }

    fn is_mounted(&self, namespace: &str, claim: &str) -> bool {
        self.store.range(&format!("/pods/{namespace}/"), None).any(|(_, entry)| {
            let pod = body::parse(&entry.body);
            let phase = body::text(&pod, "/status/phase");
            !matches!(phase, "Succeeded" | "Failed") && claims(&pod).any(|name| name == claim)
        })
    }

    /// The claims of a pod that is gone, and the volume of such a claim, may be free now.
    pub(super) fn released_storage(&mut self, key: &str, object: &Value) {
        let namespace = body::meta(object, "namespace");
        if key.starts_with("/pods/") {
            let keys =
                claims(object).map(|name| format!("/persistentvolumeclaims/{namespace}/{name}").into());
            self.controllers.dirty.extend(keys.collect::<Vec<Arc<str>>>());
        } else if key.starts_with("/persistentvolumeclaims/") {
            let volume = body::text(object, "/spec/volumeName");
            if !volume.is_empty() {
                self.controllers.dirty.insert(format!("/persistentvolumes/{volume}").into());
            }
        }
    }
}

fn claims(pod: &Value) -> impl Iterator<Item = &str> {
    let volumes = pod.pointer("/spec/volumes").and_then(Value::as_array).into_iter().flatten();
    volumes.filter_map(|volume| volume.pointer("/persistentVolumeClaim/claimName")?.as_str())
}
