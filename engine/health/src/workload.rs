//! Workloads of `apps` and `batch`: the rollout rules of `kubectl rollout status` and kstatus.

use crate::Fields;
use mainstay_unit::Health;

pub(crate) fn deployment(f: &Fields<'_>) -> Health {
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

pub(crate) fn stateful_set(f: &Fields<'_>) -> Health {
    if let Some(failed) = unobserved(f) {
        return failed;
    }
    let wanted = f.number("/spec/replicas").unwrap_or(1);
    let ready = f.count("/status/readyReplicas");
    if f.text("/spec/updateStrategy/type") == "OnDelete" {
        return replicas(ready, wanted, "ready");
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

pub(crate) fn daemon_set(f: &Fields<'_>) -> Health {
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

pub(crate) fn replica_set(f: &Fields<'_>) -> Health {
    if let Some(failed) = unobserved(f) {
        return failed;
    }
    if let Some(failure) = f.condition("ReplicaFailure")
        && failure.status == "True"
    {
        return Health::degraded(failure.why());
    }
    replicas(f.count("/status/availableReplicas"), f.number("/spec/replicas").unwrap_or(1), "available")
}

pub(crate) fn job(f: &Fields<'_>) -> Health {
    for kind in ["Failed", "FailureTarget"] {
        if let Some(failed) = f.condition(kind)
            && failed.status == "True"
        {
            return Health::degraded(failed.why());
        }
    }
    if f.condition("Complete").is_some_and(|c| c.status == "True") {
        return Health::healthy("it is complete");
    }
    if f.flag("/spec/suspend") {
        return Health::suspended("the job is suspended");
    }
    let active = f.count("/status/active");
    Health::progressing(format!("{active} pods are active, {} have failed", f.count("/status/failed")))
}

pub(crate) fn pod(f: &Fields<'_>) -> Health {
    if let Some(stuck) = stuck_container(f) {
        return stuck;
    }
    match f.text("/status/phase") {
        "Succeeded" => Health::healthy("it has succeeded"),
        "Failed" => Health::degraded(match f.text("/status/message") {
            "" => "it has failed".to_owned(),
            message => message.to_owned(),
        }),
        "Running" if f.condition("Ready").is_some_and(|c| c.status == "True") => {
            Health::healthy("it runs and is ready")
        }
        "Running" => Health::progressing("it runs and is not ready"),
        "Pending" => match f.condition("PodScheduled") {
            Some(c) if c.status == "False" => Health::progressing(c.why()),
            Some(_) | None => Health::progressing("it is pending"),
        },
        "" => Health::progressing("nobody has scheduled it yet"),
        other => Health::unknown(format!("its phase is {other}")),
    }
}

/// Reasons for which a container waits in vain.
const STUCK: [&str; 7] = [
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

fn stuck_container(f: &Fields<'_>) -> Option<Health> {
    let all = f.list("/status/initContainerStatuses").iter().chain(f.list("/status/containerStatuses"));
    for status in all {
        let status = Fields(status);
        let reason = status.text("/state/waiting/reason");
        if STUCK.contains(&reason) {
            let message = status.text("/state/waiting/message");
            return Some(Health::degraded(format!(
                "container {}: {reason}: {message}",
                status.text("/name")
            )));
        }
    }
    None
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
