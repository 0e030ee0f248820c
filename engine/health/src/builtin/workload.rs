//! Workloads of `apps`: the rollout rules of `kubectl rollout status` and kstatus.

use crate::fields::Fields;
use mainstay_unit::Health;

pub(super) fn deployment(f: &Fields<'_>) -> Health {
    if let Some(failed) = unobserved(f) {
        return failed;
    }
    if let Some(progress) = f.condition("Progressing")
        && progress.status == "False"
        && progress.reason == "ProgressDeadlineExceeded"
    {
        return Health::degraded(progress.why());
    }
    if let Some(failure) = f.condition("ReplicaFailure")
        && failure.status == "True"
    {
        return Health::degraded(failure.why());
    }
    if f.flag("/spec/paused") {
        return Health::suspended("the rollout is paused");
    }
    let wanted = f.number("/spec/replicas").unwrap_or(1);
    let (updated, all) = (f.count("/status/updatedReplicas"), f.count("/status/replicas"));
    let (ready, available) = (f.count("/status/readyReplicas"), f.count("/status/availableReplicas"));
    if updated < wanted {
        return Health::progressing(format!("{updated} of {wanted} replicas are updated"));
    }
    if all > updated {
        return Health::progressing(format!("{} old replicas are still there", all - updated));
    }
    if let Some(to_go) = surplus(all, wanted) {
        return to_go;
    }
    if available < wanted || ready < wanted {
        return Health::progressing(format!("{} of {wanted} replicas are available", available.min(ready)));
    }
    if let Some(condition) = f.condition("Available")
        && condition.status == "False"
    {
        return Health::progressing(condition.why());
    }
    Health::healthy(format!("{wanted} of {wanted} replicas are available"))
}

pub(super) fn stateful_set(f: &Fields<'_>) -> Health {
    if let Some(failed) = unobserved(f) {
        return failed;
    }
    let wanted = f.number("/spec/replicas").unwrap_or(1);
    let ready = f.count("/status/readyReplicas");
    // Servers before 1.22 do not count the available ones.
    let ready = f.number("/status/availableReplicas").map_or(ready, |available| available.min(ready));
    if f.text("/spec/updateStrategy/type") == "OnDelete" {
        return replicas(ready, wanted, "ready");
    }
    let all = f.count("/status/replicas");
    if let Some(to_go) = surplus(all, wanted) {
        return to_go;
    }
    let partition = f.count("/spec/updateStrategy/rollingUpdate/partition");
    let updated = f.count("/status/updatedReplicas");
    if ready < wanted {
        return replicas(ready, wanted, "ready");
    }
    if partition > 0 {
        return match (wanted - partition).max(0) {
            due if updated < due => replicas(updated, due, "updated (partitioned rollout)"),
            due => Health::healthy(format!("the partitioned rollout of {due} replicas is complete")),
        };
    }
    if f.text("/status/currentRevision") != f.text("/status/updateRevision") {
        return replicas(updated, wanted, "updated");
    }
    replicas(ready, wanted, "ready")
}

pub(super) fn daemon_set(f: &Fields<'_>) -> Health {
    if let Some(failed) = unobserved(f) {
        return failed;
    }
    let wanted = f.count("/status/desiredNumberScheduled");
    if f.text("/spec/updateStrategy/type") != "OnDelete" {
        let updated = f.count("/status/updatedNumberScheduled");
        if updated < wanted {
            return replicas(updated, wanted, "updated");
        }
    }
    if f.number("/status/desiredNumberScheduled").is_none() {
        return Health::progressing("it has not been scheduled yet");
    }
    replicas(f.count("/status/numberAvailable"), wanted, "available")
}

pub(super) fn replica_set(f: &Fields<'_>) -> Health {
    if let Some(failed) = unobserved(f) {
        return failed;
    }
    if let Some(failure) = f.condition("ReplicaFailure")
        && failure.status == "True"
    {
        return Health::degraded(failure.why());
    }
    let wanted = f.number("/spec/replicas").unwrap_or(1);
    if let Some(to_go) = surplus(f.count("/status/replicas"), wanted) {
        return to_go;
    }
    replicas(f.count("/status/availableReplicas"), wanted, "available")
}

/// Pods that are more than wanted still run, and hold what they hold.
fn surplus(all: i64, wanted: i64) -> Option<Health> {
    (all > wanted).then(|| Health::progressing(format!("{} replicas are to go", all - wanted)))
}

fn unobserved(f: &Fields<'_>) -> Option<Health> {
    f.number("/status/observedGeneration")
        .is_none()
        .then(|| Health::progressing("its controller has not looked at it yet"))
}

fn replicas(have: i64, want: i64, word: &str) -> Health {
    let message = format!("{have} of {want} replicas are {word}");
    if have >= want { Health::healthy(message) } else { Health::progressing(message) }
}
