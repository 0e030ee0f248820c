//! A pod's state in one word.

use super::cells::number;
use super::human;
use crate::core::body::{at, meta, text};
use crate::core::request::Now;
use serde_json::Value;

struct Summary {
    ready: usize,
    total: usize,
    status: String,
    restarts: i64,
    last_restart: Option<Now>,
}

pub fn cell(what: &str, pod: &Value, now: Now) -> Value {
    let summary = || summarize(pod);
    match what {
        "ready" => {
            let s = summary();
            format!("{}/{}", s.ready, s.total).into()
        }
        "status" => summary().status.into(),
        "restarts" => {
            let s = summary();
            match s.last_restart.filter(|_| s.restarts != 0) {
                Some(then) => format!("{} ({} ago)", s.restarts, human(now, then)).into(),
                None => s.restarts.to_string().into(),
            }
        }
        _ => gates(pod).into(),
    }
}

fn list<'a>(pod: &'a Value, path: &str) -> &'a [Value] {
    at(pod, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn summarize(pod: &Value) -> Summary {
    let phase = text(pod, "/status/phase");
    let mut status = match text(pod, "/status/reason") {
        "" => phase.to_owned(),
        reason => reason.to_owned(),
    };
    let gated = |c: &&Value| text(c, "/type") == "PodScheduled" && text(c, "/reason") == "SchedulingGated";
    if list(pod, "status.conditions").iter().any(|c| gated(&c)) {
        status = "SchedulingGated".into();
    }
    let init = list(pod, "spec.initContainers");
    let sidecar =
        |name: &str| init.iter().any(|c| text(c, "/name") == name && text(c, "/restartPolicy") == "Always");
    let sidecars = init.iter().filter(|c| text(c, "/restartPolicy") == "Always").count();
    let mut s = Summary {
        ready: 0,
        total: list(pod, "spec.containers").len() + sidecars,
        status,
        restarts: 0,
        last_restart: None,
    };
    let (mut sidecar_restarts, mut sidecar_last) = (0, None);
    let mut initializing = false;
    for (i, container) in list(pod, "status.initContainerStatuses").iter().enumerate() {
        let is_sidecar = sidecar(text(container, "/name"));
        count_restart(container, &mut s.restarts, &mut s.last_restart);
        if is_sidecar {
            count_restart(container, &mut sidecar_restarts, &mut sidecar_last);
        }
        let terminated = at(container, "state.terminated");
        if terminated.is_some_and(|t| number(t, "exitCode") == 0) {
            continue;
        }
        if is_sidecar && at(container, "started").and_then(Value::as_bool) == Some(true) {
            s.ready += usize::from(at(container, "ready").and_then(Value::as_bool) == Some(true));
            continue;
        }
        let waiting = text(container, "/state/waiting/reason");
        s.status = match terminated {
            Some(t) => format!("Init:{}", ending(t)),
            None if !waiting.is_empty() && waiting != "PodInitializing" => format!("Init:{waiting}"),
            None => format!("Init:{i}/{}", init.len()),
        };
        initializing = true;
        break;
    }
    if !initializing || has_condition(pod, "Initialized") {
        s.restarts = sidecar_restarts;
        s.last_restart = sidecar_last;
        containers(pod, &mut s);
    }
    if !meta(pod, "deletionTimestamp").is_empty() {
        if text(pod, "/status/reason") == "NodeLost" {
            s.status = "Unknown".into();
        } else if !matches!(phase, "Succeeded" | "Failed") {
            s.status = "Terminating".into();
        }
    }
    s
}

fn containers(pod: &Value, s: &mut Summary) {
    let (mut running, mut failure) = (false, String::new());
    for container in list(pod, "status.containerStatuses").iter().rev() {
        count_restart(container, &mut s.restarts, &mut s.last_restart);
        let waiting = text(container, "/state/waiting/reason");
        if !waiting.is_empty() {
            s.status = waiting.to_owned();
        } else if let Some(terminated) = at(container, "state.terminated") {
            s.status = ending(terminated);
            if number(terminated, "exitCode") != 0 {
                failure.clone_from(&s.status);
            }
        } else if at(container, "ready").and_then(Value::as_bool) == Some(true)
            && at(container, "state.running").is_some()
        {
            running = true;
            s.ready += 1;
        }
    }
    if s.status == "Completed" {
        if running && has_condition(pod, "Ready") {
            s.status = "Running".into();
        } else if !failure.is_empty() {
            s.status = failure;
        } else if running {
            s.status = "NotReady".into();
        }
    }
}

fn count_restart(container: &Value, restarts: &mut i64, last: &mut Option<Now>) {
    *restarts += number(container, "restartCount");
    let finished = text(container, "/lastState/terminated/finishedAt");
    *last = (*last).max(Now::parse(finished));
}

fn ending(terminated: &Value) -> String {
    match (text(terminated, "/reason"), number(terminated, "signal")) {
        ("", 0) => format!("ExitCode:{}", number(terminated, "exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn has_condition(pod: &Value, kind: &str) -> bool {
    let conditions = list(pod, "status.conditions").iter();
    conditions.filter(|c| text(c, "/type") == kind).any(|c| text(c, "/status") == "True")
}

fn gates(pod: &Value) -> String {
    let gates = list(pod, "spec.readinessGates");
    if gates.is_empty() {
        return "<none>".into();
    }
    let open = gates.iter().filter(|g| has_condition(pod, text(g, "/conditionType"))).count();
    format!("{open}/{}", gates.len())
}
