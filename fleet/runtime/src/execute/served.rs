use mainstay_cluster::{Cluster, ClusterError, Identity};
use mainstay_object::{ObjectKey, Value};

/// An object as it is, and the version that it was had in: the recorded one or, where its definition serves that no longer,
/// another one. An object that can't be had in its old version is not gone.
pub(crate) async fn live(
    cluster: &Cluster,
    key: &ObjectKey,
    recorded: &str,
) -> Result<Option<(Value, String)>, ClusterError> {
    if let Some(live) = had(cluster, key, recorded).await? {
        return Ok(Some((live, recorded.to_owned())));
    }
    // There is one version of the core group, and no definition in it.
    if key.group().is_empty() {
        return Ok(None);
    }
    let served = cluster.resources_of(|group| group == key.group()).await?;
    let Some(served) = served.into_iter().find(|resource| *resource.kind == *key.kind()) else {
        return Ok(None);
    };
    let version = served.version.to_string();
    if version == recorded {
        return Ok(None);
    }
    Ok(had(cluster, key, &version).await?.map(|live| (live, version)))
}

async fn had(cluster: &Cluster, key: &ObjectKey, version: &str) -> Result<Option<Value>, ClusterError> {
    match cluster.get(key, version, &Identity::Own).await {
        Ok(live) => Ok(Some(live)),
        Err(ClusterError::NotFound { .. } | ClusterError::NoKind { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
