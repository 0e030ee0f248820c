//! Enumerations: a release's recorded OpenAPI is made with them switched off, so they are read from the Go code that a
//! server makes its OpenAPI of (`pkg/generated/openapi`, in which every definition is a function).

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

/// Adds them to types in their compact form; the number of fields that have one.
pub fn add(types: &mut Map<String, Value>, generated: &str) -> Result<usize> {
    let names: BTreeMap<String, String> = types.keys().map(|name| (function(name), name.clone())).collect();
    let (mut definition, mut field, mut inner) = (None, None, None);
    let mut count = 0;
    for line in generated.lines() {
        let text = line.trim();
        if let Some(rest) = line.strip_prefix("func ") {
            definition = rest.split_once('(').and_then(|(name, _)| names.get(name));
            (field, inner) = (None, None);
        } else if let Some(name) = property(line) {
            (field, inner) = (Some(name.to_owned()), None);
        } else if text.starts_with("Items:") {
            inner = Some("i");
        } else if text.starts_with("AdditionalProperties:") {
            inner = Some("ap");
        } else if let Some(values) = text.strip_prefix("Enum:")
            && let (Some(definition), Some(field)) = (definition, &field)
        {
            let values = values.trim().strip_prefix("[]interface{}").context("no list of values")?;
            let values = values.trim_end_matches(',').trim_matches(['{', '}']);
            let values: Value = serde_json::from_str(&format!("[{values}]"))
                .with_context(|| format!("{definition}.{field}: {values}"))?;
            let mut place = types.get_mut(definition).and_then(|ty| ty["f"].get_mut(field.as_str()));
            if let Some(inner) = inner {
                place = place.and_then(|place| place.get_mut(inner));
            }
            let place = place.and_then(Value::as_object_mut);
            place.with_context(|| format!("{definition} has no {field}"))?.insert("enum".to_owned(), values);
            count += 1;
        }
    }
    Ok(count)
}

/// `schema_k8sio_api_core_v1_Container` of `io.k8s.api.core.v1.Container`: of a package's path the last four parts.
fn function(definition: &str) -> String {
    let mut parts: Vec<String> = definition.split('.').map(|part| part.replace('-', "")).collect();
    if let [first, second, ..] = parts.as_slice() {
        let host = format!("{second}{first}");
        parts.splice(..2, [host]);
    }
    format!("schema_{}", parts[parts.len().saturating_sub(5)..].join("_"))
}

/// The name in `"name": {`, where a definition's properties are.
fn property(line: &str) -> Option<&str> {
    let name = line.strip_prefix("\t\t\t\t\t\"")?.strip_suffix("\": {")?;
    (!name.contains('"')).then_some(name)
}
