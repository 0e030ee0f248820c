use super::{Written, count};
use crate::behaviour::Phase;
use crate::marker::{Condition, find, set};
use crate::simulate::Scene;
use serde_json::json;

/// A job runs for as long as `ready-after` says, and then completes or fails. A finished job stays as it is.
pub(super) fn job(scene: &Scene<'_>) -> Written {
    let is = |kind: &str| find(scene.old, kind).is_some_and(|c| c["status"] == "True");
    if is("Complete") || is("Failed") {
        return None;
    }
    let spec = &scene.object["spec"];
    let now = scene.now;
    let mut status = scene.old.clone();
    if spec["suspend"] == true {
        count(&mut status, "active", 0);
        let condition = |status| Condition {
            kind: "Suspended",
            status,
            reason: "JobSuspended",
            message: "Job suspended",
        };
        set(&mut status, now, condition("True"));
        return Some((status, None));
    }
    if is("Suspended") {
        let message = "Job resumed";
        set(
            &mut status,
            now,
            Condition { kind: "Suspended", status: "False", reason: "JobResumed", message },
        );
    }
    if status["startTime"].is_null() {
        status["startTime"] = scene.rollout.since.rfc3339().into();
    }
    let parallelism = spec["parallelism"].as_i64().unwrap_or(1).max(0);
    let completions = spec["completions"].as_i64();
    status["ready"] = json!(0);
    status["terminating"] = json!(0);
    status["uncountedTerminatedPods"] = json!({});
    let finished: [(&str, &str, String); 2] = match &scene.phase {
        Phase::Progressing { .. } => {
            let active = parallelism.min(completions.unwrap_or(parallelism));
            count(&mut status, "active", active);
            status["ready"] = active.into();
            return Some((status, None));
        }
        Phase::Ready => {
            count(&mut status, "succeeded", completions.unwrap_or(1));
            status["completionTime"] = now.rfc3339().into();
            let message = || "Reached expected number of succeeded pods".to_owned();
            [
                ("SuccessCriteriaMet", "CompletionsReached", message()),
                ("Complete", "CompletionsReached", message()),
            ]
        }
        Phase::Failing { .. } => {
            count(&mut status, "failed", spec["backoffLimit"].as_i64().unwrap_or(6) + 1);
            let message = || "Job has reached the specified backoff limit".to_owned();
            [
                ("FailureTarget", "BackoffLimitExceeded", message()),
                ("Failed", "BackoffLimitExceeded", message()),
            ]
        }
    };
    count(&mut status, "active", 0);
    for (kind, reason, message) in &finished {
        set(&mut status, now, Condition { kind, status: "True", reason, message });
    }
    Some((status, None))
}
