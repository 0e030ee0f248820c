//! Replacing an object whose immutable fields differ: best effort, and never what holds others' data.

use mainstay_cluster::{Apply, Cluster, ClusterError, Preconditions};
use mainstay_object::{Object, Value};
use std::time::Duration;

/// The words in which API servers refuse a change of an immutable field.
pub(super) fn is_immutable(message: &str) -> bool {
    ["field is immutable", "may not change", "updates to statefulset spec", "Forbidden: updates to"]
        .iter()
        .any(|words| message.contains(words))
}

/// Deletes and applies anew; on failure the old object is put back as it was written.
pub(super) async fn replace(
    cluster: &Cluster,
    object: &Object,
    how: &Apply,
    why: String,
) -> Result<Value, ClusterError> {
    let key = object.key();
    let version = object.group_version().version;
    let precious = matches!(
        (key.group(), key.kind()),
        ("", "Namespace" | "PersistentVolume" | "PersistentVolumeClaim")
            | ("apiextensions.k8s.io", "CustomResourceDefinition")
            | ("cluster.x-k8s.io", _)
    );
    if precious {
        return Err(ClusterError::Invalid { message: format!("{why} ({} is never replaced)", key.kind()) });
    }
    let live = cluster.get(&key, &version, &how.identity).await?;
    rehearse(cluster, object, how).await?;
    cluster.delete(&key, &version, &Preconditions::of(&live), &how.identity).await?;
    for _ in 0..150 {
        match cluster.get(&key, &version, &how.identity).await {
            Err(ClusterError::NotFound { .. }) => break,
            Ok(_) | Err(_) => mainstay_clock::sleep(Duration::from_millis(200)).await,
        }
    }
    match cluster.apply(object, how).await {
        Ok(answer) => Ok(answer),
        Err(error) => {
            let mut old = live;
            if let Some(metadata) = old.get_mut("metadata").and_then(Value::as_object_mut) {
                for field in ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"] {
                    metadata.remove(field);
                }
            }
            if let Ok(old) = Object::new(old)
                && let Err(second) = cluster.create(&old, false, &how.identity).await
            {
                tracing::error!(object = %key, error = %second, "the replaced object could not be put back");
            }
            Err(error)
        }
    }
}

/// Creates the new object under another name, dry, so that what can't be created is not deleted first.
async fn rehearse(cluster: &Cluster, object: &Object, how: &Apply) -> Result<(), ClusterError> {
    let mut trial = object.clone();
    let short: String = object.name().chars().take(40).collect();
    trial
        .edit(|map| {
            if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.insert(
                    "name".into(),
                    Value::from(format!("{}-rehearsal", short.trim_end_matches(['-', '.']))),
                );
            }
        })
        .map_err(|e| ClusterError::Unreadable { message: e.to_string() })?;
    cluster.create(&trial, true, &how.identity).await.map(|_| ())
}
