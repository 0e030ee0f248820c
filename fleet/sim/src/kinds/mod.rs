//! What each controller writes. A status starts from the old one, so that what others wrote into it stays.

mod job;
mod network;
mod pod;
mod replicas;
mod storage;

use crate::simulate::Scene;
use mainstay_apiserver::core::Now;
use serde_json::Value;

/// The new status, and when to look again although nothing progresses.
pub(crate) type Written = Option<(Value, Option<Now>)>;
pub(crate) type Controller = fn(&Scene<'_>) -> Written;

/// A list that is watched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watched {
    pub(crate) base: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
}

const fn watched(
    base: &'static str,
    plural: &'static str,
    api_version: &'static str,
    kind: &'static str,
) -> Watched {
    Watched { base, plural, api_version, kind }
}

/// Every kind in here has a controller.
pub(crate) const WATCHED: [Watched; 8] = [
    watched("/apis/apps/v1", "deployments", "apps/v1", "Deployment"),
    watched("/apis/apps/v1", "replicasets", "apps/v1", "ReplicaSet"),
    watched("/apis/apps/v1", "statefulsets", "apps/v1", "StatefulSet"),
    watched("/apis/apps/v1", "daemonsets", "apps/v1", "DaemonSet"),
    watched("/apis/batch/v1", "jobs", "batch/v1", "Job"),
    watched("/api/v1", "pods", "v1", "Pod"),
    watched("/api/v1", "persistentvolumeclaims", "v1", "PersistentVolumeClaim"),
    watched("/api/v1", "services", "v1", "Service"),
];

pub(crate) fn controller(object: &Value) -> Option<Controller> {
    Some(match (object["apiVersion"].as_str()?, object["kind"].as_str()?) {
        ("apps/v1", "Deployment") => replicas::deployment,
        ("apps/v1", "ReplicaSet") => replicas::replica_set,
        ("apps/v1", "StatefulSet") => replicas::stateful_set,
        ("apps/v1", "DaemonSet") => replicas::daemon_set,
        ("batch/v1", "Job") => job::job,
        ("v1", "Pod") => pod::pod,
        ("v1", "PersistentVolumeClaim") => storage::claim,
        ("v1", "Service") => network::service,
        _ => return None,
    })
}

/// Sets a count; the API leaves zeros of optional counts out.
pub(crate) fn count(status: &mut Value, field: &str, value: i64) {
    if value != 0 {
        status[field] = value.into();
    } else if let Some(fields) = status.as_object_mut() {
        fields.remove(field);
    }
}
