use crate::kinds::{ClusterSpec, ExemptionSpec, ModuleSpec, PlatformSpec, ProviderSpec, TenantSpec};
use crate::{API_VERSION, GROUP, VERSION};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// JSON Schemas (draft 2020-12) of every native kind, by kind: what users' editors read is what documents are checked
/// against.
pub fn schemas() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("Platform", document::<PlatformSpec>("Platform")),
        ("Tenant", document::<TenantSpec>("Tenant")),
        ("Cluster", document::<ClusterSpec>("Cluster")),
        ("Provider", document::<ProviderSpec>("Provider")),
        ("Module", document::<ModuleSpec>("Module")),
        ("Exemption", document::<ExemptionSpec>("Exemption")),
    ])
}

fn document<S: JsonSchema>(kind: &str) -> Value {
    let mut spec = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<S>().to_value();
    let mut definitions = json!({});
    let mut description = Value::Null;
    if let Some(map) = spec.as_object_mut() {
        map.remove("$schema");
        map.remove("title");
        definitions = map.remove("$defs").unwrap_or(definitions);
        description = map.get("description").cloned().unwrap_or_default();
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("https://{GROUP}/schemas/{VERSION}/{}.json", kind.to_lowercase()),
        "title": kind,
        "description": description,
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": false,
        "properties": {
            "apiVersion": { "const": API_VERSION },
            "kind": { "const": kind },
            "metadata": metadata(),
            "spec": spec,
        },
        "$defs": definitions,
    });
    drop_null_alternatives(&mut schema);
    if kind == "Platform"
        && let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut)
    {
        required.retain(|name| name != "spec");
    }
    schema
}

fn metadata() -> Value {
    let texts = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    json!({
        "type": "object",
        "required": ["name"],
        "additionalProperties": false,
        "properties": {
            "name": {
                "description": "A DNS label (RFC 1123).",
                "type": "string",
                "maxLength": 63,
                "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            },
            "labels": texts,
            "annotations": texts,
        },
    })
}

/// An optional field is absent, not null: alternatives would only blur what is wrong.
fn drop_null_alternatives(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(drop_null_alternatives),
        Value::Object(map) => {
            if let Some(types) = map.get_mut("type")
                && let Some(only) = without_null(types)
            {
                *types = only;
            }
            let alternative = map.get("anyOf").and_then(Value::as_array).and_then(|options| {
                let rest: Vec<_> = options.iter().filter(|o| **o != json!({ "type": "null" })).collect();
                match rest[..] {
                    [only] if options.len() == 2 => only.as_object().cloned(),
                    _ => None,
                }
            });
            if let Some(only) = alternative {
                map.remove("anyOf");
                map.extend(only);
            }
            if map.get("default") == Some(&Value::Null) {
                map.remove("default");
            }
            map.values_mut().for_each(drop_null_alternatives);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn without_null(types: &Value) -> Option<Value> {
    let types = types.as_array()?;
    let rest: Vec<_> = types.iter().filter(|t| *t != "null").collect();
    match rest[..] {
        [only] if types.len() == 2 => Some(only.clone()),
        _ => None,
    }
}
