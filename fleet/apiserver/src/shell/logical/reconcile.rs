use super::{PATH, done};
use crate::core::Method;
use crate::shell::clock::now;
use crate::shell::clusters::Clusters;
use crate::shell::error::Error;
use crate::shell::hosted::Hosted;
use serde_json::{Value, json};
use std::sync::Arc;

const FINALIZER: &str = "controlplane.mainstay.dev/cluster";

/// Brings one logical cluster to what its object asks for, and says so in its status.
pub(super) async fn reconcile(
    clusters: &Arc<Clusters>,
    root: &Arc<Hosted>,
    object: &Value,
) -> Result<(), String> {
    let metadata = &object["metadata"];
    let text = |field: &str| metadata[field].as_str().unwrap_or_default();
    let (name, uid) = (text("name"), text("uid").replace('-', ""));
    let path = format!("{PATH}/{name}");
    let mut finalizers = metadata["finalizers"].as_array().cloned().unwrap_or_default();
    let held = finalizers.iter().any(|f| f == FINALIZER);
    let own = clusters.get(name).ok().filter(|hosted| *hosted.uid == *uid);
    if metadata.get("deletionTimestamp").is_some() {
        if !held {
            return Ok(());
        }
        if own.is_some() {
            match clusters.remove(name).await {
                Ok(()) | Err(Error::NoCluster(_)) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        finalizers.retain(|f| f != FINALIZER);
        return patch(root, &path, object, finalizers).await;
    }
    if !held {
        // Before the cluster is made: nothing may be left behind. The change comes back as an event.
        finalizers.push(FINALIZER.into());
        return patch(root, &path, object, finalizers).await;
    }
    let made = match own {
        Some(_) => Ok(()),
        None => clusters.create_as(name, &uid).await,
    };
    let (ready, reason, message) = match &made {
        Ok(()) => ("True", "Serving", "it is served".to_owned()),
        Err(Error::ClusterExists(_)) => {
            ("False", "NameTaken", "a logical cluster of this name exists that was made otherwise".to_owned())
        }
        Err(error) => ("False", "NotMade", error.to_string()),
    };
    let url = if ready == "True" { clusters.url(name).map(Value::from) } else { None };
    tell(root, &path, object, url, (ready, reason, &message)).await?;
    match made {
        Ok(()) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

async fn patch(root: &Arc<Hosted>, path: &str, object: &Value, finalizers: Vec<Value>) -> Result<(), String> {
    let version = &object["metadata"]["resourceVersion"];
    let body = json!({ "metadata": { "finalizers": finalizers, "resourceVersion": version } });
    done(root, Method::Patch, path, body).await.map(drop)
}

async fn tell(
    root: &Arc<Hosted>,
    path: &str,
    object: &Value,
    url: Option<Value>,
    (ready, reason, message): (&str, &str, &str),
) -> Result<(), String> {
    let old = &object["status"]["conditions"][0];
    let same = old["status"] == ready && old["reason"] == reason && old["message"] == message;
    if same && object["status"].get("url") == url.as_ref() {
        return Ok(());
    }
    let since = match old["lastTransitionTime"].as_str().filter(|_| old["status"] == ready) {
        Some(since) => since.to_owned(),
        None => now().rfc3339(),
    };
    let condition = json!({
        "type": "Ready", "status": ready, "reason": reason, "message": message, "lastTransitionTime": since,
    });
    let status = json!({ "url": url, "conditions": [condition] });
    done(root, Method::Patch, &format!("{path}/status"), json!({ "status": status })).await.map(drop)
}
