//! Whether a custom kind's definition declares a status: asked once per kind and cluster.

use mainstay_cluster::{Cluster, ClusterError, Identity};
use mainstay_object::{GroupKind, GroupVersionKind, ObjectKey, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Between attempts, twice as long each time.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

#[derive(Clone, Default)]
pub(crate) struct Statuses {
    known: Arc<Mutex<BTreeMap<GroupKind, Option<bool>>>>,
}

impl Statuses {
    /// `None` where nobody may read the definition, or there is none.
    pub async fn declares(
        &self,
        cluster: &Cluster,
        kind: &GroupVersionKind,
    ) -> Result<Option<bool>, ClusterError> {
        // Kubernetes' own kinds are in the health tables.
        if !kind.group.contains('.') || kind.group.ends_with(".k8s.io") && !kind.group.contains("x-k8s.io") {
            return Ok(None);
        }
        let id = kind.group_kind();
        if let Some(known) = self.lock().get(&id) {
            return Ok(*known);
        }
        let answer = match ask(cluster, kind).await {
            Err(error @ ClusterError::Forbidden { .. }) => {
                tracing::debug!(%kind, %error, "the kind's definition can't be read");
                None
            }
            asked => asked?,
        };
        self.lock().insert(id, answer);
        Ok(answer)
    }

    /// The same for whoever can't ask again later: a request that fails is repeated for a while.
    pub async fn declares_after_all(&self, cluster: &Cluster, kind: &GroupVersionKind) -> Option<bool> {
        let mut pause = PAUSE;
        loop {
            match self.declares(cluster, kind).await {
                Ok(answer) => return answer,
                Err(error) if pause > LONGEST => {
                    tracing::warn!(%kind, %error, "the kind's definition can't be read: its objects are not known to be healthy");
                    return None;
                }
                Err(_) => mainstay_clock::sleep(pause).await,
            }
            pause *= 2;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<GroupKind, Option<bool>>> {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

async fn ask(cluster: &Cluster, kind: &GroupVersionKind) -> Result<Option<bool>, ClusterError> {
    let resource = cluster.resource(&kind.group, &kind.version, &kind.kind).await?;
    let name = format!("{}.{}", resource.plural, kind.group);
    let key = ObjectKey::new("apiextensions.k8s.io", "CustomResourceDefinition", "", name);
    let definition = match cluster.get(&key, "v1", &Identity::Own).await {
        Ok(definition) => definition,
        // Served by an aggregated API: it has no definition to read.
        Err(ClusterError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let version =
        versions.into_iter().flatten().find(|v| v.get("name").and_then(Value::as_str) == Some(&kind.version));
    Ok(version.map(|v| {
        let schema = v.pointer("/schema/openAPIV3Schema");
        let status = schema.and_then(|s| s.pointer("/properties/status")).is_some();
        let open =
            schema.and_then(|s| s.get("x-kubernetes-preserve-unknown-fields")).and_then(Value::as_bool)
                == Some(true);
        status || open || v.pointer("/subresources/status").is_some()
    }))
}
