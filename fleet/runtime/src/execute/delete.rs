use super::{failure, identity, not_ours, occupied, release, served};
use crate::install::Installation;
use crate::limit::Work;
use crate::save::Saver;
use futures::StreamExt;
use mainstay_cluster::{Cluster, ClusterError, Identity, Preconditions};
use mainstay_object::{ObjectKey, Value};
use mainstay_reconcile::{DeleteItem, DeleteResult, Failure, FailureKind, Gone, Record};
use mainstay_unit::ServiceAccount;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// On a namespace or a definition: it may go with everything in it.
const CASCADE: &str = "mainstay.dev/cascade";
/// Objects of one stage.
const AT_ONCE: usize = 64;
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct DeleteJob {
    pub work: Work,
    pub cluster: Cluster,
    pub installation: Arc<Installation>,
    pub account: Option<ServiceAccount>,
    pub items: Vec<DeleteItem>,
    pub saver: Saver,
    /// Written first.
    pub record: Option<Box<Record>>,
    /// What may go with the namespace or the definition that it is inside of: what this unit has, and leaves to nobody.
    pub ours: BTreeSet<ObjectKey>,
}

/// Deletes, or lets go, stage by stage; each stage is seen gone before the next begins.
pub(crate) async fn delete(mut job: DeleteJob) -> Vec<DeleteResult> {
    if let Some(record) = job.record.take()
        && let Err(why) = job.saver.save(record).await
    {
        let message = format!("what ended could not be recorded first: {why}");
        let outcome = || Err(Failure { kind: FailureKind::Unavailable, message: message.clone() });
        let failed = |item: DeleteItem| DeleteResult { key: item.entry.key, outcome: outcome() };
        return std::mem::take(&mut job.items).into_iter().map(failed).collect();
    }
    let as_whom = identity(job.account.as_ref());
    let mut results = Vec::new();
    let mut items = std::mem::take(&mut job.items).into_iter().peekable();
    while let Some(first) = items.next() {
        let rank = first.rank;
        let mut stage = vec![first];
        while let Some(next) = items.next_if(|i| i.rank == rank) {
            stage.push(next);
        }
        let done: Vec<DeleteResult> = futures::stream::iter(stage)
            .map(|item| one(&job, &as_whom, item))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let blocked = done.iter().any(|r| r.outcome.is_err());
        // What is left where it is would not survive what it is inside of.
        for result in &done {
            if let Ok(Gone::NotOurs(_) | Gone::Released) = result.outcome {
                job.ours.remove(&result.key);
            }
        }
        results.extend(done);
        if blocked {
            for item in items {
                let message = "waits for what is deleted before it".to_owned();
                results.push(DeleteResult {
                    key: item.entry.key.clone(),
                    outcome: Err(Failure { kind: FailureKind::Blocked, message }),
                });
            }
            break;
        }
    }
    results.sort_by(|a, b| a.key.cmp(&b.key));
    results
}

async fn one(job: &DeleteJob, as_whom: &Identity, item: DeleteItem) -> DeleteResult {
    let outcome = match remove(job, as_whom, &item).await {
        Ok(outcome) => outcome,
        Err(error) => Err(failure(&error)),
    };
    DeleteResult { key: item.entry.key, outcome }
}

async fn remove(
    job: &DeleteJob,
    as_whom: &Identity,
    item: &DeleteItem,
) -> Result<Result<Gone, Failure>, ClusterError> {
    let key = &item.entry.key;
    if item.release {
        let slot = job.work.acquire().await;
        let released = release(&job.cluster, &job.installation, &item.entry, as_whom).await;
        slot.answered(&released);
        return released.map(|_| Ok(Gone::Released));
    }
    let slot = job.work.acquire().await;
    let looked = served::live(&job.cluster, key, &item.entry.version).await;
    slot.answered(&looked);
    let Some((live, version)) = looked? else { return Ok(Ok(Gone::Deleted)) };
    let uid = live.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
    let why = if !item.entry.uid.is_empty() && item.entry.uid != uid {
        Some("it is another object of the same name".to_owned())
    } else {
        not_ours(&live, &job.installation)
    };
    if let Some(why) = why {
        return Ok(Ok(Gone::NotOurs(why)));
    }
    if let Some(found) = occupied::by_others(&job.cluster, key, &live, &job.ours, CASCADE).await? {
        let message = format!(
            "stays while it holds objects that are not of this removal: {found}; annotate it {CASCADE}=true to delete them too"
        );
        return Ok(Err(Failure { kind: FailureKind::Blocked, message }));
    }
    let text = |pointer: &str| live.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    if text("/metadata/deletionTimestamp").is_empty() {
        let slot = job.work.acquire().await;
        let asked = job.cluster.delete(key, &version, &Preconditions::of(&live), as_whom).await;
        slot.answered(&asked);
        match asked {
            Ok(()) | Err(ClusterError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    gone(&job.cluster, key, &version, &text("/metadata/uid")).await
}

async fn gone(
    cluster: &Cluster,
    key: &ObjectKey,
    version: &str,
    uid: &str,
) -> Result<Result<Gone, Failure>, ClusterError> {
    let mut waited = Duration::ZERO;
    let mut pause = Duration::from_millis(20);
    loop {
        match cluster.get(key, version, &Identity::Own).await {
            Err(ClusterError::NotFound { .. } | ClusterError::NoKind { .. }) => return Ok(Ok(Gone::Deleted)),
            Ok(live) if live.pointer("/metadata/uid").and_then(Value::as_str) != Some(uid) => {
                return Ok(Ok(Gone::Deleted));
            }
            Ok(live) if waited >= PATIENCE => {
                let finalizers: Vec<&str> = live
                    .pointer("/metadata/finalizers")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                let message = format!("is being deleted and waits for {}", finalizers.join(", "));
                return Ok(Err(Failure { kind: FailureKind::Blocked, message }));
            }
            Ok(_) => {}
            Err(error) => return Err(error),
        }
        mainstay_clock::sleep(pause).await;
        waited += pause;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}
