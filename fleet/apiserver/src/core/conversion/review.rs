//! `apiextensions.k8s.io` ConversionReview, both ways.

use crate::core::body::{self, text};
use crate::core::names;
use serde_json::{Map, Value, json};

const GROUP: &str = "apiextensions.k8s.io";

/// The question without its UID: which objects are wanted in which version.
pub(super) fn request(version: &str, desired: &str, objects: &[&Value]) -> Value {
    let objects: Vec<Value> = objects.iter().map(|object| asked(object)).collect();
    json!({
        "kind": "ConversionReview", "apiVersion": format!("{GROUP}/{version}"),
        "request": { "uid": "", "desiredAPIVersion": desired, "objects": objects },
    })
}

/// An object as a webhook sees it. Its resourceVersion is not part of what is stored.
fn asked(object: &Value) -> Value {
    let mut asked = object.clone();
    body::set_meta(&mut asked, "resourceVersion", None);
    asked
}

/// The objects of an answer to the question `uid`, or what is wrong with it.
pub(super) fn read(answer: &[u8], version: &str, uid: &str) -> Result<Vec<Value>, String> {
    let review: Value = serde_json::from_slice(answer)
        .map_err(|_| "couldn't get version/kind; json parse error: the answer is not JSON".to_owned())?;
    let wanted = format!("{GROUP}/{version}, Kind=ConversionReview");
    let group = mainstay_object::GroupVersion::parse(text(&review, "/apiVersion"));
    let got = format!("{}/{}, Kind={}", group.group, group.version, text(&review, "/kind"));
    if version == "v1" && got != wanted {
        return Err(format!("expected webhook response of {wanted}, got {got}"));
    }
    let response = review.get("response").filter(|r| r.is_object()).ok_or("no response provided")?;
    let answered = text(response, "/uid");
    if version == "v1" && answered != uid {
        return Err(format!("expected response.uid={uid:?}, got {answered:?}"));
    }
    let status = text(response, "/result/status");
    if status != "Success" {
        return Err(match text(response, "/result/message") {
            "" => format!("response.result.status was '{status}', not 'Success'"),
            message => message.to_owned(),
        });
    }
    Ok(response.get("convertedObjects").and_then(Value::as_array).cloned().unwrap_or_default())
}

/// What became of an object: its metadata stays, but for labels and annotations.
pub(super) fn restored(original: &Value, mut converted: Value, desired: &str) -> Result<Value, String> {
    let at_zero = "returned invalid object at index 0";
    let got = text(&converted, "/apiVersion").to_owned();
    if got != desired {
        return Err(format!("{at_zero}: invalid groupVersion (expected {desired}, received {got})"));
    }
    let (kind, got) = (text(original, "/kind"), text(&converted, "/kind"));
    if kind != got {
        return Err(format!("{at_zero}: invalid kind (expected {kind}, received {got})"));
    }
    for (field, name) in [("name", "name"), ("namespace", "namespace"), ("uid", "UID")] {
        let (was, is) = (body::meta(original, field), body::meta(&converted, field));
        if was != is {
            return Err(format!("returned invalid object: must have the same {name}: {was} != {is}"));
        }
    }
    let metadata =
        metadata(original, &converted).map_err(|why| format!("returned invalid metadata: {why}"))?;
    body::as_map(&mut converted).insert("metadata".into(), Value::Object(metadata));
    Ok(converted)
}

fn metadata(original: &Value, converted: &Value) -> Result<Map<String, Value>, String> {
    let answered = match converted.get("metadata") {
        Some(Value::Object(answered)) => answered,
        Some(other) => return Err(format!("invalid metadata of type {} in converted object", go(other))),
        None => return Err("missing metadata in converted object".to_owned()),
    };
    let mut metadata = original.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    for field in ["labels", "annotations"] {
        match answered.get(field) {
            None | Some(Value::Null) => drop(metadata.remove(field)),
            Some(Value::Object(map)) => {
                for (key, value) in map {
                    if !value.is_string() {
                        let kind = go(value);
                        return Err(format!(
                            "metadata.{field}[{key}] must be a string, but is {kind} in converted object"
                        ));
                    }
                }
                if metadata.get(field).and_then(Value::as_object) != Some(map) {
                    check(field, map)?;
                }
                metadata.insert(field.to_owned(), Value::Object(map.clone()));
            }
            Some(other) => {
                return Err(format!("invalid metadata.{field} of type {} in converted object", go(other)));
            }
        }
    }
    Ok(metadata)
}

fn check(field: &str, map: &Map<String, Value>) -> Result<(), String> {
    let mut errors = Vec::new();
    let mut say = |path: &str, value: &str, why: Vec<String>| {
        errors.extend(why.into_iter().map(|why| format!("{path}: Invalid value: {value:?}: {why}")));
    };
    for (key, value) in map {
        let value = value.as_str().unwrap_or_default();
        if field == "labels" {
            names::qualified_name(key).unwrap_or_else(|why| say("metadata.labels", key, why));
            names::label_value(value).unwrap_or_else(|why| say("metadata.labels", value, why));
        } else {
            let lower = key.to_lowercase();
            names::qualified_name(&lower).unwrap_or_else(|why| say("metadata.annotation", key, why));
        }
    }
    match &*errors {
        [] => Ok(()),
        [one] => Err(one.clone()),
        all => Err(format!("[{}]", all.join(", "))),
    }
}

/// The name that Go has for the type of a JSON value.
fn go(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}
