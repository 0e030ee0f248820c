//! OpenAPI v3 schemas to the compact form, refusing whatever the compact form could not say.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

/// Adds a document's definitions. One that several documents hold must be the same in all.
pub fn collect(definitions: &mut Map<String, Value>, document: &Value) -> Result<()> {
    let schemas = document["components"]["schemas"].as_object().context("no schemas")?;
    for (name, schema) in schemas {
        match definitions.get(name) {
            Some(known) => ensure!(same(known, schema), "{name} differs from an earlier document's"),
            None => drop(definitions.insert(name.clone(), schema.clone())),
        }
    }
    Ok(())
}

/// Each document adds the groups it knows to the kinds of shared definitions such as DeleteOptions.
fn same(one: &Value, other: &Value) -> bool {
    let bare = |schema: &Value| {
        let mut schema = schema.clone();
        schema.as_object_mut().map(|keywords| keywords.remove("x-kubernetes-group-version-kind"));
        schema
    };
    bare(one) == bare(other)
}

/// The descriptions of a definition (under the empty name) and of its fields.
pub fn descriptions(schema: &Value) -> Value {
    let mut all = Map::new();
    let mut add = |name: &str, described: &Value| {
        if let Some(text) = described["description"].as_str() {
            all.insert(name.to_owned(), json!(text));
        }
    };
    add("", schema);
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        add(name, field);
    }
    Value::Object(all)
}

/// Keywords that are taken over under a shorter name, as they are.
const KEPT: &[(&str, &str)] = &[
    ("required", "req"),
    ("format", "fmt"),
    ("enum", "enum"),
    ("default", "def"),
    ("x-kubernetes-list-type", "lt"),
    ("x-kubernetes-list-map-keys", "lk"),
    ("x-kubernetes-map-type", "mt"),
    ("x-kubernetes-patch-strategy", "ps"),
    ("x-kubernetes-patch-merge-key", "pk"),
    ("x-kubernetes-preserve-unknown-fields", "puf"),
];

/// Keywords that are read apart from `KEPT`.
const READ: &[&str] = &["type", "properties", "items", "additionalProperties", "$ref", "allOf", "oneOf"];

/// Keywords that say nothing about merging or structure.
const DROPPED: &[&str] = &[
    "description",
    "x-kubernetes-group-version-kind",
    "x-kubernetes-unions",
    // Refines kinds that Mainstay never validates by built-in schema beyond their structure.
    "externalDocs",
    "nullable",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
];

/// The compact form of a schema.
pub fn compact(schema: &Value) -> Result<Value> {
    let schema = schema.as_object().with_context(|| format!("{schema} is no schema"))?;
    let mut compact = Map::new();
    for (keyword, value) in schema {
        let keyword = keyword.as_str();
        let kept = KEPT.iter().find(|(name, _)| *name == keyword);
        match kept {
            Some(("format", _)) if value == "int-or-string" => {}
            Some((_, short)) => drop(compact.insert((*short).to_owned(), value.clone())),
            None if READ.contains(&keyword) || DROPPED.contains(&keyword) => {}
            None => bail!("unknown keyword {keyword}: {value}"),
        }
    }
    match reference(schema)? {
        Some(name) => drop(compact.insert("ref".to_owned(), json!(name))),
        None => drop(compact.insert("k".to_owned(), json!(kind(schema)?))),
    }
    if let Some(fields) = schema.get("properties").and_then(Value::as_object) {
        let fields: Result<Map<String, Value>> = fields
            .iter()
            .map(|(name, field)| Ok((name.clone(), self::compact(field).with_context(|| name.clone())?)))
            .collect();
        compact.insert("f".to_owned(), Value::Object(fields?));
    }
    for (keyword, short) in [("additionalProperties", "ap"), ("items", "i")] {
        if let Some(inner) = schema.get(keyword) {
            compact.insert(short.to_owned(), self::compact(inner).context(keyword)?);
        }
    }
    Ok(Value::Object(compact))
}

/// The definition that a schema is a use of: `$ref`, or the only member of `allOf`.
fn reference(schema: &Map<String, Value>) -> Result<Option<&str>> {
    let target = match (schema.get("$ref"), schema.get("allOf").and_then(Value::as_array)) {
        (None, None) => return Ok(None),
        (Some(target), None) => target,
        (None, Some(all)) => match all.as_slice() {
            [only] => &only["$ref"],
            _ => bail!("allOf of several schemas"),
        },
        (Some(_), Some(_)) => bail!("both $ref and allOf"),
    };
    let target = target.as_str().context("a reference is a string")?;
    Ok(Some(target.strip_prefix("#/components/schemas/").with_context(|| format!("foreign {target}"))?))
}

fn kind(schema: &Map<String, Value>) -> Result<&str> {
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        let mut choices: Vec<&str> = choices.iter().filter_map(|choice| choice["type"].as_str()).collect();
        choices.sort_unstable();
        return match choices.as_slice() {
            ["integer", "string"] => Ok("int-or-string"),
            ["number", "string"] => Ok("quantity"),
            _ => bail!("oneOf {choices:?}"),
        };
    }
    match schema.get("type") {
        None => Ok("any"),
        Some(kind) => kind.as_str().context("type is one string"),
    }
}
