//! The table of Kubernetes' own kinds.

use crate::{Fields, workload};
use mainstay_unit::Health;

/// `None`: this table has no rule for the kind.
pub(crate) fn assess(group: &str, kind: &str, f: &Fields<'_>) -> Option<Health> {
    Some(match (group, kind) {
        ("apps", "Deployment") => workload::deployment(f),
        ("apps", "StatefulSet") => workload::stateful_set(f),
        ("apps", "DaemonSet") => workload::daemon_set(f),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => workload::replica_set(f),
        ("batch", "Job") => workload::job(f),
        ("batch", "CronJob") if f.flag("/spec/suspend") => Health::suspended("the schedule is suspended"),
        ("batch", "CronJob") => Health::healthy("it is scheduled"),
        ("", "Pod") => workload::pod(f),
        ("", "PersistentVolumeClaim") => claim(f),
        ("", "PersistentVolume") => volume(f),
        ("", "Service") => service(f),
        ("", "Namespace") => namespace(f),
        ("", "Node") => ready(f, "Ready"),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(f),
        ("apiregistration.k8s.io", "APIService") => ready(f, "Available"),
        ("policy", "PodDisruptionBudget") if !f.has("/status/observedGeneration") => {
            Health::progressing("its controller has not looked at it yet")
        }
        ("policy", "PodDisruptionBudget") => Health::healthy("it is observed"),
        ("autoscaling", "HorizontalPodAutoscaler") => autoscaler(f),
        _ => return None,
    })
}

/// Kinds of Kubernetes itself that have no status, or none that says whether they work.
pub(crate) fn is_passive(group: &str, kind: &str) -> bool {
    match group {
        "" => matches!(
            kind,
            "ConfigMap"
                | "Secret"
                | "ServiceAccount"
                | "Endpoints"
                | "Event"
                | "LimitRange"
                | "PodTemplate"
                | "ResourceQuota"
        ),
        "apps" => kind == "ControllerRevision",
        "networking.k8s.io" => matches!(kind, "NetworkPolicy" | "Ingress" | "IngressClass"),
        "rbac.authorization.k8s.io"
        | "storage.k8s.io"
        | "scheduling.k8s.io"
        | "node.k8s.io"
        | "coordination.k8s.io"
        | "discovery.k8s.io"
        | "events.k8s.io"
        | "admissionregistration.k8s.io"
        | "flowcontrol.apiserver.k8s.io" => true,
        _ => false,
    }
}

fn ready(f: &Fields<'_>, kind: &str) -> Health {
    match f.condition(kind) {
        Some(c) if c.status == "True" => Health::healthy(format!("{kind} is true")),
        Some(c) => Health::progressing(format!("{kind} is {}: {}", c.status.to_lowercase(), c.why())),
        None => Health::progressing(format!("the condition {kind} is missing")),
    }
}

fn claim(f: &Fields<'_>) -> Health {
    match f.text("/status/phase") {
        "Bound" => Health::healthy("it is bound"),
        "Lost" => Health::degraded("its volume is lost"),
        "" => Health::progressing("nobody has looked at it yet"),
        phase => Health::progressing(format!("its phase is {phase}")),
    }
}

fn volume(f: &Fields<'_>) -> Health {
    match f.text("/status/phase") {
        phase @ ("Bound" | "Available" | "Released") => Health::healthy(format!("its phase is {phase}")),
        "Failed" => Health::degraded(f.text("/status/message")),
        phase => Health::progressing(format!("its phase is {phase:?}")),
    }
}

fn service(f: &Fields<'_>) -> Health {
    if f.text("/spec/type") != "LoadBalancer" {
        return Health::healthy("passive, accepted");
    }
    if f.list("/status/loadBalancer/ingress").is_empty() {
        return Health::progressing("it has no load balancer yet");
    }
    Health::healthy("its load balancer has an address")
}

fn namespace(f: &Fields<'_>) -> Health {
    match f.text("/status/phase") {
        "Active" => Health::healthy("it is active"),
        "" => Health::progressing("nobody has looked at it yet"),
        phase => Health::progressing(format!("its phase is {phase}")),
    }
}

fn definition(f: &Fields<'_>) -> Health {
    if let Some(c) = f.condition("NamesAccepted")
        && c.status == "False"
    {
        return Health::degraded(format!("its names are not accepted: {}", c.message));
    }
    if let Some(c) = f.condition("NonStructuralSchema")
        && c.status == "True"
    {
        return Health::degraded(format!("its schema is not structural: {}", c.message));
    }
    match f.condition("Established") {
        Some(c) if c.status == "True" => Health::healthy("it is established"),
        Some(c) if c.status == "False" && c.reason != "Installing" => {
            Health::degraded(format!("it is not established: {}", c.why()))
        }
        Some(_) | None => Health::progressing("it is not established yet"),
    }
}

fn autoscaler(f: &Fields<'_>) -> Health {
    let failing = ["AbleToScale", "ScalingActive"]
        .into_iter()
        .find_map(|k| f.condition(k).filter(|c| c.status == "False" && c.reason != "ScalingDisabled"));
    match failing {
        Some(c) => Health::degraded(c.why()),
        None if f.list("/status/conditions").is_empty() => Health::progressing("nobody has looked at it yet"),
        None => Health::healthy("it is able to scale"),
    }
}
