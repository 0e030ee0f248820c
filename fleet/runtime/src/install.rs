//! What Mainstay itself needs on a cluster: its namespace, the `Unit` definition, the parent of its ApplySet.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mainstay_cluster::{Apply, Cluster, ClusterError, Identity};
use mainstay_object::{DigestKey, Object, ObjectKey, Value};
use serde_json::json;

pub const SYSTEM_NAMESPACE: &str = "mainstay-system";
pub const UNIT_GROUP: &str = "mainstay.dev";
pub const UNIT_VERSION: &str = "v1alpha1";

/// KEP-3659: the label by which the members of an ApplySet are found.
pub const PART_OF: &str = "applyset.kubernetes.io/part-of";

/// The identity of this installation on every cluster it reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// UID of the system namespace on the management cluster.
    pub uid: String,
    /// Value of the `part-of` label.
    pub apply_set: String,
}

/// Holds the key of the digests that are recorded. Whoever may read it could try out what a Secret's recorded digest was made of. Where it
/// is lost, a new one is made, and everything is applied once more.
pub(crate) const KEY_SECRET: &str = "mainstay-digest-key";

/// Makes ready a management cluster; the answer names the installation, and the key of what it records.
pub async fn install(management: &Cluster) -> Result<(Installation, DigestKey), ClusterError> {
    let namespace = system_namespace(management).await?;
    let uid = namespace.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned();
    management.apply(&own(unit_definition())?, &forced()).await?;
    wait_for_units(management).await?;
    let key = digest_key(management).await?;
    let installation = Installation { apply_set: apply_set_id(&parent_name(&uid)), uid };
    join(management, &installation).await?;
    Ok((installation, key))
}

/// The installation on a management cluster, if there is one. Writes nothing.
pub(crate) async fn find(management: &Cluster) -> Result<Option<Installation>, ClusterError> {
    match management.resource(UNIT_GROUP, UNIT_VERSION, "Unit").await {
        Ok(_) => {}
        Err(ClusterError::NoKind { .. }) => return Ok(None),
        Err(error) => return Err(error),
    }
    let key = ObjectKey::new("", "Namespace", "", SYSTEM_NAMESPACE);
    match management.get(&key, "v1", &Identity::Own).await {
        Ok(namespace) => {
            let uid =
                namespace.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned();
            Ok(Some(Installation { apply_set: apply_set_id(&parent_name(&uid)), uid }))
        }
        Err(ClusterError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The installation's key, or another where it can't be read: whoever plans with it sees drift of Secrets as conflicts.
pub async fn known_key(management: &Cluster) -> DigestKey {
    match management.get(&key_secret(), "v1", &Identity::Own).await {
        Ok(secret) => key_in(&secret).unwrap_or_default(),
        Err(error) => {
            tracing::debug!(%error, "the key of digests can't be read");
            DigestKey::default()
        }
    }
}

async fn digest_key(management: &Cluster) -> Result<DigestKey, ClusterError> {
    for _ in 0..5 {
        match management.get(&key_secret(), "v1", &Identity::Own).await {
            Ok(secret) => {
                return key_in(&secret).ok_or_else(|| ClusterError::Unreadable {
                    message: format!(
                        "the Secret {SYSTEM_NAMESPACE}/{KEY_SECRET} holds no key of 32 bytes; delete it, and a new one is made"
                    ),
                });
            }
            Err(ClusterError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let key = mainstay_clock::secret().map_err(|message| ClusterError::Unreadable { message })?;
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": KEY_SECRET, "namespace": SYSTEM_NAMESPACE},
            "data": {"key": STANDARD.encode(key)},
        });
        match management.create(&own(secret)?, false, &Identity::Own).await {
            Ok(_) => return Ok(DigestKey(key)),
            // Another replica was faster.
            Err(ClusterError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(ClusterError::Unreadable { message: format!("the Secret {KEY_SECRET} comes and goes") })
}

pub(crate) fn key_secret() -> ObjectKey {
    ObjectKey::new("", "Secret", SYSTEM_NAMESPACE, KEY_SECRET)
}

fn key_in(secret: &Value) -> Option<DigestKey> {
    let text = secret.pointer("/data/key").and_then(Value::as_str)?;
    Some(DigestKey(STANDARD.decode(text).ok()?.try_into().ok()?))
}

/// Makes ready any other cluster.
pub async fn join(target: &Cluster, installation: &Installation) -> Result<(), ClusterError> {
    system_namespace(target).await?;
    let parent = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": parent_name(&installation.uid),
            "namespace": SYSTEM_NAMESPACE,
            "labels": {"applyset.kubernetes.io/id": installation.apply_set},
            "annotations": {"applyset.kubernetes.io/tooling": concat!("mainstay/", env!("CARGO_PKG_VERSION"))},
        },
    });
    target.apply(&own(parent)?, &forced()).await.map(|_| ())
}

async fn system_namespace(cluster: &Cluster) -> Result<Value, ClusterError> {
    let key = ObjectKey::new("", "Namespace", "", SYSTEM_NAMESPACE);
    match cluster.get(&key, "v1", &Identity::Own).await {
        Err(ClusterError::NotFound { .. }) => {
            let namespace =
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE}});
            cluster.apply(&own(namespace)?, &forced()).await
        }
        other => other,
    }
}

