//! Rules that many kinds share, in the API server's words.

use crate::core::failure::{field_error, forbidden_field, invalid, required};
use crate::core::names;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::Value;

const PERCENT: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
const WILDCARD: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
pub const PORT: &str = "must be between 1 and 65535, inclusive";

pub fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
}

/// A field that is there and not null.
pub fn given<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key).filter(|v| !v.is_null())
}

pub fn not_supported(path: impl Into<String>, value: Value, supported: &[&str]) -> FieldError {
    let shown: Vec<String> = supported.iter().map(|s| format!("{s:?}")).collect();
    let detail = format!("supported values: {}", shown.join(", "));
    field_error(FieldErrorKind::NotSupported, path, Some(value), detail)
}

/// A struct of the server's own, as Go writes it: in its order, without names for JSON.
pub fn go_struct(fields: &[(&str, Value)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

/// A label selector, which has names for JSON.
pub fn shown_selector(selector: &Value) -> String {
    let fields = ["matchLabels", "matchExpressions"].map(|name| Some((name, given(selector, name)?.clone())));
    let fields: Vec<(&str, Value)> = fields.into_iter().flatten().collect();
    go_struct(&fields)
}

/// An error about such a struct.
pub fn of_struct(kind: FieldErrorKind, path: &str, shown: &str, detail: &str) -> FieldError {
    let between = if detail.is_empty() { "" } else { ": " };
    field_error(kind, path, None, format!("{shown}{between}{detail}"))
}

/// Each message as an error of its own.
pub fn told(checked: Result<(), Vec<String>>, path: &str, value: &str, errors: &mut Vec<FieldError>) {
    errors.extend(checked.err().into_iter().flatten().map(|why| invalid(path, value.into(), why)));
}

/// Fields below `path` that may not be negative, where they are numbers.
pub fn not_negative(object: &Value, path: &str, fields: &[&str], errors: &mut Vec<FieldError>) {
    for field in fields {
        if let Some(number) = object.get(field).and_then(Value::as_i64).filter(|n| *n < 0) {
            let detail = "must be greater than or equal to 0";
            errors.push(invalid(format!("{path}.{field}"), number.into(), detail));
        }
    }
}

pub fn one_of(value: &Value, field: &str, values: &[&str], path: &str, errors: &mut Vec<FieldError>) {
    let given = value.get(field).and_then(Value::as_str).unwrap_or_default();
    if !given.is_empty() && !values.contains(&given) {
        errors.push(not_supported(format!("{path}.{field}"), given.into(), values));
    }
}

/// A count or a percentage; `most`: of at most 100%.
pub fn count_or_percent(value: &Value, path: &str, most: bool, errors: &mut Vec<FieldError>) {
    if let Some(text) = value.as_str() {
        match percent(text) {
            None => errors.push(invalid(path, text.into(), PERCENT)),
            Some(percent) if most && percent > 100 => {
                errors.push(invalid(path, text.into(), "must not be greater than 100%"));
            }
            Some(_) => {}
        }
    } else if let Some(number) = value.as_i64().filter(|n| *n < 0) {
        errors.push(invalid(path, number.into(), "must be greater than or equal to 0"));
    }
}

fn percent(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('%').filter(|d| !d.is_empty() && d.chars().all(|c| c.is_ascii_digit()))?;
    Some(digits.parse().unwrap_or(i64::MAX))
}

/// What a count or percentage comes to; zero if it is neither.
pub fn amount(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::String(text)) => percent(text).unwrap_or(0),
        Some(number) => number.as_i64().unwrap_or(0),
        None => 0,
    }
}

pub fn port_name(name: &str) -> Result<(), Vec<String>> {
    let mut why = Vec::new();
    if name.len() > 15 {
        why.push("must be no more than 15 characters");
    }
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(known) {
        why.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !name.chars().any(|c| c.is_ascii_lowercase()) {
        why.push("must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        why.push("must not contain consecutive hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        why.push("must not begin or end with a hyphen");
    }
    if why.is_empty() { Ok(()) } else { Err(why.into_iter().map(str::to_owned).collect()) }
}

pub fn port_number(number: i64, path: &str, errors: &mut Vec<FieldError>) {
    if !(1..=65_535).contains(&number) {
        errors.push(invalid(path, number.into(), PORT));
    }
}

/// A port by number or by name.
pub fn port(port: &Value, path: &str, errors: &mut Vec<FieldError>) {
    match port.as_str() {
        Some(name) => told(port_name(name), path, name, errors),
        None => port_number(port.as_i64().unwrap_or(0), path, errors),
    }
}

/// `*.example.com`.
pub fn wildcard(host: &str) -> Result<(), Vec<String>> {
    match host.strip_prefix("*.").map(names::subdomain) {
        Some(Ok(())) => Ok(()),
        Some(Err(_)) | None => Err(vec![WILDCARD.to_owned()]),
    }
}

pub fn labels(labels: Option<&Value>, path: &str, errors: &mut Vec<FieldError>) {
    for (key, value) in labels.and_then(Value::as_object).into_iter().flatten() {
        told(names::qualified_name(key), path, key, errors);
        let value = value.as_str().unwrap_or_default();
        told(names::label_value(value), path, value, errors);
    }
}

pub fn annotations(annotations: Option<&Value>, path: &str, errors: &mut Vec<FieldError>) {
    for key in annotations.and_then(Value::as_object).into_iter().flat_map(|map| map.keys()) {
        let checked = names::qualified_name(&key.to_lowercase());
        told(checked, path, key, errors);
    }
}

pub fn selector(selector: Option<&Value>, path: &str, errors: &mut Vec<FieldError>) {
    let Some(selector) = selector else { return };
    labels(selector.get("matchLabels"), &format!("{path}.matchLabels"), errors);
    for (i, expression) in list(selector, "matchExpressions").iter().enumerate() {
        let here = format!("{path}.matchExpressions[{i}]");
        let operator = expression.get("operator").and_then(Value::as_str).unwrap_or_default();
        let values = list(expression, "values");
        match operator {
            "In" | "NotIn" if values.is_empty() => {
                let detail = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.push(required(format!("{here}.values"), detail));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.push(forbidden_field(format!("{here}.values"), detail));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                errors.push(invalid(
                    format!("{here}.operator"),
                    other.into(),
                    "not a valid selector operator",
                ));
            }
        }
        let key = expression.get("key").and_then(Value::as_str).unwrap_or_default();
        told(names::qualified_name(key), &format!("{here}.key"), key, errors);
        for (j, value) in values.iter().enumerate() {
            let value = value.as_str().unwrap_or_default();
            told(names::label_value(value), &format!("{here}.values[{j}]"), value, errors);
        }
    }
}
