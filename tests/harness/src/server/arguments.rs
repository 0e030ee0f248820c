//! The flags of the three servers.

use std::path::Path;

/// File names in the server's folder.
pub(super) const TOKENS: &str = "tokens.csv";
pub(super) const AUDIT_POLICY: &str = "audit-policy.yaml";
pub(super) const AUTHORITY: &str = "authority.pem";
/// The server makes this pair itself when it starts first; its key signs service account tokens as well.
pub(super) const CERTIFICATE: &str = "certificates/apiserver.crt";
const KEY: &str = "certificates/apiserver.key";

/// Durability is given up: the data dies with the test.
pub(super) fn etcd(at: &Path, port: u16) -> Vec<String> {
    let url = format!("http://127.0.0.1:{port}");
    vec![
        format!("--data-dir={}", file(at, "etcd")),
        format!("--listen-client-urls={url}"),
        format!("--advertise-client-urls={url}"),
        "--listen-peer-urls=http://127.0.0.1:0".to_owned(),
        "--unsafe-no-fsync=true".to_owned(),
        "--quota-backend-bytes=8589934592".to_owned(),
        "--log-level=warn".to_owned(),
    ]
}

pub(super) fn apiserver(at: &Path, etcd_port: u16, port: u16, audit: &Path) -> Vec<String> {
    let key = file(at, KEY);
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        format!("--cert-dir={}", file(at, "certificates")),
        format!("--service-account-key-file={key}"),
        format!("--service-account-signing-key-file={key}"),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/16".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        format!("--token-auth-file={}", file(at, TOKENS)),
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        "--allow-privileged=true".to_owned(),
        // A loopback address is no valid endpoint of the `kubernetes` service.
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--audit-policy-file={}", file(at, AUDIT_POLICY)),
        format!("--audit-log-path={}", audit.display()),
        "--audit-log-format=json".to_owned(),
        // Written before the next request of the connection, and never rotated away under a reader.
        "--audit-log-mode=blocking".to_owned(),
        "--audit-log-maxsize=16384".to_owned(),
        "--profiling=false".to_owned(),
    ]
}

/// What converges objects without nodes; nothing that needs a cloud, certificates or kubelets.
pub(super) const CONTROLLERS: &[&str] = &[
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "persistentvolume-protection-controller",
    "persistentvolumeclaim-protection-controller",
    "replicaset-controller",
    "replicationcontroller-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "statefulset-controller",
    "ttl-after-finished-controller",
    "validatingadmissionpolicy-status-controller",
];

pub(super) fn controllers(at: &Path, names: &[&str]) -> Vec<String> {
    let kubeconfig = file(at, "controllers");
    let mut arguments = vec![
        format!("--kubeconfig={kubeconfig}"),
        format!("--authentication-kubeconfig={kubeconfig}"),
        format!("--authorization-kubeconfig={kubeconfig}"),
        format!("--service-account-private-key-file={}", file(at, KEY)),
        format!("--root-ca-file={}", file(at, AUTHORITY)),
        "--use-service-account-credentials=false".to_owned(),
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
        // The controllers must not be what a test waits for.
        "--kube-api-qps=2000".to_owned(),
        "--kube-api-burst=4000".to_owned(),
        format!("--controllers={}", names.join(",")),
    ];
    let parallel = ["deployment", "replicaset", "statefulset", "daemonset", "job", "namespace", "gc"];
    arguments.extend(parallel.iter().map(|kind| format!("--concurrent-{kind}-syncs=20")));
    arguments
}

fn file(at: &Path, name: &str) -> String {
    at.join(name).display().to_string()
}
