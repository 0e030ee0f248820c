//! YAML, both ways.
use super::Type::{Any, Text};
use super::{Function, args, pure};
use crate::exec::document_limits;
use crate::json;
use crate::text;
use crate::value::{Map, MapType, Value, from_json, to_json, to_json_for_yaml};
use mainstay_diagnostic::codes;
use serde_json::Value as Json;
use std::fmt;

pub(super) const FUNCTIONS: &[Function] = &[
    pure("toYaml", &[Any], |args| Ok(to_yaml(&args[0]))),
    pure("toYamlPretty", &[Any], |args| {
        let yaml =
            to_json_for_yaml(&args[0]).map(|json| mainstay_yaml::emit_indented(&json)).unwrap_or_default();
        Ok(yaml.strip_suffix('\n').unwrap_or(&yaml).into())
    }),
    pure("fromYaml", &[Text], |args| {
        Ok(match parse(args::bytes(args, 0)) {
            // Null leaves the map as it was made.
            Ok(Json::Null) => Value::Map(Map::new(MapType::Any, [])),
            Ok(found @ Json::Object(_)) => from_json(&found),
            Ok(found) => {
                let message = json::mismatch(&found, "map[string]interface {}");
                error_map(format!("error unmarshaling JSON: while decoding JSON: {message}"))
            }
            Err(Unread::Broken(message)) => error_map(message),
            Err(limit @ Unread::Limit(_)) => return Err(limit.to_string()),
        })
    }),
    pure("fromYamlArray", &[Text], |args| {
        Ok(match parse(args::bytes(args, 0)) {
            Ok(Json::Null) => Value::list(Vec::new()),
            Ok(found @ Json::Array(_)) => from_json(&found),
            Ok(found) => {
                let message = json::mismatch(&found, "[]interface {}");
                Value::list(vec![format!("error unmarshaling JSON: while decoding JSON: {message}").into()])
            }
            Err(Unread::Broken(message)) => Value::list(vec![message.into()]),
            Err(limit @ Unread::Limit(_)) => return Err(limit.to_string()),
        })
    }),
];

/// What cannot be written is an empty string, as upstream.
pub(crate) fn to_yaml(value: &Value) -> Value {
    let Ok(json) = to_json(value) else { return Value::text("") };
    let yaml = mainstay_yaml::emit(&json);
    Value::Text(text::Text::from(yaml.strip_suffix('\n').unwrap_or(&yaml)))
}

fn error_map(message: String) -> Value {
    Value::map([("Error".into(), message.into())])
}

/// Why a text was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unread {
    /// Helm's own words.
    Broken(String),
    /// Helm would read it.
    Limit(String),
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(message) => f.write_str(message),
            Self::Limit(message) => write!(f, "YAML over a limit: {message}"),
        }
    }
}

/// The first document.
pub(crate) fn parse(bytes: &[u8]) -> Result<Json, Unread> {
    let loaded = mainstay_yaml::load_last_wins("yaml", bytes, &document_limits());
    let broken =
        loaded.diagnostics.iter().find(|found| found.severity == mainstay_diagnostic::Severity::Error);
    if let Some(broken) = broken {
        if broken.code.id == codes::yaml::LIMIT.id {
            return Err(Unread::Limit(broken.message.clone()));
        }
        let line = broken.location.as_ref().and_then(|at| at.span).map(|span| span.start.line);
        let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        return Err(Unread::Broken(format!("error converting YAML to JSON: yaml: {line}{}", broken.message)));
    }
    Ok(loaded.documents.into_iter().next().map_or(Json::Null, |document| document.root.into_json()))
}
