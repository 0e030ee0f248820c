//! Leaving a fleet: every object stays as it is, and nothing of it is Mainstay's any more.

use crate::execute::{occupied, release};
use crate::install::{Installation, SYSTEM_NAMESPACE, find, key_secret, parent_name};
use crate::judge;
use crate::lease::{self, Lease};
use crate::save::{forget, recorded};
use crate::targets::open;
use mainstay_clock::{spawn, timeout};
use mainstay_cluster::{Cluster, ClusterError, Fence, Identity};
use mainstay_object::ObjectKey;
use mainstay_reconcile::Record;
use mainstay_unit::{Target, UnitId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The Lease under which nobody else acts meanwhile.
const LEASE: Duration = Duration::from_secs(15);
/// A daemon that was killed holds its Lease no longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

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
        let lost = kept.keep(false).await;
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
        let was_ours = release(cluster, installation, entry, &Identity::Own).await;
        released += usize::from(was_ours.map_err(|e| format!("{}: {e}", entry.key))?);
    }
    forget(management, &record.id).await.map_err(|e| e.to_string())?;
    Ok(released)
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
