//! What the user sets: files of values merged, and single values by `--set` and its siblings.
mod error;
mod json;
mod line;
#[cfg(test)]
mod tests;

pub use error::SetError;

use serde_json::{Map, Number, Value as Json};

/// A map of values. Numbers of a file are floats, as Helm reads YAML; those of [`Values::set`] are integers, which
/// templates can tell from floats. Here the former are JSON numbers with a fraction (`1.0`), the latter without (`1`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values(Map<String, Json>);

/// How a value of a line `key=value` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `--set`: true, false, null and integers are what they look like, everything else is text.
    Typed,
    /// `--set-string`: text always.
    Text,
    /// `--set-json`: a JSON value.
    Json,
    /// `--set-literal`: all that follows the first `=`, commas, braces and backslashes included.
    Literal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the values are no map")]
pub struct NotAMap;

impl Values {
    /// The content of a file of values; null is an empty one.
    pub fn read(file: Json) -> Result<Self, NotAMap> {
        match file {
            Json::Null => Ok(Self::default()),
            Json::Object(map) => Ok(Self(map.into_iter().map(|(key, value)| (key, floats(value))).collect())),
            Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => Err(NotAMap),
        }
    }

    /// Maps are merged; whatever else `over` says stands, null included: it takes a default of the chart away.
    pub fn merge(&mut self, over: Values) {
        merge(&mut self.0, over.0);
    }

    /// Helm's `strvals`: `a.b[0]=x,c={1,2}`, a backslash before what is meant as it stands. Stricter than Helm in what
    /// one line may cost: 100 lists within each other, a million items made.
    pub fn set(&mut self, form: Form, line: &str) -> Result<(), SetError> {
        line::set(&mut self.0, form, None, line)
    }

    /// `--set-file`: what `read` gives for the value, as text.
    pub fn set_files(
        &mut self,
        line: &str,
        read: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<(), SetError> {
        line::set(&mut self.0, Form::Text, Some(read), line)
    }

    /// For digests and to show: integers that were set have no fraction, all other numbers do.
    pub fn to_json(&self) -> Json {
        Json::Object(self.0.clone())
    }

    pub(crate) fn entries(&self) -> &Map<String, Json> {
        &self.0
    }
}

fn merge(into: &mut Map<String, Json>, over: Map<String, Json>) {
    for (key, value) in over {
        match (into.get_mut(&key), value) {
            (Some(Json::Object(old)), Json::Object(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// Numbers as Go's `json.Unmarshal` has them.
fn floats(value: Json) -> Json {
    match value {
        Json::Number(number) => {
            let float = number.as_f64().and_then(Number::from_f64);
            Json::Number(float.unwrap_or(number))
        }
        Json::Array(items) => Json::Array(items.into_iter().map(floats).collect()),
        Json::Object(map) => Json::Object(map.into_iter().map(|(key, value)| (key, floats(value))).collect()),
        Json::Null | Json::Bool(_) | Json::String(_) => value,
    }
}
