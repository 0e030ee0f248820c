use super::authorize::authorize;
use super::{failure, fresh, identity, left_alone, replace};
use crate::install::PART_OF;
use crate::judge::Judge;
use crate::limit::Work;
use crate::observe::{observation_with_body, own_fields};
use crate::parent::Parent;
use crate::save::Saver;
use crate::statuses::Statuses;
use futures::StreamExt;
use mainstay_clock::Instant;
use mainstay_cluster::{Apply, Cluster, ClusterError, FieldConflict, Identity};
use mainstay_object::{DigestKey, FieldSet, FieldSetError, Object, Value};
use mainstay_plan::{Left, Sent};
use mainstay_reconcile::{ApplyItem, ApplyResult, Failure, FailureKind, Record};
use mainstay_unit::{Authority, FieldIgnore, Manifest, ServiceAccount, UnitId};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Names the unit that an object belongs to, for people who meet the object first.
pub(crate) const UNIT: &str = "mainstay.dev/unit";

pub(crate) struct ApplyJob {
    pub unit: UnitId,
    pub cluster: Cluster,
    pub statuses: Statuses,
    pub work: Work,
    pub key: DigestKey,
    pub judge: Judge,
    pub parent: Parent,
    pub saver: Saver,
    pub account: Option<ServiceAccount>,
    /// With the cluster that each is asked of, if it is reached.
    pub authorities: Vec<(Option<Cluster>, Authority)>,
    /// Fields that are not sent where an object exists.
    pub ignore: Vec<FieldIgnore>,
    pub items: Vec<ApplyItem>,
    pub record: Box<Record>,
    pub concurrency: usize,
    /// When the event that opened the gate was received, and who wants to know what came of it.
    pub gate: Option<(Instant, UnboundedSender<Duration>)>,
}

impl ApplyJob {
    pub(super) async fn live(&self, object: &Object) -> Result<Value, ClusterError> {
        let version = object.group_version().version;
        self.cluster.get(&object.key(), &version, &Identity::Own).await
    }

    /// Whether we sent every contested field before: what is ours and was changed is drift.
    async fn is_drift(
        &self,
        item: &ApplyItem,
        object: &Object,
        conflicts: &[FieldConflict],
    ) -> Result<bool, ClusterError> {
        let sent = |manifest: &Manifest| self.marked(manifest.object()).into_value();
        let sent = Sent {
            answered: item.sent.answered.as_ref().map(sent),
            unanswered: item.sent.unanswered.iter().map(sent).collect(),
        };
        if conflicts.iter().all(|conflict| sent.is_known(&conflict.field)) {
            return Ok(true);
        }
        if sent.unanswered.is_empty() {
            return Ok(false);
        }
        let live = self.live(object).await?;
        let mut owned = FieldSet::default();
        for fields in own_fields(&live) {
            let unreadable = |e: FieldSetError| ClusterError::Unreadable { message: e.to_string() };
            owned = owned.union(&FieldSet::from_fields_v1(fields).map_err(unreadable)?);
        }
        Ok(conflicts.iter().all(|conflict| sent.is_ours(&conflict.field, &owned)))
    }

    /// With what tells people and watches whose it is.
    fn marked(&self, mut object: Object) -> Object {
        object.set_label(PART_OF, &self.parent.installation().apply_set);
        object.set_annotation(UNIT, &self.unit.to_string());
        object
    }
}

/// Records the intent, then applies rank by rank; within a rank all at once. One bad object fails alone, but what ranks
/// after a failure is not sent: it may need what failed.
pub(crate) async fn apply(mut job: ApplyJob) -> Vec<ApplyResult> {
    for (cluster, authority) in &job.authorities {
        if let Err(refused) = authorize(cluster.as_ref(), authority).await {
            return give_up(std::mem::take(&mut job.items), refused.kind, &refused.message);
        }
    }
    if let Err(why) = job.saver.save(job.record.clone()).await {
        let message = format!("the inventory could not be written first: {why}");
        return give_up(std::mem::take(&mut job.items), FailureKind::Unavailable, &message);
    }
    let kinds = job.items.iter().map(|item| item.desired.key.group_kind());
    if let Err(error) = job.parent.cover(kinds).await {
        let message = format!("the parent of our objects could not be written first: {error}");
        return give_up(std::mem::take(&mut job.items), FailureKind::Unavailable, &message);
    }
    if let Some((received, told)) = job.gate.take()
        && told.send(received.elapsed()).is_err()
    {
        tracing::debug!("nobody measures gates any more");
    }
    let as_whom = identity(job.account.as_ref());
    let mut results = Vec::with_capacity(job.items.len());
    let mut items = std::mem::take(&mut job.items).into_iter().peekable();
    while let Some(first) = items.next() {
        let rank = first.rank;
        let mut group = vec![first];
        while let Some(next) = items.next_if(|i| i.rank == rank) {
            group.push(next);
        }
        let applied: Vec<ApplyResult> = futures::stream::iter(group)
            .map(|item| one(&job, &as_whom, item))
            .buffer_unordered(job.concurrency)
            .collect()
            .await;
        let failed = applied.iter().any(|r| r.outcome.is_err());
        results.extend(applied);
        if failed {
            let rest: Vec<_> = items.collect();
            results.extend(give_up(
                rest,
                FailureKind::NotSent,
                "not sent: an object that comes before it failed",
            ));
            break;
        }
    }
    results.sort_by(|a, b| a.key.cmp(&b.key));
    results
}

