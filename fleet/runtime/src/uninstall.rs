//! Leaving a fleet: every object stays as it is, and nothing of it is Mainstay's any more.

use crate::execute::{INITIAL, UNIT, occupied};
use crate::install::{Installation, PART_OF, SYSTEM_NAMESPACE, find, key_secret, parent_name};
use crate::judge;
use crate::lease::{self, Lease};
use crate::save::{forget, recorded};
use crate::targets::open;
use mainstay_clock::{spawn, timeout};
use mainstay_cluster::{Cluster, ClusterError, FIELD_MANAGER, Fence, Identity};
use mainstay_object::{ObjectKey, Value};
use mainstay_reconcile::Record;
use mainstay_unit::{InventoryEntry, Target, UnitId};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The Lease under which nobody else acts meanwhile.
const LEASE: Duration = Duration::from_secs(15);
/// A daemon that was killed holds its Lease no longer than this.
const PATIENCE: Duration = Duration::from_secs(60);
/// Somebody writes an object between a look and the patch: looked at again.
const ATTEMPTS: usize = 5;

/// What became of one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Released {
    /// So many objects are nobody's now; the others were not ours or do not exist.
    Unit { unit: UnitId, objects: usize },
    /// Its record stays, so that it can be tried again.
    Failed { unit: UnitId, why: String },
    /// A namespace of ours that holds something else.
    Kept { cluster: String, why: String },
}

/// Takes label, annotation and field ownership off every object that is recorded, then deletes what Mainstay made for
/// itself. Stopped at any point, it can be run again.
pub async fn uninstall(
    management: &Cluster,
    holder: String,
    mut tell: impl FnMut(Released),
) -> Result<(), String> {
    let Some(installation) = find(management).await.map_err(|e| e.to_string())? else { return Ok(()) };
    let fence = Fence::default();
    let lease = Lease::new(management.clone(), holder, LEASE, fence.clone());
    timeout(PATIENCE, lease.acquire(false))
        .await
        .map_err(|_| "a daemon holds the Lease; stop it first".to_owned())??;
    let management = management.clone().fenced(fence);
    let kept = lease.clone();
    let keeper = spawn(async move {
        let lost = kept.keep().await;
        tracing::error!("{lost}");
    });
    let outcome = leave(&management, &installation, &mut tell).await;
    keeper.abort();
    match outcome {
        Ok(true) => management.delete_own(&lease::key(), "v1").await.map_err(|e| e.to_string()),
        Ok(false) => {
            lease.release().await;
            Err("not everything could be released; run it again".to_owned())
        }
        Err(why) => {
            lease.release().await;
            Err(why)
        }
    }
}

/// Whether nothing is left.
async fn leave(
    management: &Cluster,
    installation: &Installation,
    tell: &mut impl FnMut(Released),
) -> Result<bool, String> {
    let records = recorded(management).await?;
    let mut clusters: BTreeMap<Target, Result<Cluster, String>> = BTreeMap::new();
    clusters.insert(Target::Management, Ok(management.clone()));
    let mut complete = true;
    for record in &records {
        let target = record.target();
        if !clusters.contains_key(&target) {
            clusters.insert(target.clone(), open(management, &target).await);
        }
        let outcome = match &clusters[&target] {
            Ok(cluster) => unit(management, cluster, installation, record).await,
            Err(why) => Err(format!("cluster {}: {why}", target.name())),
        };
        complete &= outcome.is_ok();
        let unit = record.id.clone();
        tell(match outcome {
            Ok(objects) => Released::Unit { unit, objects },
            Err(why) => Released::Failed { unit, why },
        });
    }
    if !complete {
        return Ok(false);
    }
    // The management cluster last: without its records nobody finds the others.
    let others = clusters.iter().filter(|(target, _)| **target != Target::Management);
    for (target, cluster) in others.chain(clusters.iter().filter(|(t, _)| **t == Target::Management)) {
        let Ok(cluster) = cluster else { continue };
        let kept = own_objects(cluster, installation, *target == Target::Management).await;
        if let Some(why) = kept.map_err(|e| e.to_string())? {
            tell(Released::Kept { cluster: target.name().to_owned(), why });
        }
    }
    Ok(true)
}

