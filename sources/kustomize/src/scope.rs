//! Which kinds are certainly cluster-scoped: kustomize 5.5's own table. A kind that is not in it is taken for
//! namespaced, a custom one always.
use crate::id::Gvk;

pub(crate) fn is_cluster_scoped(gvk: &Gvk) -> bool {
    let versions = match (gvk.group.as_str(), gvk.kind.as_str()) {
        (
            "admissionregistration.k8s.io",
            "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
        )
        | ("apiextensions.k8s.io", "CustomResourceDefinition")
        | ("apiregistration.k8s.io", "APIService")
        | ("certificates.k8s.io", "CertificateSigningRequest")
        | ("networking.k8s.io", "IngressClass")
        | ("node.k8s.io", "RuntimeClass")
        | ("rbac.authorization.k8s.io", "ClusterRole" | "ClusterRoleBinding")
        | ("scheduling.k8s.io", "PriorityClass")
        | ("storage.k8s.io", "CSIDriver" | "StorageClass" | "VolumeAttachment") => &["v1", "v1beta1"][..],
        ("flowcontrol.apiserver.k8s.io", "FlowSchema" | "PriorityLevelConfiguration")
        | ("policy", "PodSecurityPolicy") => &["v1beta1"],
        ("storage.k8s.io", "CSINode")
        | ("", "ComponentStatus" | "Namespace" | "Node" | "NodeProxyOptions" | "PersistentVolume") => &["v1"],
        _ => &[],
    };
    versions.contains(&gvk.version.as_str())
}
