use super::authorize::authorize;
use super::{failure, identity, left_alone, replace};
use crate::install::{Installation, PART_OF};
use crate::limit::Limiter;
use crate::observe::observation_with_body;
use crate::save::Saver;
use crate::statuses::Statuses;
use futures::StreamExt;
use mainstay_clock::Instant;
use mainstay_cluster::{Apply, Cluster, ClusterError, FieldConflict, Identity};
use mainstay_object::{Object, Value};
use mainstay_reconcile::{ApplyItem, ApplyResult, Failure, FailureKind, Record};
use mainstay_unit::{Authority, Manifest, ServiceAccount, UnitId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Names the unit that an object belongs to, for people who meet the object first.
pub(crate) const UNIT: &str = "mainstay.dev/unit";

pub(crate) struct ApplyJob {
    pub unit: UnitId,
    pub cluster: Cluster,
    pub statuses: Statuses,
    pub limiter: Limiter,
    pub installation: Arc<Installation>,
    pub saver: Saver,
    pub account: Option<ServiceAccount>,
    /// With the cluster that each is asked of, if it is reached.
    pub authorities: Vec<(Option<Cluster>, Authority)>,
    pub items: Vec<ApplyItem>,
    pub record: Box<Record>,
    pub concurrency: usize,
    /// When the event that opened the gate was received, and who wants to know what came of it.
    pub gate: Option<(Instant, UnboundedSender<Duration>)>,
}

impl ApplyJob {
    async fn live(&self, object: &Object) -> Result<Value, ClusterError> {
        let version = object.group_version().version;
        self.cluster.get(&object.key(), &version, &Identity::Own).await
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
                FailureKind::NoKind,
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
    let mut object = item.desired.object();
    object.set_label(PART_OF, &job.installation.apply_set);
    object.set_annotation(UNIT, &job.unit.to_string());
    let outcome = match send(job, as_whom, &item, &object).await {
        Ok(answer) => {
            let declares = job.statuses.declares(&job.cluster, &object.group_version_kind()).await;
            Ok(observation_with_body(answer, declares))
        }
        Err(error) => Err(failure(&error)),
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
    let mut how = Apply { identity: as_whom.clone(), ..Apply::default() };
    let mut left = item.left.clone();
    let mut waited = 0;
    loop {
        let slot = job.limiter.acquire(&job.unit.tenant).await;
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
                if new == 0 && is_drift(item, &conflicts) {
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
            let previous = item.previous.as_ref().map(|p| wanted(&p.object(), pointer));
            previous.is_none_or(|previous| previous == wanted(&item.desired.object(), pointer))
        })
        .collect()
}

/// What is in conflict with the scale subresource, as JSON pointers.
pub(crate) fn scaled_fields(conflicts: &[FieldConflict]) -> impl Iterator<Item = String> {
    let scaled = conflicts.iter().filter(|c| c.subresource == "scale" && !c.field.contains('['));
    scaled.map(|c| c.field.replace('.', "/"))
}

/// Whether every contested field is one that we applied last time.
fn is_drift(item: &ApplyItem, conflicts: &[FieldConflict]) -> bool {
    let Some(previous) = item.previous.as_ref().map(Manifest::object) else { return false };
    conflicts.iter().all(|c| field_exists(previous.value(), &c.field))
}

/// Follows a path as an API server writes it: `.spec.containers[name="web"].image`, `.data.key`, `.metadata.finalizers["x"]`.
fn field_exists(value: &Value, path: &str) -> bool {
    let mut at = value;
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let Some(end) = closing(after) else { return false };
            let Some(next) = item(at, &after[..end]) else { return false };
            at = next;
            rest = &after[end + 1..];
            continue;
        }
        let after = rest.strip_prefix('.').unwrap_or(rest);
        // A map key may hold dots: the longest key that fits is meant.
        let Some(map) = at.as_object() else { return false };
        let fits = |key: &String| {
            after.strip_prefix(key.as_str()).is_some_and(|r| r.is_empty() || r.starts_with(['.', '[']))
        };
        let Some(key) = map.keys().filter(|k| fits(k)).max_by_key(|k| k.len()) else { return false };
        at = &map[key];
        rest = &after[key.len()..];
    }
    true
}

/// The closing bracket, outside of quotes.
fn closing(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Some(i),
            _ => {}
        }
    }
    None
}

fn item<'a>(list: &'a Value, selector: &str) -> Option<&'a Value> {
    let list = list.as_array()?;
    if let Ok(index) = selector.parse::<usize>() {
        return list.get(index);
    }
    if let Some(text) = selector.strip_prefix('=') {
        let wanted: Value = serde_json::from_str(text).ok()?;
        return list.iter().find(|v| **v == wanted);
    }
    if let Ok(wanted) = serde_json::from_str::<Value>(selector) {
        return list.iter().find(|v| **v == wanted);
    }
    let keys: Vec<(&str, Value)> = selector
        .split(',')
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((name, serde_json::from_str(value).ok()?))
        })
        .collect::<Option<_>>()?;
    // A key left out of the applied object was defaulted by the server.
    list.iter().find(|v| keys.iter().all(|(name, wanted)| v.get(name).is_none_or(|have| have == wanted)))
}

#[cfg(test)]
mod tests {
    use super::field_exists;
    use serde_json::json;

    #[test]
    fn a_conflict_is_drift_only_where_we_wrote_the_field() {
        let object = json!({"data": {"a.b": "1"}, "spec": {"replicas": 1, "ports": [{"port": 80, "name": "http"}],
            "containers": [{"name": "web]\"", "image": "x"}], "set": ["a"]}});
        for path in [
            ".data.a.b",
            ".spec.replicas",
            ".spec.ports[port=80,protocol=\"TCP\"].name",
            ".spec.containers[name=\"web]\\\"\"].image",
            ".spec.set[=\"a\"]",
        ] {
            assert!(field_exists(&object, path), "{path}");
        }
        for path in [
            ".data.c",
            ".spec.ports[port=81].name",
            ".spec.containers[name=\"db\"]",
            ".spec.set[=\"b\"]",
            ".spec[",
            ".x[0]",
        ] {
            assert!(!field_exists(&object, path), "{path}");
        }
    }
}