fn give_up(items: Vec<ApplyItem>, kind: FailureKind, message: &str) -> Vec<ApplyResult> {
    let failed = |item: ApplyItem| ApplyResult {
        key: item.desired.key.clone(),
        digest: None,
        outcome: Err(Failure { kind, message: message.to_owned() }),
    };
    items.into_iter().map(failed).collect()
}

async fn one(job: &ApplyJob, as_whom: &Identity, item: ApplyItem) -> ApplyResult {
    let mut object = job.marked(item.desired.object());
    if let Some(fresh) = &item.fresh {
        object.set_annotation(fresh::RUN, &fresh.mark);
        if let Some(failure) = fresh::released(&job.cluster, fresh).await {
            return ApplyResult { key: item.desired.key.clone(), digest: None, outcome: Err(failure) };
        }
    }
    let outcome = match send(job, as_whom, &item, &object).await {
        Ok(answer) => {
            // It is on its way to the state machine, which is who watches for news.
            job.cluster.know(&answer);
            let kind = object.group_version_kind();
            let declares = job.statuses.declares_after_all(&job.cluster, &kind).await;
            Ok(observation_with_body(answer, declares, &job.key, &job.judge))
        }
        Err(error) => {
            let failure = failure(&error);
            Err(Failure { message: item.desired.veil(failure.message), ..failure })
        }
    };
    ApplyResult { key: item.desired.key.clone(), digest: Some(item.digest), outcome }
}

async fn send(
    job: &ApplyJob,
    as_whom: &Identity,
    item: &ApplyItem,
    object: &Object,
) -> Result<Value, ClusterError> {
    if item.absent_only {
        match job.live(object).await {
            Err(ClusterError::NotFound { .. } | ClusterError::NoKind { .. }) => {}
            other => return other,
        }
    }
    if let Some(fresh) = &item.fresh
        && let Some(made) = fresh::make_way(job, as_whom, object, fresh).await?
    {
        return Ok(made);
    }
    let mut how = Apply { identity: as_whom.clone(), ..Apply::default() };
    let mut left = Left::of(&job.ignore, object);
    let mut waited = 0;
    loop {
        let slot = job.work.acquire().await;
        let answer = match left.is_empty() {
            true => job.cluster.apply(object, &how).await,
            false => left_alone::apply(&job.cluster, object, &left, &how).await,
        };
        slot.answered(&answer);
        match answer {
            Err(ClusterError::FieldConflict(conflicts)) if !how.force => {
                let scaled = scaled(item, &conflicts);
                let new = scaled.iter().filter(|pointer| left.add(pointer)).count();
                // What we owned at the last apply and someone else owns now is drift: it is taken back.
                if new == 0 && job.is_drift(item, object, &conflicts).await? {
                    how.force = true;
                } else if new == 0 {
                    return Err(ClusterError::FieldConflict(conflicts));
                }
            }
            Err(ClusterError::NoKind { .. }) if waited < 20 => {
                waited += 1;
                mainstay_clock::sleep(Duration::from_millis(100)).await;
            }
            // Nobody is let in before the time that the server named.
            Err(ClusterError::Throttled { .. }) if waited < 20 => waited += 1,
            Err(ClusterError::Invalid { message }) if item.replace && replace::is_immutable(&message) => {
                return replace::replace(&job.cluster, object, &how, message).await;
            }
            other => return other,
        }
    }
}

/// Fields that somebody scaled and that the new revision does not change: the declared count is where scaling starts.
fn scaled(item: &ApplyItem, conflicts: &[FieldConflict]) -> Vec<String> {
    let wanted = |object: &Object, pointer: &str| object.value().pointer(pointer).cloned();
    scaled_fields(conflicts)
        .filter(|pointer| {
            let previous = item.sent.answered.as_ref().map(|p| wanted(&p.object(), pointer));
            previous.is_none_or(|previous| previous == wanted(&item.desired.object(), pointer))
        })
        .collect()
}

/// What is in conflict with the scale subresource, as JSON pointers.
pub(crate) fn scaled_fields(conflicts: &[FieldConflict]) -> impl Iterator<Item = String> {
    let scaled = conflicts.iter().filter(|c| c.subresource == "scale" && !c.field.contains('['));
    scaled.map(|c| c.field.replace('.', "/"))
}
