use crate::request::{Call, escape};
use crate::{Cluster, ClusterError, FIELD_MANAGER, Identity};
use http::Method;
use mainstay_object::{Object, ObjectKey, Value};
use serde_json::json;

/// How an object is applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Apply {
    pub force: bool,
    pub dry_run: bool,
    pub subresource: Option<&'static str>,
    pub identity: Identity,
}

/// A request takes effect only on exactly this object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preconditions {
    pub uid: String,
    pub resource_version: String,
}

impl Preconditions {
    /// Exactly this object as it was just seen.
    pub fn of(live: &Value) -> Self {
        let text =
            |pointer: &str| live.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { uid: text("/metadata/uid"), resource_version: text("/metadata/resourceVersion") }
    }
}

impl Cluster {
    /// Server-side apply. The answer is the object as it is now, or as it would be.
    pub async fn apply(&self, object: &Object, how: &Apply) -> Result<Value, ClusterError> {
        let gvk = object.group_version_kind();
        let resource = self.resource(&gvk.group, &gvk.version, &gvk.kind).await?;
        let mut query = format!("fieldManager={FIELD_MANAGER}&force={}", how.force);
        if how.dry_run {
            query.push_str("&dryRun=All");
        }
        let name = match how.subresource {
            None => escape(object.name()),
            Some(sub) => format!("{}/{sub}", escape(object.name())),
        };
        let path = format!("{}/{name}?{query}", resource.path(object.namespace(), None, ""));
        let body = serde_json::to_vec(object.value())
            .map_err(|e| ClusterError::Unreadable { message: format!("the object can't be written: {e}") })?;
        self.call(Call {
            method: Method::PATCH,
            path,
            content_type: Some("application/apply-patch+yaml"),
            body,
            identity: &how.identity,
        })
        .await
    }

    /// Creates an object that must not exist yet.
    pub async fn create(
        &self,
        object: &Object,
        dry_run: bool,
        identity: &Identity,
    ) -> Result<Value, ClusterError> {
        let gvk = object.group_version_kind();
        let resource = self.resource(&gvk.group, &gvk.version, &gvk.kind).await?;
        let dry = if dry_run { "&dryRun=All" } else { "" };
        let path = resource.path(object.namespace(), None, &format!("fieldManager={FIELD_MANAGER}{dry}"));
        let body = object.value().to_string().into_bytes();
        let content_type = Some("application/json");
        self.call(Call { method: Method::POST, path, content_type, body, identity }).await
    }

    /// Puts it in the place of what is there, in the resource version that it names.
    pub async fn replace(
        &self,
        object: &Object,
        subresource: Option<&'static str>,
        identity: &Identity,
    ) -> Result<Value, ClusterError> {
        let gvk = object.group_version_kind();
        let resource = self.resource(&gvk.group, &gvk.version, &gvk.kind).await?;
        let sub = subresource.map(|s| format!("/{s}")).unwrap_or_default();
        let place = resource.path(object.namespace(), Some(object.name()), "");
        let path = format!("{place}{sub}?fieldManager={FIELD_MANAGER}");
        let body = object.value().to_string().into_bytes();
        let content_type = Some("application/json");
        self.call(Call { method: Method::PUT, path, content_type, body, identity }).await
    }

    /// Deletes in the background, and only the object that the preconditions describe.
    pub async fn delete(
        &self,
        key: &ObjectKey,
        version: &str,
        preconditions: &Preconditions,
        identity: &Identity,
    ) -> Result<(), ClusterError> {
        let resource = self.resource(key.group(), version, key.kind()).await?;
        let options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": preconditions.uid, "resourceVersion": preconditions.resource_version},
        });
        let path = resource.path(key.namespace(), Some(key.name()), "");
        let body = options.to_string().into_bytes();
        let content_type = Some("application/json");
        self.call(Call { method: Method::DELETE, path, content_type, body, identity }).await.map(|_| ())
    }

    /// Looks at an object and deletes exactly what it saw; nothing if there is none. For objects of our own.
    pub async fn delete_own(&self, key: &ObjectKey, version: &str) -> Result<(), ClusterError> {
        let live = match self.get(key, version, &Identity::Own).await {
            Ok(live) => live,
            Err(ClusterError::NotFound { .. } | ClusterError::NoKind { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        match self.delete(key, version, &Preconditions::of(&live), &Identity::Own).await {
            Ok(()) | Err(ClusterError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// JSON merge patch (RFC 7386), with a resource version in the patch where it must not overwrite a newer state.
    pub async fn merge_patch(
        &self,
        key: &ObjectKey,
        version: &str,
        subresource: Option<&str>,
        patch: &Value,
        identity: &Identity,
    ) -> Result<Value, ClusterError> {
        let resource = self.resource(key.group(), version, key.kind()).await?;
        let sub = subresource.map(|s| format!("/{s}")).unwrap_or_default();
        let path = format!(
            "{}{sub}?fieldManager={FIELD_MANAGER}",
            resource.path(key.namespace(), Some(key.name()), "")
        );
        self.call(Call {
            method: Method::PATCH,
            path,
            content_type: Some("application/merge-patch+json"),
            body: patch.to_string().into_bytes(),
            identity,
        })
        .await
    }
}
