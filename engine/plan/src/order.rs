use mainstay_object::{GroupKind, ObjectKey};

/// Where a kind stands in the order of creation inside a unit: what others need comes first. The order is the one that
/// kubectl, Helm and kustomize users know.
const ORDER: [&str; 22] = [
    "Namespace",
    "CustomResourceDefinition.apiextensions.k8s.io",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget.policy",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "StorageClass.storage.k8s.io",
    "PriorityClass.scheduling.k8s.io",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ClusterRole.rbac.authorization.k8s.io",
    "ClusterRoleBinding.rbac.authorization.k8s.io",
    "Role.rbac.authorization.k8s.io",
    "RoleBinding.rbac.authorization.k8s.io",
    "NetworkPolicy.networking.k8s.io",
    "Service",
    "DaemonSet.apps",
    "Deployment.apps",
    "StatefulSet.apps",
    "Job.batch",
];

/// Webhooks come last: they intercept what is created after them.
const LAST: [&str; 2] = [
    "MutatingWebhookConfiguration.admissionregistration.k8s.io",
    "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
];

/// Kinds of an equal rank have no order among them.
pub fn rank(kind: &GroupKind) -> usize {
    let name = kind.to_string();
    match ORDER.iter().position(|k| *k == name) {
        Some(i) => i,
        None if LAST.contains(&name.as_str()) => ORDER.len() + 2,
        None => ORDER.len() + 1,
    }
}

/// The stage in which an object is deleted: custom resources, webhook configurations, workloads, configuration, RBAC and
/// service accounts, definitions, namespaces. Each stage is seen gone before the next begins.
pub fn deletion_rank(key: &ObjectKey) -> usize {
    match (key.group(), key.kind()) {
        ("", "Namespace") => 6,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => 5,
        (
            "" | "rbac.authorization.k8s.io",
            "ServiceAccount" | "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding",
        ) => 4,
        (
            "",
            "ConfigMap"
            | "Secret"
            | "PersistentVolumeClaim"
            | "PersistentVolume"
            | "LimitRange"
            | "ResourceQuota",
        ) => 3,
        ("", _) | ("apps" | "batch" | "autoscaling" | "networking.k8s.io" | "policy", _) => 2,
        ("admissionregistration.k8s.io", _) => 1,
        (group, _) if group.ends_with(".k8s.io") && !group.contains(".x-k8s.io") => 3,
        _ => 0,
    }
}
