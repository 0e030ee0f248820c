use crate::{GroupVersion, GroupVersionKind, ObjectKey};
use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

/// A JSON object that has `apiVersion`, `kind` and `metadata.name` (or `metadata.generateName`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Object(Value);

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotAnObject {
    #[error("is not a mapping")]
    NotAMapping,
    #[error("field {0} is missing")]
    Missing(&'static str),
    #[error("field {field} must be {expected}")]
    WrongType { field: &'static str, expected: &'static str },
}

impl Object {
    pub fn new(value: Value) -> Result<Self, NotAnObject> {
        let map = value.as_object().ok_or(NotAnObject::NotAMapping)?;
        text(map.get("apiVersion"), "apiVersion")?;
        text(map.get("kind"), "kind")?;
        let metadata = match map.get("metadata") {
            None | Some(Value::Null) => return Err(NotAnObject::Missing("metadata.name")),
            Some(Value::Object(metadata)) => metadata,
            Some(_) => return Err(NotAnObject::WrongType { field: "metadata", expected: "a mapping" }),
        };
        if metadata.get("generateName").is_none_or(Value::is_null) {
            text(metadata.get("name"), "metadata.name")?;
        }
        match metadata.get("namespace") {
            None | Some(Value::Null | Value::String(_)) => Ok(Self(value)),
            Some(_) => Err(NotAnObject::WrongType { field: "metadata.namespace", expected: "a string" }),
        }
    }

    pub fn value(&self) -> &Value {
        &self.0
    }

    pub fn into_value(self) -> Value {
        self.0
    }

    /// Changes the content. The identity fields must stay what `new` demands: the change is refused otherwise.
    pub fn edit(&mut self, change: impl FnOnce(&mut Map<String, Value>)) -> Result<(), NotAnObject> {
        let mut value = self.0.clone();
        change(value.as_object_mut().ok_or(NotAnObject::NotAMapping)?);
        *self = Self::new(value)?;
        Ok(())
    }

    pub fn api_version(&self) -> &str {
        self.top("apiVersion")
    }

    pub fn kind(&self) -> &str {
        self.top("kind")
    }

    pub fn name(&self) -> &str {
        self.meta("name")
    }

    /// Empty when the object names none.
    pub fn namespace(&self) -> &str {
        self.meta("namespace")
    }

    pub fn uid(&self) -> &str {
        self.meta("uid")
    }

    pub fn resource_version(&self) -> &str {
        self.meta("resourceVersion")
    }

    pub fn group_version(&self) -> GroupVersion {
        GroupVersion::parse(self.api_version())
    }

    pub fn group_version_kind(&self) -> GroupVersionKind {
        self.group_version().kind(self.kind())
    }

    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(self.group_version().group, self.kind(), self.namespace(), self.name())
    }

    pub fn label(&self, name: &str) -> Option<&str> {
        self.0.get("metadata")?.get("labels")?.get(name)?.as_str()
    }

    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.0.get("metadata")?.get("annotations")?.get(name)?.as_str()
    }

    pub fn is_being_deleted(&self) -> bool {
        !self.meta("deletionTimestamp").is_empty()
    }

    pub fn set_namespace(&mut self, namespace: &str) {
        self.set_meta("namespace", namespace);
    }

    /// The version that a write replaces.
    pub fn set_resource_version(&mut self, version: &str) {
        self.set_meta("resourceVersion", version);
    }

    fn set_meta(&mut self, field: &str, value: &str) {
        if let Some(metadata) = self.0.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert(field.into(), Value::from(value));
        }
    }

    pub fn set_label(&mut self, name: &str, value: &str) {
        self.set_in("labels", name, value);
    }

    pub fn set_annotation(&mut self, name: &str, value: &str) {
        self.set_in("annotations", name, value);
    }

    pub(crate) fn fields_mut(&mut self) -> Option<&mut Map<String, Value>> {
        self.0.as_object_mut()
    }

    fn set_in(&mut self, field: &str, name: &str, value: &str) {
        let Some(metadata) = self.0.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        let entry = metadata.entry(field).or_insert_with(|| Value::Object(Map::new()));
        if !entry.is_object() {
            *entry = Value::Object(Map::new());
        }
        if let Some(map) = entry.as_object_mut() {
            map.insert(name.to_owned(), Value::from(value));
        }
    }

    fn top(&self, field: &str) -> &str {
        self.0.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    fn meta(&self, field: &str) -> &str {
        self.0.get("metadata").and_then(|m| m.get(field)).and_then(Value::as_str).unwrap_or_default()
    }
}

fn text(value: Option<&Value>, field: &'static str) -> Result<(), NotAnObject> {
    match value {
        None | Some(Value::Null) => Err(NotAnObject::Missing(field)),
        Some(Value::String(s)) if s.is_empty() => Err(NotAnObject::Missing(field)),
        Some(Value::String(_)) => Ok(()),
        Some(_) => Err(NotAnObject::WrongType { field, expected: "a string" }),
    }
}
