//! Whether sets and keyed lists hold each of their items once, in an API server's words.

use crate::schema::{ListRelation, Shape};
use crate::{FieldError, FieldErrorKind, MAX_DEPTH, TypeId, Types};
use serde_json::{Map, Value};

/// Errors of all lists in a value, outer ones first. Nothing else is checked.
pub(super) fn validate(value: &Value, types: &Types, id: TypeId) -> Vec<FieldError> {
    let mut errors = Vec::new();
    walk(value, types, id, &mut String::new(), &mut errors, 0);
    errors
}

fn walk(
    value: &Value,
    types: &Types,
    id: TypeId,
    path: &mut String,
    errors: &mut Vec<FieldError>,
    depth: usize,
) {
    if depth > MAX_DEPTH {
        return;
    }
    let length = path.len();
    match (&types.get(id).shape, value) {
        (Shape::Map(map), Value::Object(entries)) => {
            for (name, child) in entries {
                let field = map.fields.get(name).map(|field| field.ty);
                let Some(id) = field.or(map.element) else { continue };
                if field.is_none() {
                    path.push_str(&format!("[{name}]"));
                } else {
                    path.push_str(if length == 0 { "" } else { "." });
                    path.push_str(name);
                }
                walk(child, types, id, path, errors, depth + 1);
                path.truncate(length);
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            let mut error = |index: usize, kind: FieldErrorKind, value: Value, detail: &str| {
                let path = format!("{path}[{index}]");
                errors.push(FieldError { kind, path, value: Some(value), detail: detail.to_owned() });
            };
            let keys: Option<Vec<Value>> = match &list.relation {
                ListRelation::Atomic => None,
                ListRelation::Set => Some(items.clone()),
                ListRelation::Map(names) => {
                    match items.iter().position(|item| !item.is_object() && !item.is_null()) {
                        Some(index) => {
                            let detail = "must be an object for an array of list-type map";
                            error(index, FieldErrorKind::Invalid, items[index].clone(), detail);
                            None
                        }
                        None => Some(items.iter().map(|item| key_of(item, names)).collect()),
                    }
                }
            };
            for index in keys.as_deref().map(repeated).unwrap_or_default() {
                let shown = keys.as_ref().map(|keys| keys[index].clone()).unwrap_or_default();
                error(index, FieldErrorKind::Duplicate, shown, "");
            }
            for (index, item) in items.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                walk(item, types, list.element, path, errors, depth + 1);
                path.truncate(length);
            }
        }
        (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => {}
    }
}

/// The key fields that an item has. Defaults are set before this is looked at.
fn key_of(item: &Value, names: &[String]) -> Value {
    let fields = names.iter().filter_map(|name| Some((name.clone(), item.get(name)?.clone())));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// The second occurrence of each value that occurs more than once.
fn repeated(values: &[Value]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| crate::compare_values(&values[*a], &values[*b]).then(a.cmp(b)));
    let same = |a: usize, b: usize| crate::same_value(&values[a], &values[b]);
    let second =
        |at: usize| at > 0 && same(order[at], order[at - 1]) && (at < 2 || !same(order[at], order[at - 2]));
    let mut found: Vec<usize> = (0..order.len()).filter(|at| second(*at)).map(|at| order[at]).collect();
    found.sort_unstable();
    found
}
