//! `values.schema.json` of a chart and of those within it, checked against the values as their templates see them.
//!
//! Messages are Helm's (`pkg/chartutil/jsonschema.go`), without the values, which may be secret. A schema is read from
//! the chart alone: what refers to another place is an error, where Helm would fetch it.
use crate::chart::Chart;
use crate::error::RenderError;
use crate::value::{Map, Value, to_json};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value as Json;

#[cfg(test)]
mod tests;

const MOST_PATTERN: usize = 1 << 20;
const MOST_PROBLEMS: usize = 100;

/// Helm's `ValidateAgainstSchema`: every chart that is rendered, whatever is wrong in one go.
pub(crate) fn check(chart: &Chart, values: &Map) -> Result<(), RenderError> {
    let mut problems = Vec::new();
    within(chart, values, &mut problems);
    if problems.is_empty() {
        return Ok(());
    }
    let head = "values don't meet the specifications of the schema(s) in the following chart(s):";
    let message = std::iter::once(head.to_owned()).chain(problems).collect::<Vec<_>>().join("\n");
    Err(RenderError::Schema(message))
}

fn within(chart: &Chart, values: &Map, problems: &mut Vec<String>) {
    if let Some(schema) = &chart.schema
        && let Err(why) = one(schema, values)
    {
        problems.push(format!("{}:", chart.name()));
        problems.extend(why);
    }
    for below in &chart.charts {
        match values.get(below.name().as_bytes()) {
            None | Some(Value::Nil | Value::None) => {}
            Some(Value::Map(values)) => within(below, &values, problems),
            Some(other) => {
                let found = other.type_name();
                problems.push(format!("{}:", below.name()));
                problems.push(format!("invalid type for values: expected object (map), got {found}"));
            }
        }
    }
}

fn one(schema: &[u8], values: &Map) -> Result<(), Vec<String>> {
    let validator = compile(schema).map_err(|why| vec![why])?;
    let values = to_json(&Value::Map(values.clone())).map_err(|why| vec![why])?;
    let errors: Vec<ValidationError<'_>> = validator.iter_errors(&values).take(MOST_PROBLEMS).collect();
    let mut lines = Vec::new();
    told(&errors, 0, &mut lines);
    if lines.is_empty() { Ok(()) } else { Err(lines) }
}

fn compile(schema: &[u8]) -> Result<Validator, String> {
    let mut schema: Json =
        serde_json::from_slice(schema).map_err(|error| format!("the schema is no JSON: {error}"))?;
    let mut options = jsonschema::options().offline();
    if let Some(draft) = schema.get("$schema").and_then(Json::as_str).and_then(draft) {
        options = options.with_draft(draft);
        if let Json::Object(members) = &mut schema {
            members.remove("$schema");
        }
    }
    // As Go's, these patterns know no looking around and take linear time.
    let patterns = PatternOptions::regex().size_limit(MOST_PATTERN).dfa_size_limit(MOST_PATTERN);
    options.with_pattern_options(patterns).build(&schema).map_err(|error| match error.kind() {
        ValidationErrorKind::Referencing(why) => format!("the schema refers to what is not in it: {why}"),
        _ => format!("the schema is not valid: at '{}': {error}", error.instance_path()),
    })
}

/// With or without TLS and an empty fragment; the one without a number is the newest.
fn draft(text: &str) -> Option<Draft> {
    let text = text.trim_end_matches('#');
    let place = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")).unwrap_or(text);
    match place.trim_end_matches('/') {
        "json-schema.org/schema" | "json-schema.org/draft/2020-12/schema" => Some(Draft::Draft202012),
        "json-schema.org/draft/2019-09/schema" => Some(Draft::Draft201909),
        "json-schema.org/draft-07/schema" => Some(Draft::Draft7),
        "json-schema.org/draft-06/schema" => Some(Draft::Draft6),
        "json-schema.org/draft-04/schema" => Some(Draft::Draft4),
        _ => None,
    }
}

/// A line for each, by their places.
fn told(errors: &[ValidationError<'_>], depth: usize, lines: &mut Vec<String>) {
    let mut sorted: Vec<(String, &ValidationError<'_>)> =
        errors.iter().map(|error| (error.instance_path().to_string(), error)).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let indent = "  ".repeat(depth);
    for (at, error) in sorted {
        if lines.len() >= MOST_PROBLEMS {
            return;
        }
        lines.push(format!("{indent}- at '{at}': {}", words(error)));
        for branch in branches(error.kind()) {
            told(branch, depth + 1, lines);
        }
    }
}

fn branches(kind: &ValidationErrorKind) -> &[Vec<ValidationError<'static>>] {
    match kind {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => context,
        _ => &[],
    }
}

/// What Helm says, but for the value itself.
fn words(error: &ValidationError<'_>) -> String {
    let length = |json: &Json| match json {
        Json::Array(items) => items.len(),
        Json::Object(members) => members.len(),
        Json::String(text) => text.chars().count(),
        Json::Null | Json::Bool(_) | Json::Number(_) => 0,
    };
    let found = length(error.instance());
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            format!("missing property {}", quoted(property.as_str().unwrap_or_default()))
        }
        ValidationErrorKind::Type { kind } => {
            let wanted: Vec<String> = match kind {
                TypeKind::Single(one) => vec![one.to_string()],
                TypeKind::Multiple(several) => several.iter().map(|one| one.to_string()).collect(),
            };
            format!("got {}, want {}", type_of(error.instance()), wanted.join(" or "))
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("additional properties {} not allowed", list(unexpected))
        }
        ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            format!("unevaluated properties {} not allowed", list(unexpected))
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> = options.as_array().into_iter().flatten().map(shown).collect();
            format!("value must be one of {}", options.join(", "))
        }
        ValidationErrorKind::Constant { expected_value } => {
            format!("value must be {}", shown(expected_value))
        }
        ValidationErrorKind::Pattern { pattern } => format!("does not match pattern {}", quoted(pattern)),
        ValidationErrorKind::Format { format } => format!("is not valid {format}"),
        ValidationErrorKind::Minimum { limit } => format!("minimum: want {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("maximum: want {limit}"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("exclusiveMinimum: want {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("exclusiveMaximum: want {limit}"),
        ValidationErrorKind::MultipleOf { multiple_of } => format!("multipleOf: want {multiple_of}"),
        ValidationErrorKind::MinLength { limit } => format!("minLength: got {found}, want {limit}"),
        ValidationErrorKind::MaxLength { limit } => format!("maxLength: got {found}, want {limit}"),
        ValidationErrorKind::MinItems { limit } => format!("minItems: got {found}, want {limit}"),
        ValidationErrorKind::MaxItems { limit } => format!("maxItems: got {found}, want {limit}"),
        ValidationErrorKind::MinProperties { limit } => format!("minProperties: got {found}, want {limit}"),
        ValidationErrorKind::MaxProperties { limit } => format!("maxProperties: got {found}, want {limit}"),
        ValidationErrorKind::AnyOf { .. } => "'anyOf' failed".into(),
        ValidationErrorKind::OneOfNotValid { .. } => "'oneOf' failed, none matched".into(),
        ValidationErrorKind::OneOfMultipleValid { .. } => "'oneOf' failed, several matched".into(),
        ValidationErrorKind::Not { .. } => "'not' failed".into(),
        ValidationErrorKind::FalseSchema => "false schema".into(),
        other => format!("{} failed", quoted(other.keyword())),
    }
}

fn type_of(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

fn shown(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), quoted)
}

fn quoted(text: &str) -> String {
    format!("'{text}'")
}
