//! `kubectl get`: objects as rows.

mod builtin;
mod cells;
mod duration;
mod jsonpath;
mod pod;

pub use duration::human;
pub use jsonpath::JsonPath;

use crate::core::body;
use crate::core::registry::Resource;
use crate::core::reply::Include;
use crate::core::request::Now;
use serde_json::{Value, json};

/// A `meta.k8s.io/v1` Table.
pub fn render(resource: &Resource, objects: &[Value], include: Include, metadata: Value, now: Now) -> Value {
    let (columns, rows) = match &resource.custom {
        Some(custom) => custom_rows(&custom.columns, objects, now),
        None => builtin::rows(resource, objects, now),
    };
    table(columns, rows, objects, include, metadata)
}

/// A Scale as a Table.
pub fn scale(scale: &Value, include: Include, metadata: Value, now: Now) -> Value {
    let objects = std::slice::from_ref(scale);
    let (columns, rows) = builtin::rows_of("autoscaling/scales", objects, now);
    table(columns, rows, objects, include, metadata)
}

fn table(
    columns: Vec<Value>,
    rows: Vec<Vec<Value>>,
    objects: &[Value],
    include: Include,
    metadata: Value,
) -> Value {
    let rows: Vec<Value> = rows
        .into_iter()
        .zip(objects)
        .map(|(cells, object)| match include {
            Include::Metadata => json!({ "cells": cells, "object": crate::core::read::partial(object) }),
            Include::Object => json!({ "cells": cells, "object": object }),
            Include::Nothing => json!({ "cells": cells, "object": null }),
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": columns, "rows": rows,
    })
}

fn definition(name: &str, kind: &str, format: &str, priority: i64, description: &str) -> Value {
    json!({
        "name": name, "type": kind, "format": format, "description": description, "priority": priority,
    })
}

const NAME_DESCRIPTION: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

/// The columns of a CRD's version; Name and Age if it has none of its own.
fn custom_rows(
    columns: &[crate::core::registry::Column],
    objects: &[Value],
    now: Now,
) -> (Vec<Value>, Vec<Vec<Value>>) {
    let mut definitions = vec![definition("Name", "string", "name", 0, NAME_DESCRIPTION)];
    if columns.is_empty() {
        definitions.push(definition("Age", "date", "", 0, "creation time"));
        let rows =
            objects.iter().map(|o| vec![body::meta(o, "name").into(), cells::age(o, now).into()]).collect();
        return (definitions, rows);
    }
    let mut paths = Vec::new();
    for column in columns {
        let description = if column.description.is_empty() {
            format!("Custom resource definition column (in JSONPath format): {}", column.json_path)
        } else {
            column.description.clone()
        };
        definitions.push(definition(
            &column.name,
            &column.kind,
            &column.format,
            column.priority,
            &description,
        ));
        paths.push((JsonPath::parse(&column.json_path).ok(), &*column.kind));
    }
    let rows = objects
        .iter()
        .map(|object| {
            let mut row = vec![Value::from(body::meta(object, "name"))];
            row.extend(paths.iter().map(|(path, kind)| {
                path.as_ref().map_or(Value::Null, |path| custom_cell(&path.find(object), kind, now))
            }));
            row
        })
        .collect();
    (definitions, rows)
}

fn custom_cell(found: &[&Value], kind: &str, now: Now) -> Value {
    let Some(first) = found.first().filter(|v| !v.is_null()) else { return Value::Null };
    match kind {
        "integer" => match first {
            Value::Number(number) => {
                number.as_i64().or_else(|| number.as_f64().map(|f| f as i64)).map_or(Value::Null, Value::from)
            }
            _ => Value::Null,
        },
        "number" => {
            if first.is_number() {
                (*first).clone()
            } else {
                Value::Null
            }
        }
        "boolean" => {
            if first.is_boolean() {
                (*first).clone()
            } else {
                Value::Null
            }
        }
        "date" => match first.as_str() {
            Some(text) => match Now::parse(text) {
                Some(then) => human(now, then).into(),
                None => "<invalid>".into(),
            },
            None => Value::Null,
        },
        // Of several values the first is shown.
        _ => first.as_str().map_or_else(|| first.to_string(), str::to_owned).into(),
    }
}