async fn unit(
    management: &Cluster,
    cluster: &Cluster,
    installation: &Installation,
    record: &Record,
) -> Result<usize, String> {
    let mut released = 0;
    for entry in record.inventory.iter() {
        let was_ours = release(cluster, installation, entry).await;
        released += usize::from(was_ours.map_err(|e| format!("{}: {e}", entry.key))?);
    }
    forget(management, &record.id).await.map_err(|e| e.to_string())?;
    Ok(released)
}

/// Whether the object was ours.
async fn release(
    cluster: &Cluster,
    installation: &Installation,
    entry: &InventoryEntry,
) -> Result<bool, ClusterError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let live = match cluster.get(&entry.key, &entry.version, &Identity::Own).await {
            Ok(live) => live,
            Err(ClusterError::NotFound { .. } | ClusterError::NoKind { .. }) => return Ok(false),
            Err(error) => return Err(error),
        };
        let label = live.pointer("/metadata/labels").and_then(|labels| labels.get(PART_OF)?.as_str());
        if label != Some(installation.apply_set.as_str()) {
            return Ok(false);
        }
        let patch = nobodys(&live);
        match cluster.merge_patch(&entry.key, &entry.version, None, &patch, &Identity::Own).await {
            Ok(_) => return Ok(true),
            Err(ClusterError::Conflict { .. }) if attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

/// What takes an object out of our hands and changes nothing else.
fn nobodys(live: &Value) -> Value {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    let ours = |entry: &&Value| [FIELD_MANAGER, INITIAL].iter().any(|name| entry["manager"] == *name);
    let mut others: Vec<Value> = entries.filter(|entry| !ours(entry)).cloned().collect();
    if others.is_empty() {
        // A list without an entry would change nothing; one with an empty entry empties it.
        others.push(json!({}));
    }
    json!({"metadata": {
        "resourceVersion": live.pointer("/metadata/resourceVersion"),
        "labels": {PART_OF: null},
        "annotations": {UNIT: null},
        "managedFields": others,
    }})
}

/// Deletes what Mainstay made for itself on a cluster. Why its namespace stays, if it does.
async fn own_objects(
    cluster: &Cluster,
    installation: &Installation,
    management: bool,
) -> Result<Option<String>, ClusterError> {
    let config = |name: String| ObjectKey::new("", "ConfigMap", SYSTEM_NAMESPACE, name);
    cluster.delete_own(&config(parent_name(&installation.uid)), "v1").await?;
    if management {
        cluster.delete_own(&key_secret(), "v1").await?;
        cluster.delete_own(&judge::key(), "v1").await?;
        let definition =
            ObjectKey::new("apiextensions.k8s.io", "CustomResourceDefinition", "", "units.mainstay.dev");
        cluster.delete_own(&definition, "v1").await?;
    }
    let key = ObjectKey::new("", "Namespace", "", SYSTEM_NAMESPACE);
    let live = match cluster.get(&key, "v1", &Identity::Own).await {
        Ok(live) => live,
        Err(ClusterError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    if let Some(found) = occupied::by_others(cluster, &key, &live, &BTreeSet::new(), "").await? {
        return Ok(Some(format!("namespace {SYSTEM_NAMESPACE} stays: it holds {found}")));
    }
    cluster.delete_own(&key, "v1").await.map(|()| None)
}

#[cfg(test)]
mod tests {
    use super::nobodys;
    use serde_json::json;

    #[test]
    fn what_is_released_keeps_every_other_manager() {
        let entry = |manager: &str| json!({"manager": manager, "operation": "Apply"});
        let live = |managers: &[&str]| {
            let entries: Vec<_> = managers.iter().map(|m| entry(m)).collect();
            json!({"metadata": {"resourceVersion": "7", "managedFields": entries}})
        };
        let patch = nobodys(&live(&["mainstay", "kubectl", "mainstay-initial"]));
        assert_eq!(patch["metadata"]["managedFields"], json!([entry("kubectl")]));
        assert_eq!(patch["metadata"]["resourceVersion"], "7");
        assert_eq!(nobodys(&live(&["mainstay"]))["metadata"]["managedFields"], json!([{}]));
    }
}
