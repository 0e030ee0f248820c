//! Whether embedded resources say what they are, in an API server's words.

use crate::schema::Shape;
use crate::{FieldError, FieldErrorKind, MAX_DEPTH, TypeId, Types};
use serde_json::Value;

const KIND: &str = "may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/// A DNS-1035 label.
fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.ends_with('-') && text.chars().all(inner)
}

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
    let ty = types.get(id);
    if ty.embedded_resource && value.is_object() {
        for name in ["apiVersion", "kind"] {
            let unexpected;
            let (kind, value, detail) = match value.get(name) {
                None => (FieldErrorKind::Required, None, ""),
                Some(Value::String(text)) if text.is_empty() => {
                    (FieldErrorKind::Invalid, Some(Value::from("")), "must not be empty")
                }
                Some(Value::String(text)) if name == "kind" && !is_label(&text.to_lowercase()) => {
                    (FieldErrorKind::Invalid, value.get(name).cloned(), KIND)
                }
                Some(Value::String(text)) if name == "apiVersion" && text.matches('/').count() > 1 => {
                    unexpected = format!("unexpected GroupVersion string: {text}");
                    (FieldErrorKind::Invalid, value.get(name).cloned(), &*unexpected)
                }
                Some(Value::String(_)) => continue,
                Some(other) => (FieldErrorKind::Invalid, Some(other.clone()), "must be a string"),
            };
            errors.push(FieldError {
                kind,
                path: format!("{path}.{name}"),
                value,
                detail: detail.to_owned(),
            });
        }
    }
    match (&ty.shape, value) {
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
            for (index, item) in items.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                walk(item, types, list.element, path, errors, depth + 1);
                path.truncate(length);
            }
        }
        (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => {}
    }
}
