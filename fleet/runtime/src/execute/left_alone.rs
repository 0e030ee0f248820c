//! Applying an object some of whose fields are left to others.

use mainstay_cluster::{Apply, Cluster, ClusterError, FIELD_MANAGER};
use mainstay_object::{Object, Value};
use mainstay_plan::Left;
use serde_json::json;

/// Owns the fields that were written once, when the object was made, and are nobody's since.
pub(crate) const INITIAL: &str = "mainstay-initial";
/// Somebody writes the object between a look and the hand-over: looked at again.
const ATTEMPTS: usize = 5;

/// Creates the object whole, or applies it without those fields; in both cases they are not ours afterwards.
pub(super) async fn apply(
    cluster: &Cluster,
    object: &Object,
    left: &Left,
    how: &Apply,
) -> Result<Value, ClusterError> {
    let (key, version) = (object.key(), object.group_version().version);
    let mut attempt = 0;
    loop {
        attempt += 1;
        let (live, exists) = match cluster.get(&key, &version, &mainstay_cluster::Identity::Own).await {
            Ok(live) => (live, true),
            Err(ClusterError::NotFound { .. }) => (cluster.apply(object, how).await?, false),
            Err(error) => return Err(error),
        };
        let live = match hand_over(cluster, object, left, how, live).await {
            Ok(live) => live,
            Err(ClusterError::Conflict { .. }) if attempt < ATTEMPTS => continue,
            Err(error) => return Err(error),
        };
        if !exists {
            return Ok(live);
        }
        let rest = Object::new(left.without(object, &live))
            .map_err(|e| ClusterError::Unreadable { message: e.to_string() })?;
        return cluster.apply(&rest, how).await;
    }
}

async fn hand_over(
    cluster: &Cluster,
    object: &Object,
    left: &Left,
    how: &Apply,
    live: Value,
) -> Result<Value, ClusterError> {
    let Some(managed) = left.handed_over(object, &live, FIELD_MANAGER, INITIAL) else { return Ok(live) };
    let version = live.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
    let patch = json!({"metadata": {"resourceVersion": version, "managedFields": managed}});
    let (key, version) = (object.key(), object.group_version().version);
    cluster.merge_patch(&key, &version, None, &patch, &how.identity).await
}
