//! An object that is made anew for each run: a hook's.

use super::apply::ApplyJob;
use super::deployed::newest;
use super::{failure, not_ours};
use mainstay_clock::sleep;
use mainstay_cluster::{Cluster, ClusterError, Identity, Preconditions};
use mainstay_object::{Object, Value};
use mainstay_reconcile::{Failure, FailureKind, Fresh};
use std::time::Duration;

/// Says which run made an object.
pub(super) const RUN: &str = "mainstay.dev/hook-run";
/// By which Helm knows its hooks, whoever made them.
const HOOK: &str = "helm.sh/hook";
const PAUSE: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes way: what an earlier run left has gone afterwards. What this very run has made already is the answer.
pub(super) async fn make_way(
    job: &ApplyJob,
    as_whom: &Identity,
    object: &Object,
    fresh: &Fresh,
) -> Result<Option<Value>, ClusterError> {
    let Some(live) = live(job, object).await? else { return Ok(None) };
    if annotation(&live, RUN) == Some(fresh.mark.as_str()) {
        return Ok(Some(live));
    }
    if !fresh.replace {
        let message = "it exists already, and its hook-delete-policy does not name before-hook-creation";
        return Err(ClusterError::Invalid { message: message.to_owned() });
    }
    if let (Some(why), None) = (not_ours(&live, job.parent.installation()), annotation(&live, HOOK)) {
        let message = format!("an object of its name exists that is no hook: {why}");
        return Err(ClusterError::Invalid { message });
    }
    remove(job, object, &live, as_whom).await.map(|()| None)
}

/// Why nothing is made: Helm has deployed the release that this would be the first of, or can't be asked.
pub(super) async fn released(cluster: &Cluster, fresh: &Fresh) -> Option<Failure> {
    let release = fresh.unless.as_ref()?;
    match newest(cluster, release).await {
        Ok(None) => None,
        Ok(Some(found)) if !found.was_deployed => None,
        Ok(Some(found)) => {
            let kind = if found.is_this() { FailureKind::Deployed } else { FailureKind::Released };
            let message = format!("Helm knows the release {}/{}", release.namespace, release.name);
            Some(Failure { kind, message })
        }
        Err(error) => Some(failure(&error)),
    }
}

async fn remove(
    job: &ApplyJob,
    object: &Object,
    old: &Value,
    as_whom: &Identity,
) -> Result<(), ClusterError> {
    let uid = |live: &Value| live.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned);
    let version = object.group_version().version;
    match job.cluster.delete(&object.key(), &version, &Preconditions::of(old), as_whom).await {
        Ok(()) | Err(ClusterError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    let mut waited = Duration::ZERO;
    while let Some(found) = live(job, object).await? {
        if uid(&found) != uid(old) {
            let message = "somebody else has made it anew".to_owned();
            return Err(ClusterError::Conflict { message });
        }
        if waited >= PATIENCE {
            let message = "what an earlier run left is still being deleted".to_owned();
            return Err(ClusterError::Conflict { message });
        }
        sleep(PAUSE).await;
        waited += PAUSE;
    }
    Ok(())
}

async fn live(job: &ApplyJob, object: &Object) -> Result<Option<Value>, ClusterError> {
    match job.live(object).await {
        Ok(live) => Ok(Some(live)),
        Err(ClusterError::NotFound { .. } | ClusterError::NoKind { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn annotation<'a>(live: &'a Value, name: &str) -> Option<&'a str> {
    live.pointer("/metadata/annotations")?.get(name)?.as_str()
}
