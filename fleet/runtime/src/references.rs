//! ConfigMaps and Secrets that declarations refer to, read from the management cluster.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mainstay_cluster::{Cluster, ClusterError, Identity};
use mainstay_object::{ObjectKey, Value};
use mainstay_unit::{Content, Reference, ReferenceKind};

/// The content of a reference, or nothing where it does not exist.
pub(crate) async fn read(
    management: &Cluster,
    reference: &Reference,
    identity: &Identity,
) -> Result<Option<Content>, ClusterError> {
    let kind = match reference.kind {
        ReferenceKind::ConfigMap => "ConfigMap",
        ReferenceKind::Secret => "Secret",
    };
    let key = ObjectKey::new("", kind, &*reference.namespace, &*reference.name);
    let object = match management.get(&key, "v1", identity).await {
        Ok(object) => object,
        Err(ClusterError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let data = object.get("data").and_then(Value::as_object);
    // An API server refuses a Secret whose values are no Base64.
    let bytes = |value: &Value| match reference.kind {
        ReferenceKind::ConfigMap => Some(value.as_str()?.as_bytes().to_vec()),
        ReferenceKind::Secret => STANDARD.decode(value.as_str()?).ok(),
    };
    Ok(Some(data.into_iter().flatten().filter_map(|(k, v)| Some((k.clone(), bytes(v)?))).collect()))
}

/// A value of a Secret: of `key`, or else of the first of `defaults` that is there.
pub(crate) fn secret_text(secret: &Value, defaults: &[&str], key: Option<&str>) -> Option<String> {
    let data = secret.get("data")?;
    let value = match key {
        Some(key) => data.get(key),
        None => defaults.iter().find_map(|k| data.get(*k)),
    };
    String::from_utf8(STANDARD.decode(value?.as_str()?).ok()?).ok()
}
