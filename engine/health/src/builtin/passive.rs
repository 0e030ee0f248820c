//! Kinds of Kubernetes itself that have no status, or none that says whether they work.

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
        "networking.k8s.io" => matches!(kind, "NetworkPolicy" | "IngressClass" | "IPAddress"),
        "resource.k8s.io" => matches!(kind, "DeviceClass" | "ResourceClaimTemplate" | "ResourceSlice"),
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
