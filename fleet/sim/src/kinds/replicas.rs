use super::{Written, count};
use crate::behaviour::Phase;
use crate::marker::{Condition, set};
use crate::simulate::Scene;
use serde_json::{Value, json};

/// How many pods there are, of the current template, and how many of all are available.
struct Counts {
    wanted: i64,
    updated: i64,
    available: i64,
}

impl Scene<'_> {
    fn wanted(&self) -> i64 {
        self.object["spec"]["replicas"].as_i64().unwrap_or(1).max(0)
    }

    /// Old pods stay available until new ones are; what fails after it was ready goes down.
    fn counts(&self, wanted: i64, updated: &str, available: &str) -> Counts {
        let before = |field: &str| self.old[field].as_i64().unwrap_or(0);
        let ready = before(available).min(wanted);
        let counts = |updated, available| Counts { wanted, updated, available };
        match &self.phase {
            Phase::Ready => counts(wanted, wanted),
            Phase::Failing { .. } if !self.new_template && before(updated) >= wanted => counts(wanted, 0),
            Phase::Failing { .. } | Phase::Progressing { .. } if ready == 0 => counts(wanted, 0),
            Phase::Failing { .. } | Phase::Progressing { .. } if self.new_template => counts(0, ready),
            Phase::Failing { .. } | Phase::Progressing { .. } => counts(before(updated).min(wanted), ready),
        }
    }

    fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap_or_default()
    }
}

pub(super) fn deployment(scene: &Scene<'_>) -> Written {
    let counts = scene.counts(scene.wanted(), "updatedReplicas", "availableReplicas");
    let Counts { wanted, updated, available } = counts;
    let mut status = scene.old.clone();
    status["observedGeneration"] = scene.rollout.generation.into();
    count(&mut status, "replicas", wanted);
    count(&mut status, "updatedReplicas", updated);
    count(&mut status, "readyReplicas", available);
    count(&mut status, "availableReplicas", available);
    count(&mut status, "unavailableReplicas", wanted - available);

    // A quarter may be unavailable, rounded down: the default of a rolling update.
    let enough = available >= wanted - wanted / 4;
    let (state, reason, message) = if enough {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    set(&mut status, scene.now, Condition { kind: "Available", status: state, reason, message });

    let deadline = scene.object["spec"]["progressDeadlineSeconds"].as_i64().unwrap_or(600);
    let deadline = scene.rollout.since.plus_seconds(deadline);
    let name = scene.name();
    let (state, reason, message) = match &scene.phase {
        Phase::Ready => {
            ("True", "NewReplicaSetAvailable", format!("Deployment \"{name}\" has successfully progressed."))
        }
        Phase::Failing { .. } | Phase::Progressing { .. } if scene.now >= deadline => {
            ("False", "ProgressDeadlineExceeded", format!("Deployment \"{name}\" has timed out progressing."))
        }
        Phase::Failing { .. } | Phase::Progressing { .. } => {
            ("True", "ReplicaSetUpdated", format!("Deployment \"{name}\" is progressing."))
        }
    };
    set(&mut status, scene.now, Condition { kind: "Progressing", status: state, reason, message: &message });
    let failing = matches!(scene.phase, Phase::Failing { .. });
    Some((status, (failing && scene.now < deadline).then_some(deadline)))
}

pub(super) fn replica_set(scene: &Scene<'_>) -> Written {
    let Counts { wanted, available, .. } = scene.counts(scene.wanted(), "replicas", "availableReplicas");
    let mut status = scene.old.clone();
    status["observedGeneration"] = scene.rollout.generation.into();
    status["replicas"] = wanted.into();
    count(&mut status, "fullyLabeledReplicas", wanted);
    count(&mut status, "readyReplicas", available);
    count(&mut status, "availableReplicas", available);
    Some((status, None))
}

pub(super) fn stateful_set(scene: &Scene<'_>) -> Written {
    let counts = scene.counts(scene.wanted(), "updatedReplicas", "availableReplicas");
    let Counts { wanted, updated, available } = counts;
    let revision = Value::from(format!("{}-{}", scene.name(), scene.rollout.template));
    let mut status = scene.old.clone();
    status["observedGeneration"] = scene.rollout.generation.into();
    status["replicas"] = wanted.into();
    status["availableReplicas"] = available.into();
    status["collisionCount"] = json!(0);
    count(&mut status, "readyReplicas", available);
    count(&mut status, "updatedReplicas", updated);
    if updated >= wanted || status["currentRevision"].is_null() {
        status["currentRevision"] = revision.clone();
    }
    let old_pods = status["currentRevision"] != revision;
    count(&mut status, "currentReplicas", if old_pods { wanted - updated } else { updated });
    status["updateRevision"] = revision;
    Some((status, None))
}

/// Simulated clusters have one node.
pub(super) fn daemon_set(scene: &Scene<'_>) -> Written {
    let Counts { wanted, updated, available } = scene.counts(1, "updatedNumberScheduled", "numberAvailable");
    let mut status = scene.old.clone();
    status["observedGeneration"] = scene.rollout.generation.into();
    for field in ["currentNumberScheduled", "desiredNumberScheduled"] {
        status[field] = wanted.into();
    }
    status["numberMisscheduled"] = json!(0);
    status["numberReady"] = available.into();
    count(&mut status, "updatedNumberScheduled", updated);
    count(&mut status, "numberAvailable", available);
    count(&mut status, "numberUnavailable", wanted - available);
    Some((status, None))
}
