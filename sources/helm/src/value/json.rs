//! To and from JSON, as encoding/json does it.
use super::{List, MOST_DEPTH, Map, Object, Value};
use crate::text::Text;
use base64::Engine;
use serde_json::{Number, Value as Json};

/// Every number is a float64, as `json.Unmarshal` has it.
pub(crate) fn from_json(json: &Json) -> Value {
    read(json, &|number| Value::Float(number.as_f64().unwrap_or(0.0)))
}

/// Numbers without a fraction were set by `--set`, which makes them int64.
pub(crate) fn from_values(json: &Json) -> Value {
    read(json, &|number| match number.as_i64() {
        Some(value) => Value::Int64(value),
        None => Value::Float(number.as_f64().unwrap_or(0.0)),
    })
}

fn read(json: &Json, number: &impl Fn(&Number) -> Value) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(value) => number(value),
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(|item| read(item, number)).collect()),
        Json::Object(members) => {
            Value::map(members.iter().map(|(key, value)| (Text::from(key.as_str()), read(value, number))))
        }
    }
}

/// What `json.Marshal` would write.
pub(crate) fn to_json(value: &Value) -> Result<Json, String> {
    write(value, 0, &Form { float, nil: true })
}

/// For YAML that is written without JSON between: floats without a fraction stay floats, and what is nil is empty.
pub(crate) fn to_json_for_yaml(value: &Value) -> Result<Json, String> {
    write(value, 0, &Form { float: |value| Ok(Json::from(value)), nil: false })
}

/// What writers do differently.
struct Form {
    float: fn(f64) -> Result<Json, String>,
    /// Whether lists and maps that are nil are null.
    nil: bool,
}

fn write(value: &Value, depth: usize, form: &Form) -> Result<Json, String> {
    if depth > MOST_DEPTH {
        return Err(format!("a value is nested more than {MOST_DEPTH} deep"));
    }
    Ok(match value {
        Value::None | Value::Nil => Json::Null,
        Value::Bool(value) => Json::from(*value),
        Value::Int(value) | Value::Int64(value) => Json::from(*value),
        Value::Uint8(value) => Json::from(*value),
        Value::Uint64(value) => Json::from(*value),
        Value::Float(value) => (form.float)(*value)?,
        Value::Text(text) => Json::from(text.lossy()),
        Value::Bytes(bytes) => Json::from(base64::engine::general_purpose::STANDARD.encode(bytes.as_bytes())),
        Value::List(List { nil: true, .. }) | Value::Map(Map { nil: true, .. }) if form.nil => Json::Null,
        Value::List(list) => Json::Array(
            list.items().iter().map(|item| write(item, depth + 1, form)).collect::<Result<_, _>>()?,
        ),
        Value::Map(map) => {
            let mut members = serde_json::Map::new();
            for (key, value) in map.entries().iter() {
                members.insert(key.lossy().into_owned(), write(value, depth + 1, form)?);
            }
            Json::Object(members)
        }
        Value::Object(Object::Struct(object)) => {
            let mut members = serde_json::Map::new();
            for field in &object.fields {
                let Some(name) = field.json else { continue };
                if !field.omit_empty || field.value().is_true() {
                    members.insert(name.to_owned(), write(field.value(), depth + 1, form)?);
                }
            }
            Json::Object(members)
        }
        Value::Object(Object::Files(files)) => {
            let encode = |bytes: &Text| base64::engine::general_purpose::STANDARD.encode(bytes.as_bytes());
            Json::Object(files.0.iter().map(|(k, v)| (k.lossy().into_owned(), encode(v).into())).collect())
        }
        Value::Object(Object::Version(version)) => Json::from(version.to_string()),
        Value::Object(Object::Time(time)) => Json::from(time.rfc3339()),
    })
}

fn float(value: f64) -> Result<Json, String> {
    if !value.is_finite() {
        return Err(format!("json: unsupported value: {value}"));
    }
    // Go writes no fraction where there is none.
    if value.fract() == 0.0 && value.abs() < 9e15 && !(value == 0.0 && value.is_sign_negative()) {
        return Ok(Json::from(value as i64));
    }
    Ok(Json::from(value))
}
