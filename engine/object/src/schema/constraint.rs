use super::{Constraint, Pattern};
use crate::MAX_DEPTH;
use serde_json::{Map, Value};

/// Reads the keywords that restrict values, `None` where there are none. Patterns that do not compile are handed to
/// `bad_pattern` with the path below this schema, and left out.
pub(super) fn read(
    schema: &Map<String, Value>,
    bad_pattern: &mut dyn FnMut(&str, String),
) -> Option<Box<Constraint>> {
    let constraint = own(schema, "", 0, bad_pattern);
    (constraint != Constraint::default()).then(|| Box::new(constraint))
}

/// What one branch of a junctor demands, with its fields and items.
pub(super) fn nested(
    schema: &Value,
    path: &str,
    depth: usize,
    bad_pattern: &mut dyn FnMut(&str, String),
) -> Constraint {
    let Some(schema) = schema.as_object() else { return Constraint::default() };
    if depth > MAX_DEPTH {
        return Constraint::default();
    }
    let mut constraint = own(schema, path, depth, bad_pattern);
    constraint.required = strings(schema.get("required"));
    constraint.properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, property)| {
            let path = format!("{path}.properties[{name}]");
            (name.clone(), nested(property, &path, depth + 1, bad_pattern))
        })
        .collect();
    let mut below = |name: &str| {
        let schema = schema.get(name).filter(|schema| schema.is_object())?;
        Some(Box::new(nested(schema, &format!("{path}.{name}"), depth + 1, bad_pattern)))
    };
    constraint.items = below("items");
    constraint.additional = below("additionalProperties");
    constraint
}

/// The keywords of this schema and its junctors; `required`, fields and items are the caller's.
fn own(
    schema: &Map<String, Value>,
    path: &str,
    depth: usize,
    bad_pattern: &mut dyn FnMut(&str, String),
) -> Constraint {
    let number = |name: &str| schema.get(name).and_then(Value::as_f64);
    let count = |name: &str| schema.get(name).and_then(Value::as_u64);
    let flag = |name: &str| schema.get(name).and_then(Value::as_bool).unwrap_or(false);
    let pattern = schema.get("pattern").and_then(Value::as_str).filter(|text| !text.is_empty());
    let pattern = pattern.and_then(|text| match regex::Regex::new(text) {
        Ok(regex) => Some(Pattern(regex)),
        Err(error) => {
            bad_pattern(
                path,
                format!("Invalid value: {text:?}: must be a valid regular expression, but isn't: {error}"),
            );
            None
        }
    });
    let mut branches = |name: &str| -> Vec<Constraint> {
        let list = schema.get(name).and_then(Value::as_array).into_iter().flatten();
        list.enumerate()
            .map(|(i, branch)| nested(branch, &format!("{path}.{name}[{i}]"), depth + 1, bad_pattern))
            .collect()
    };
    // A branch that only names types restates int-or-string and restricts nothing more.
    let mut all_of = branches("allOf");
    all_of.retain(|branch| *branch != Constraint::default());
    let mut any_of = branches("anyOf");
    if any_of.iter().any(|branch| *branch == Constraint::default()) {
        any_of.clear();
    }
    let mut one_of = branches("oneOf");
    if one_of.iter().all(|branch| *branch == Constraint::default()) {
        one_of.clear();
    }
    let not = schema.get("not").filter(|not| not.is_object());
    let not = not.map(|not| Box::new(nested(not, &format!("{path}.not"), depth + 1, bad_pattern)));
    Constraint {
        enumeration: schema.get("enum").and_then(Value::as_array).cloned().unwrap_or_default(),
        format: schema.get("format").and_then(Value::as_str).map(str::to_owned),
        minimum: number("minimum"),
        exclusive_minimum: flag("exclusiveMinimum"),
        maximum: number("maximum"),
        exclusive_maximum: flag("exclusiveMaximum"),
        multiple_of: number("multipleOf"),
        min_length: count("minLength"),
        max_length: count("maxLength"),
        pattern,
        min_items: count("minItems"),
        max_items: count("maxItems"),
        unique_items: flag("uniqueItems"),
        min_properties: count("minProperties"),
        max_properties: count("maxProperties"),
        all_of,
        any_of,
        one_of,
        not,
        ..Constraint::default()
    }
}

pub(super) fn strings(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
