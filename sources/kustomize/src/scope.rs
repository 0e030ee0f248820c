//! Which kinds are certainly cluster-scoped: kustomize 5.5's own table. A kind that is not in it is taken for
//! namespaced, a custom one too, unless an OpenAPI document of the kustomization says otherwise.
use crate::id::Gvk;
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// Kinds that an OpenAPI document of the build says are in no namespace, from when it was read on.
#[derive(Debug, Default)]
pub(crate) struct Scopes(OnceCell<BTreeSet<Gvk>>);

impl Scopes {
    /// The first document counts.
    pub(crate) fn learn(&self, cluster: BTreeSet<Gvk>) {
        self.0.get_or_init(|| cluster);
    }

    pub(crate) fn is_cluster_scoped(&self, gvk: &Gvk) -> bool {
        self.0.get().is_some_and(|known| known.contains(gvk))
    }
}

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

/// Whether the scope of a kind is known without a look into schemas.
pub(crate) fn is_known(gvk: &Gvk) -> bool {
    let versions = match (gvk.group.as_str(), gvk.kind.as_str()) {
        _ if is_cluster_scoped(gvk) => return true,
        ("apps", "ControllerRevision" | "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet")
        | ("autoscaling", "Scale")
        | ("batch", "Job")
        | (
            "",
            "ConfigMap"
            | "Endpoints"
            | "Event"
            | "LimitRange"
            | "PersistentVolumeClaim"
            | "Pod"
            | "PodAttachOptions"
            | "PodExecOptions"
            | "PodPortForwardOptions"
            | "PodProxyOptions"
            | "PodTemplate"
            | "ReplicationController"
            | "ResourceQuota"
            | "Secret"
            | "Service"
            | "ServiceAccount"
            | "ServiceProxyOptions",
        ) => &["v1"][..],
        ("autoscaling", "HorizontalPodAutoscaler") => &["v1", "v2beta1", "v2beta2"],
        ("batch", "CronJob")
        | ("coordination.k8s.io", "Lease")
        | ("discovery.k8s.io", "EndpointSlice")
        | ("events.k8s.io", "Event")
        | ("networking.k8s.io", "Ingress")
        | ("policy", "PodDisruptionBudget")
        | ("rbac.authorization.k8s.io", "Role" | "RoleBinding") => &["v1", "v1beta1"],
        ("networking.k8s.io", "NetworkPolicy") => &["v1"],
        ("extensions", "Ingress") | ("storage.k8s.io", "CSIStorageCapacity") => &["v1beta1"],
        _ => &[],
    };
    versions.contains(&gvk.version.as_str())
}
