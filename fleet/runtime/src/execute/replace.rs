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
            let put_back = match Object::new(old) {
                Ok(old) => cluster.create(&old, false, &how.identity).await.map(|_| ()),
                Err(error) => Err(ClusterError::Unreadable { message: error.to_string() }),
            };
            Err(match put_back {
                // Something of its name is there: it, while it is being deleted, or what was made after all.
                Ok(()) | Err(ClusterError::Conflict { .. }) => error,
                Err(second) => {
                    tracing::error!(object = %key, error = %second, "the replaced object could not be put back");
                    lost(error, &second)
                }
            })
        }
    }
}

/// Why the new object could not be made, and why the old one is not there either. Who waits for a server goes on doing so.
fn lost(error: ClusterError, second: &ClusterError) -> ClusterError {
    let both =
        |message: &str| format!("{message}; what it replaces is deleted and could not be put back: {second}");
    match error {
        ClusterError::Invalid { message } => ClusterError::Invalid { message: both(&message) },
        ClusterError::Forbidden { message } => ClusterError::Forbidden { message: both(&message) },
        ClusterError::Unauthorized { message } => ClusterError::Unauthorized { message: both(&message) },
        ClusterError::Unreachable { message } => ClusterError::Unreachable { message: both(&message) },
        ClusterError::Server { code, message } => ClusterError::Server { code, message: both(&message) },
        ClusterError::Throttled { message, retry_after } => {
            ClusterError::Throttled { message: both(&message), retry_after }
        }
        error @ (ClusterError::NotFound { .. }
        | ClusterError::NoKind { .. }
        | ClusterError::FieldConflict(_)
        | ClusterError::Conflict { .. }
        | ClusterError::Gone { .. }
        | ClusterError::Timeout(_)
        | ClusterError::Fenced
        | ClusterError::Unreadable { .. }) => ClusterError::Conflict { message: both(&error.to_string()) },
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

#[cfg(test)]
mod tests {
    use super::lost;
    use mainstay_cluster::ClusterError;
    use std::time::Duration;

    #[test]
    fn an_object_that_is_gone_after_a_failed_replacement_is_told_beside_the_failure() {
        let second = ClusterError::Forbidden { message: "no create".into() };
        let gone = "what it replaces is deleted and could not be put back: no create";
        let invalid = lost(ClusterError::Invalid { message: "spec.x is wrong".into() }, &second);
        assert_eq!(invalid, ClusterError::Invalid { message: format!("spec.x is wrong; {gone}") });
        let timeout = lost(ClusterError::Timeout(Duration::from_secs(30)), &second);
        assert_eq!(timeout.to_string(), format!("no answer within 30 s; {gone}"));
    }
}
