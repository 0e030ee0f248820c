//! The table of Kubernetes' own kinds.

mod batch;
mod cluster;
mod extension;
mod network;
pub(crate) mod passive;
mod pod;
mod storage;
mod workload;

use crate::fields::Fields;
use mainstay_unit::Health;

/// `None`: this table has no rule for the kind.
pub(crate) fn assess(group: &str, kind: &str, f: &Fields<'_>) -> Option<Health> {
    Some(match (group, kind) {
        ("apps", "Deployment") => workload::deployment(f),
        ("apps", "StatefulSet") => workload::stateful_set(f),
        ("apps", "DaemonSet") => workload::daemon_set(f),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => workload::replica_set(f),
        ("batch", "Job") => batch::job(f),
        ("batch", "CronJob") => batch::cron_job(f),
        ("", "Pod") => pod::pod(f),
        ("", "PersistentVolumeClaim") => storage::claim(f),
        ("", "PersistentVolume") => storage::volume(f),
        ("storage.k8s.io", "VolumeAttachment") => storage::attachment(f),
        ("", "Service") => network::service(f),
        ("networking.k8s.io", "Ingress") => network::ingress(f),
        ("networking.k8s.io", "ServiceCIDR") => ready(f, "Ready"),
        ("", "Namespace") => cluster::namespace(f),
        ("", "Node") => cluster::node(f),
        ("policy", "PodDisruptionBudget") => cluster::disruption_budget(f),
        ("autoscaling", "HorizontalPodAutoscaler") => cluster::autoscaler(f),
        ("certificates.k8s.io", "CertificateSigningRequest") => cluster::signing_request(f),
        ("resource.k8s.io", "ResourceClaim") => cluster::resource_claim(f),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => extension::definition(f),
        ("apiregistration.k8s.io", "APIService") => ready(f, "Available"),
        (
            "admissionregistration.k8s.io",
            "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
        ) => extension::webhooks(f),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => extension::admission_policy(f),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema") => extension::flow_schema(f),
        ("storagemigration.k8s.io", "StorageVersionMigration") => extension::migration(f),
        _ => return None,
    })
}

fn ready(f: &Fields<'_>, kind: &str) -> Health {
    match f.condition(kind) {
        Some(c) if c.is_true() => Health::healthy(format!("{kind} is true")),
        Some(c) => Health::progressing(c.describe(kind)),
        None => Health::progressing(format!("the condition {kind} is missing")),
    }
}
