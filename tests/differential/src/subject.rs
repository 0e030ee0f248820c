//! What sequences are about: custom resources of a run, and built-in kinds.

use crate::dice::Dice;
use crate::schema::{GROUP, definition};
use crate::value;
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// A kind in one version, and how its objects are made up.
#[derive(Debug, Clone)]
pub struct Subject {
    /// `/apis/apps/v1/namespaces/d/deployments`.
    pub path: String,
    pub api_version: String,
    pub kind: String,
    pub shape: Shape,
    pub has_status: bool,
}

#[derive(Debug, Clone)]
pub enum Shape {
    Schema(Value),
    Template { body: Value, status: Value },
}

impl Subject {
    pub fn is_custom(&self) -> bool {
        matches!(self.shape, Shape::Schema(_))
    }

    /// A whole object but for its metadata.
    pub fn body(&self, dice: &mut Dice, wild: usize) -> Map<String, Value> {
        let value = match &self.shape {
            Shape::Schema(schema) => value::of(dice, schema, wild),
            Shape::Template { body, .. } => value::filled(dice, body),
        };
        match value {
            Value::Object(map) => map,
            other => Map::from_iter([("spec".to_owned(), other)]),
        }
    }

    pub fn status(&self, dice: &mut Dice, wild: usize) -> Map<String, Value> {
        let value = match &self.shape {
            Shape::Schema(schema) => {
                let status = schema.pointer("/properties/status").unwrap_or(&Value::Null);
                json!({"status": value::of(dice, status, wild)})
            }
            Shape::Template { status, .. } => value::filled(dice, status),
        };
        value.as_object().cloned().unwrap_or_default()
    }
}

/// Built-in kinds, each once.
pub fn builtin() -> Result<Vec<Subject>> {
    let list: Value = serde_json::from_str(include_str!("kinds.json")).context("kinds.json")?;
    let text = |kind: &Value, name: &str| kind[name].as_str().unwrap_or_default().to_owned();
    let subject = |kind: &Value| Subject {
        path: text(kind, "path"),
        api_version: text(kind, "apiVersion"),
        kind: text(kind, "kind"),
        shape: Shape::Template { body: kind["body"].clone(), status: kind["status"].clone() },
        has_status: kind["status"].is_object(),
    };
    Ok(list.as_array().into_iter().flatten().map(subject).collect())
}

/// A random definition and its kind in each of its versions.
pub fn custom(dice: &mut Dice, number: usize) -> (Value, Vec<Subject>) {
    let definition = definition(dice, number);
    let spec = &definition["spec"];
    let subject = |version: &Value| {
        let name = version["name"].as_str().unwrap_or_default();
        let plural = spec["names"]["plural"].as_str().unwrap_or_default();
        Subject {
            path: format!("/apis/{GROUP}/{name}/namespaces/d/{plural}"),
            api_version: format!("{GROUP}/{name}"),
            kind: spec["names"]["kind"].as_str().unwrap_or_default().to_owned(),
            shape: Shape::Schema(version["schema"]["openAPIV3Schema"].clone()),
            has_status: version.get("subresources").is_some(),
        }
    };
    let subjects = spec["versions"].as_array().into_iter().flatten().map(subject).collect();
    (definition, subjects)
}
