//! The one file that knows the schema validator.
use crate::{Place, schemas};
use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use mainstay_diagnostic::{Diagnostic, codes, dotted, nearest};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

struct Kind {
    schema: Value,
    validator: Option<Validator>,
}

static KINDS: LazyLock<BTreeMap<&'static str, Kind>> = LazyLock::new(|| {
    let kind = |schema: Value| Kind { validator: jsonschema::validator_for(&schema).ok(), schema };
    schemas().into_iter().map(|(name, schema)| (name, kind(schema))).collect()
});

pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.keys().copied()
}

/// Everything in a document that its kind's schema refuses, with positions. An unknown kind has no schema: `None`.
pub(crate) fn validate(kind: &str, document: &Value, place: &Place) -> Option<Vec<Diagnostic>> {
    let kind = KINDS.get(kind)?;
    let Some(validator) = &kind.validator else {
        return Some(vec![Diagnostic::new(
            &codes::native::VALUE,
            "the schema of this kind does not compile",
        )]);
    };
    let mut out = Vec::new();
    for error in validator.iter_errors(document) {
        let at = error.instance_path().as_str();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let names = known_fields(&kind.schema, error.schema_path().as_str());
                for name in unexpected {
                    let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                    let message = format!("unknown field {}", dotted(&pointer));
                    let found = place.key_diagnostic(&codes::native::UNKNOWN_FIELD, message, &pointer);
                    out.push(match nearest(name, names.iter().map(String::as_str)) {
                        Some(near) => found.hint(format!("did you mean {near}?")),
                        None => found,
                    });
                }
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let message = format!("required field {} is missing", dotted(&format!("{at}/{name}")));
                out.push(place.key_diagnostic(&codes::native::MISSING_FIELD, message, at));
            }
            other => {
                let path = dotted(at);
                let instance = error.instance();
                let (what, hint) = refused(other, instance);
                let name = if path.is_empty() { "the document".to_owned() } else { path };
                let found = place.diagnostic(&codes::native::VALUE, format!("{name}: {what}"), at);
                out.push(match hint {
                    Some(hint) => found.hint(hint),
                    None => found,
                });
            }
        }
    }
    Some(out)
}

fn refused(kind: &ValidationErrorKind, instance: &Value) -> (String, Option<String>) {
    let shown = match instance {
        Value::String(text) if text.len() > 60 => "the value".to_owned(),
        Value::Array(_) | Value::Object(_) => "the value".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => instance.to_string(),
    };
    match kind {
        ValidationErrorKind::Enum { options } => {
            let names: Vec<&str> =
                options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let near = instance.as_str().and_then(|text| nearest(text, names.iter().copied()));
            let hint = near.map(|near| format!("did you mean {near}?"));
            (format!("{shown} is none of {}", names.join(", ")), hint)
        }
        ValidationErrorKind::Type { kind } => {
            let expected = match kind {
                jsonschema::error::TypeKind::Single(one) => one.to_string(),
                jsonschema::error::TypeKind::Multiple(_) => "another type".to_owned(),
            };
            let found = match instance {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            let hint = (expected == "string" && instance.is_number()).then(|| "quote the value".to_owned());
            (format!("expected {expected}, found {found}"), hint)
        }
        ValidationErrorKind::Pattern { pattern } if pattern.contains("(ms|s|m|h)") => {
            (format!("{shown} is not a duration"), Some("write a number and a unit: 30s, 5m, 1h30m".into()))
        }
        ValidationErrorKind::Pattern { pattern } => (format!("{shown} does not match {pattern}"), None),
        ValidationErrorKind::MinLength { limit } => (format!("shorter than {limit} characters"), None),
        ValidationErrorKind::MaxLength { limit } => (format!("longer than {limit} characters"), None),
        ValidationErrorKind::MinItems { limit } => (format!("fewer than {limit} items"), None),
        ValidationErrorKind::MaxItems { limit } => (format!("more than {limit} items"), None),
        ValidationErrorKind::Minimum { limit } => (format!("{shown} is less than {limit}"), None),
        ValidationErrorKind::Maximum { limit } => (format!("{shown} is more than {limit}"), None),
        other => (format!("{shown} breaks the rule {}", other.keyword()), None),
    }
}

/// The fields that stand beside the violated `additionalProperties`.
fn known_fields(schema: &Value, keyword: &str) -> Vec<String> {
    let holder = keyword.rsplit_once('/').map_or("", |(holder, _)| holder);
    let mut at = schema;
    for token in holder.split('/').skip(1) {
        if token == "$ref" {
            let target = at.get("$ref").and_then(Value::as_str).unwrap_or_default();
            match schema.pointer(target.trim_start_matches('#')) {
                Some(next) => at = next,
                None => return Vec::new(),
            }
            continue;
        }
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = match at {
            Value::Array(items) => token.parse::<usize>().ok().and_then(|i| items.get(i)),
            other => other.get(&token),
        };
        match next {
            Some(next) => at = next,
            None => return Vec::new(),
        }
    }
    at.get("properties")
        .and_then(Value::as_object)
        .map(|map| map.keys().cloned().collect())
        .unwrap_or_default()
}
