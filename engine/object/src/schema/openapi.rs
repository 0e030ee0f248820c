use super::{Minor, table};
use crate::GroupVersionKind;
use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Prose for `explain`, written by `cargo xtask schema-table`.
fn descriptions(minor: Minor) -> &'static [u8] {
    match minor {
        Minor::V1_31 => include_bytes!("../../data/descriptions-1.31.json.gz"),
        Minor::V1_36 => include_bytes!("../../data/descriptions-1.36.json.gz"),
    }
}

/// OpenAPI v3 schemas of the built-in kinds, descriptions included.
///
/// Unpacked for the moment in which a document is asked for and kept by nobody: they are larger than all that is needed
/// for anything else.
#[derive(Debug, Clone, Default)]
pub struct Definitions {
    types: Map<String, Value>,
    descriptions: Map<String, Value>,
    kinds: BTreeMap<GroupVersionKind, String>,
}

impl Definitions {
    pub fn unpack(minor: Minor) -> Self {
        let (mut table, mut descriptions) = (unpacked(table::packed(minor)), unpacked(descriptions(minor)));
        let mut kinds = BTreeMap::new();
        for kind in table.get("kinds").and_then(Value::as_array).into_iter().flatten() {
            let subresources = kind.get("subresources").and_then(Value::as_object).into_iter().flatten();
            for kind in std::iter::once(kind).chain(subresources.map(|(_, subresource)| subresource)) {
                let part = |key: &str| kind.get(key).and_then(Value::as_str).unwrap_or_default();
                let identity = GroupVersionKind::new(part("group"), part("version"), part("kind"));
                if !part("type").is_empty() {
                    kinds.entry(identity).or_insert_with(|| part("type").to_owned());
                }
            }
        }
        Self { types: map(&mut table), descriptions: map(&mut descriptions), kinds }
    }

    /// The name of a kind's definition: `io.k8s.api.apps.v1.Deployment`.
    pub fn name(&self, kind: &GroupVersionKind) -> Option<&str> {
        self.kinds.get(kind).map(String::as_str)
    }

    /// A definition by its name.
    pub fn schema(&self, name: &str) -> Option<Value> {
        let definition = self.types.get(name)?.as_object()?;
        let prose = self.descriptions.get(name).and_then(Value::as_object);
        let mut schema = one(definition);
        if let Some(text) = prose.and_then(|p| p.get("")) {
            schema.insert("description".into(), text.clone());
        }
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (field, property) in properties.into_iter().flatten() {
            if let (Some(property), Some(text)) = (property.as_object_mut(), prose.and_then(|p| p.get(field)))
            {
                property.insert("description".into(), text.clone());
            }
        }
        Some(Value::Object(schema))
    }

    /// Adds the definition of `name` to `to`, and what it refers to.
    pub fn collect(&self, name: &str, to: &mut BTreeMap<String, Value>) {
        let mut open = vec![name.to_owned()];
        while let Some(name) = open.pop() {
            if to.contains_key(&name) {
                continue;
            }
            let Some(schema) = self.schema(&name) else { continue };
            references(&schema, &mut open);
            to.insert(name, schema);
        }
    }
}

const PREFIX: &str = "#/components/schemas/";

fn references(schema: &Value, to: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            let reference = map.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix(PREFIX));
            to.extend(reference.map(str::to_owned));
            map.values().for_each(|inner| references(inner, to));
        }
        Value::Array(items) => items.iter().for_each(|inner| references(inner, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A schema of the table as OpenAPI writes it. Both are as deep as the table, which is ours.
fn one(compact: &Map<String, Value>) -> Map<String, Value> {
    let mut schema = Map::new();
    let text = |key: &str| compact.get(key).and_then(Value::as_str);
    match (text("ref"), text("k")) {
        (Some(name), _) => {
            let reference = json!({ "$ref": format!("{PREFIX}{name}") });
            schema.insert("allOf".into(), json!([reference]));
        }
        (None, Some("int-or-string")) => {
            schema.insert("oneOf".into(), json!([{ "type": "integer" }, { "type": "string" }]));
            schema.insert("format".into(), "int-or-string".into());
        }
        (None, Some("quantity")) => {
            schema.insert("oneOf".into(), json!([{ "type": "string" }, { "type": "number" }]));
        }
        (None, Some("any") | None) => {}
        (None, Some(kind)) => {
            schema.insert("type".into(), kind.into());
        }
    }
    for (short, long) in [
        ("req", "required"),
        ("fmt", "format"),
        ("enum", "enum"),
        ("def", "default"),
        ("lt", "x-kubernetes-list-type"),
        ("lk", "x-kubernetes-list-map-keys"),
        ("mt", "x-kubernetes-map-type"),
        ("ps", "x-kubernetes-patch-strategy"),
        ("pk", "x-kubernetes-patch-merge-key"),
        ("puf", "x-kubernetes-preserve-unknown-fields"),
    ] {
        if let Some(value) = compact.get(short) {
            schema.insert(long.into(), value.clone());
        }
    }
    let inner = |value: &Value| Value::Object(value.as_object().map(one).unwrap_or_default());
    if let Some(fields) = compact.get("f").and_then(Value::as_object) {
        let properties: Map<_, _> = fields.iter().map(|(name, field)| (name.clone(), inner(field))).collect();
        schema.insert("properties".into(), Value::Object(properties));
    }
    for (short, long) in [("ap", "additionalProperties"), ("i", "items")] {
        if let Some(value) = compact.get(short) {
            schema.insert(long.into(), inner(value));
        }
    }
    schema
}

/// The files are part of this crate; a test reads them.
fn unpacked(bytes: &[u8]) -> Value {
    serde_json::from_reader(GzDecoder::new(bytes)).unwrap_or_default()
}

fn map(table: &mut Value) -> Map<String, Value> {
    match table.get_mut("types").map(Value::take) {
        Some(Value::Object(types)) => types,
        Some(_) | None => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_kind_has_a_definition_with_its_prose() {
        let definitions = Definitions::unpack(Minor::NEWEST);
        let deployment = GroupVersionKind::new("apps", "v1", "Deployment");
        let name = definitions.name(&deployment).expect("a name");
        assert_eq!(name, "io.k8s.api.apps.v1.Deployment");
        let schema = definitions.schema(name).expect("a schema");
        assert!(schema["description"].as_str().is_some_and(|d| d.starts_with("Deployment enables")));
        assert_eq!(
            schema["properties"]["spec"]["allOf"][0]["$ref"],
            "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec"
        );
    }

    #[test]
    fn what_a_definition_refers_to_comes_with_it() {
        let mut found = BTreeMap::new();
        Definitions::unpack(Minor::NEWEST).collect("io.k8s.api.apps.v1.Deployment", &mut found);
        for name in ["io.k8s.api.core.v1.Container", "io.k8s.apimachinery.pkg.util.intstr.IntOrString"] {
            assert!(found.contains_key(name), "{name}");
        }
        let names: Vec<_> = found.keys().cloned().collect();
        for schema in found.values() {
            let mut wanted = Vec::new();
            references(schema, &mut wanted);
            assert!(wanted.iter().all(|w| names.contains(w)), "{wanted:?}");
        }
    }
}
