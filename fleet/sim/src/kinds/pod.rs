use super::Written;
use crate::behaviour::Phase;
use crate::marker::{Condition, set};
use crate::simulate::Scene;
use serde_json::{Value, json};

/// A pod that restarts always runs; any other one has succeeded once it is ready.
pub(super) fn pod(scene: &Scene<'_>) -> Written {
    if matches!(scene.old["phase"].as_str(), Some("Succeeded" | "Failed")) {
        return None;
    }
    let spec = &scene.object["spec"];
    let ends = spec["restartPolicy"].as_str().is_some_and(|p| p != "Always");
    let mut status = scene.old.clone();
    let [a, b, c, ..] = scene.dice.to_le_bytes();
    let ip = format!("10.{a}.{b}.{c}");
    status["podIP"] = ip.clone().into();
    status["podIPs"] = json!([{ "ip": ip }]);
    status["startTime"] = scene.rollout.since.rfc3339().into();
    let started = scene.rollout.since.rfc3339();
    let (phase, state, why) = match &scene.phase {
        Phase::Ready if ends => {
            let times = json!({ "exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": scene.now.rfc3339() });
            ("Succeeded", json!({ "terminated": times }), "PodCompleted")
        }
        Phase::Ready => ("Running", json!({ "running": { "startedAt": started } }), ""),
        Phase::Progressing { .. } => {
            ("Pending", json!({ "waiting": { "reason": "ContainerCreating" } }), "ContainersNotReady")
        }
        Phase::Failing { reason } => {
            ("Pending", json!({ "waiting": { "reason": reason } }), "ContainersNotReady")
        }
    };
    let ready = phase == "Running";
    status["phase"] = phase.into();
    status["containerStatuses"] = spec["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|container| container_status(container, &state, ready))
        .collect();
    let (ready, message) = match ready {
        true => ("True", String::new()),
        false if phase == "Succeeded" => ("False", String::new()),
        false => ("False", format!("containers with unready status: [{}]", names(spec).join(" "))),
    };
    for kind in ["PodScheduled", "Initialized"] {
        set(&mut status, scene.now, Condition { kind, status: "True", reason: "", message: "" });
    }
    for kind in ["ContainersReady", "Ready"] {
        set(&mut status, scene.now, Condition { kind, status: ready, reason: why, message: &message });
    }
    Some((status, None))
}

fn container_status(container: &Value, state: &Value, ready: bool) -> Value {
    json!({
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": ready,
        "started": ready,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    })
}

fn names(spec: &Value) -> Vec<&str> {
    spec["containers"].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str()).collect()
}