async fn wait_for_units(management: &Cluster) -> Result<(), ClusterError> {
    let mut last = None;
    for _ in 0..100 {
        match management.resource(UNIT_GROUP, UNIT_VERSION, "Unit").await {
            Ok(_) => return Ok(()),
            Err(error) => last = Some(error),
        }
        mainstay_clock::sleep(std::time::Duration::from_millis(100)).await;
    }
    Err(last.unwrap_or(ClusterError::Timeout(std::time::Duration::from_secs(10))))
}

fn forced() -> Apply {
    Apply { force: true, ..Apply::default() }
}

fn own(value: Value) -> Result<Object, ClusterError> {
    Object::new(value).map_err(|e| ClusterError::Unreadable { message: e.to_string() })
}

pub(crate) fn parent_name(uid: &str) -> String {
    format!("mainstay-{uid}")
}

/// `applyset-<base64url(sha256("<name>.<namespace>.<kind>.<group>"))>-v1`.
fn apply_set_id(parent: &str) -> String {
    let hex =
        mainstay_object::Digest::of_bytes(format!("{parent}.{SYSTEM_NAMESPACE}.ConfigMap.").as_bytes()).hex();
    let bytes: Vec<u8> =
        (0..hex.len() / 2).filter_map(|i| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()).collect();
    format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(&bytes))
}

/// The only kind that Mainstay defines on a cluster. Status only: the engine writes it, people read it and annotate it.
pub fn unit_definition() -> Value {
    let column = |name: &str, path: &str, priority: u8| json!({"name": name, "type": "string", "jsonPath": path, "priority": priority});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "units.mainstay.dev"},
        "spec": {
            "group": UNIT_GROUP,
            "names": {"kind": "Unit", "listKind": "UnitList", "plural": "units", "singular": "unit", "categories": ["mainstay"]},
            "scope": "Cluster",
            "versions": [{
                "name": UNIT_VERSION,
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "additionalPrinterColumns": [
                    column("Phase", ".status.phase", 0),
                    column("Health", ".status.health", 0),
                    column("Cluster", ".status.target.cluster", 0),
                    column("Message", ".status.message", 0),
                    column("Revision", ".status.revision", 1),
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                ],
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "description": "What Mainstay knows of one unit. Written by the engine; annotate it to suspend, reconcile or approve.",
                    "properties": {"status": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": true,
                        // One writes it, and whole: nobody has to keep whose each of its fields is.
                        "x-kubernetes-map-type": "atomic",
                    }},
                }},
            }],
        },
    })
}
