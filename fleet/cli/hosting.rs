//! Logical clusters for `Cluster` units of class `embedded`: a ConfigMap asks for one, a kubeconfig Secret answers.

use mainstay_apiserver::shell::{ControlPlane, Error};
use mainstay_cluster::{Apply, Cluster, ClusterError, Identity, Preconditions, Selection, WatchEvent};
use mainstay_object::{Object, ObjectKey, Value};
use mainstay_runtime::SYSTEM_NAMESPACE;
use serde_json::json;
use std::time::Duration;
use tokio::sync::mpsc;

const LABEL: &str = "mainstay.dev/logical-cluster";

enum Ask {
    Make(String),
    Drop(String),
}

/// Follows the ConfigMaps that ask for logical clusters, for as long as the process lives. A cluster is dropped only when
/// its ConfigMap is seen to be deleted: what is merely missing after a restart is left and logged.
pub(crate) async fn host(management: Cluster, plane: ControlPlane) {
    let (asks, mut asked) = mpsc::unbounded_channel();
    let follower = tokio::spawn(follow(management.clone(), plane.clone(), asks));
    while let Some(ask) = asked.recv().await {
        let mut pause = Duration::from_millis(100);
        loop {
            let outcome = match &ask {
                Ask::Make(name) => make(&management, &plane, name).await,
                Ask::Drop(name) => remove(&management, &plane, name).await,
            };
            match outcome {
                Ok(()) => break,
                Err(error) => {
                    tracing::warn!(%error, "a logical cluster could not be made as asked; trying again")
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }
    follower.abort();
}

async fn follow(management: Cluster, plane: ControlPlane, asks: mpsc::UnboundedSender<Ask>) {
    let resource = loop {
        match management.resource("", "v1", "ConfigMap").await {
            Ok(resource) => break resource,
            Err(error) => tracing::debug!(%error, "ConfigMaps can't be followed yet"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    let selection =
        Selection { namespace: SYSTEM_NAMESPACE.into(), labels: LABEL.into(), ..Selection::default() };
    let name = |object: &Value| {
        object.pointer("/metadata/labels").and_then(|l| l.get(LABEL)?.as_str()).unwrap_or_default().to_owned()
    };
    let tell = |event: WatchEvent| match event {
        WatchEvent::Changed(object) => asks.send(Ask::Make(name(&object))).is_ok(),
        WatchEvent::Deleted(object) => asks.send(Ask::Drop(name(&object))).is_ok(),
        WatchEvent::Listed(keys) => {
            for left in plane.clusters() {
                let ours = left != mainstay_apiserver::shell::ROOT && !plane.is_asked_for(&left);
                if ours && !keys.iter().any(|k| k.name() == left) {
                    tracing::warn!(cluster = %left, "nothing asks for this logical cluster any more; it is kept");
                }
            }
            true
        }
        WatchEvent::Answered(_) | WatchEvent::Interrupted(_) | WatchEvent::Lost(_) => !asks.is_closed(),
    };
    management.follow(&resource, &selection, tell).await;
}

async fn make(management: &Cluster, plane: &ControlPlane, name: &str) -> Result<(), String> {
    if name.is_empty() || name == mainstay_apiserver::shell::ROOT {
        return Ok(());
    }
    if plane.is_asked_for(name) {
        tracing::warn!(cluster = %name, "a LogicalCluster of this name exists: it is not this unit's, and is left alone");
        return Ok(());
    }
    match plane.create_cluster(name).await {
        Ok(()) | Err(Error::ClusterExists(_)) => {}
        Err(error) => return Err(error.to_string()),
    }
    let url = plane.url(name).map_err(|e| e.to_string())?;
    let key = secret_key(name);
    match management.get(&key, "v1", &Identity::Own).await {
        // A new certificate for an unchanged address would only be noise.
        Ok(live)
            if live.pointer("/metadata/annotations").and_then(|a| a.get(URL)?.as_str()) == Some(&url) =>
        {
            return Ok(());
        }
        Ok(_) | Err(ClusterError::NotFound { .. }) => {}
        Err(error) => return Err(error.to_string()),
    }
    let kubeconfig = plane.kubeconfig(name).map_err(|e| e.to_string())?;
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": key.name(),
            "namespace": SYSTEM_NAMESPACE,
            "annotations": {URL: url},
            "labels": {"cluster.x-k8s.io/cluster-name": name},
        },
        "stringData": {"value": kubeconfig},
    });
    let secret = Object::new(secret).map_err(|e| e.to_string())?;
    let how = Apply { force: true, ..Apply::default() };
    management.apply(&secret, &how).await.map(|_| ()).map_err(|e| e.to_string())
}

/// The address that a kubeconfig was written for.
const URL: &str = "mainstay.dev/url";

async fn remove(management: &Cluster, plane: &ControlPlane, name: &str) -> Result<(), String> {
    let key = secret_key(name);
    match management.get(&key, "v1", &Identity::Own).await {
        Ok(live) => {
            let text =
                |pointer: &str| live.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let preconditions = Preconditions {
                uid: text("/metadata/uid"),
                resource_version: text("/metadata/resourceVersion"),
            };
            match management.delete(&key, "v1", &preconditions, &Identity::Own).await {
                Ok(()) | Err(ClusterError::NotFound { .. }) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Err(ClusterError::NotFound { .. }) => {}
        Err(error) => return Err(error.to_string()),
    }
    if plane.is_asked_for(name) {
        return Ok(());
    }
    match plane.drop_cluster(name).await {
        Ok(()) | Err(Error::NoCluster(_)) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn secret_key(name: &str) -> ObjectKey {
    ObjectKey::new("", "Secret", SYSTEM_NAMESPACE, format!("{name}-kubeconfig"))
}
