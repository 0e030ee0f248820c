//! JSON patches (RFC 6902) as kustomize applies them: indices may be negative, and replacing a missing field adds it.
use crate::cost::{Cost, Pay, deep};
use crate::problem::Problem;
use mainstay_diagnostic::codes::kustomize as codes;
use serde_json::Value;

/// Whether a document is a list of operations.
pub(crate) fn is_patch(value: &Value) -> bool {
    value.as_array().is_some_and(|ops| ops.iter().all(|op| op.is_object() || op.is_null()))
}

pub(crate) fn apply(doc: &mut Value, patch: &Value, pay: Pay<'_>) -> Result<(), Problem> {
    for op in patch.as_array().into_iter().flatten() {
        let text = |field: &str| op.get(field).and_then(Value::as_str);
        let name = text("op").unwrap_or_default();
        let Some(path) = text("path") else {
            return Err(problem(format!("the operation {name:?} has no path")));
        };
        let value = || op.get("value").cloned().unwrap_or(Value::Null);
        let from = || text("from").ok_or_else(|| problem(format!("the operation {name:?} has no from")));
        let place = |value: Value| {
            let cost = Cost::of_value(&value);
            deep(path.matches('/').count(), cost.depth)?;
            pay(cost.bytes).map(|()| value)
        };
        match name {
            "add" => add(doc, path, place(value())?)?,
            "remove" => {
                remove(doc, path)?;
            }
            "replace" => replace(doc, path, place(value())?)?,
            "move" => {
                let from = from()?;
                let moved = get(doc, from)?.unwrap_or(Value::Null);
                remove(doc, from)?;
                add(doc, path, place(moved)?)?;
            }
            "copy" => {
                let copied = get(doc, from()?)?.unwrap_or(Value::Null);
                add(doc, path, place(copied)?)?;
            }
            "test" => test(doc, path, &value())?,
            other => {
                let message = format!("unknown operation {other:?}");
                return Err(problem(message).hint("one of add, remove, replace, move, copy, test"));
            }
        }
    }
    Ok(())
}

fn problem(message: String) -> Problem {
    Problem::new(&codes::PATCH, message)
}

fn missing(path: &str) -> Problem {
    problem(format!("the object has no {path}"))
}

/// The collection that holds a path's last part.
fn container<'v>(doc: &'v mut Value, path: &str) -> Result<(&'v mut Value, String), Problem> {
    let mut parts: Vec<String> = path.split('/').map(|p| p.replace("~1", "/").replace("~0", "~")).collect();
    if parts.len() < 2 {
        return Err(missing(if path.is_empty() { "path (it is empty)" } else { path }));
    }
    let key = parts.pop().unwrap_or_default();
    let mut at = doc;
    for part in parts.into_iter().skip(1) {
        at = match at {
            Value::Object(map) => map.get_mut(&part),
            Value::Array(items) => index(&part, items.len()).and_then(|i| items.get_mut(i)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
        .ok_or_else(|| missing(path))?;
    }
    if at.is_object() || at.is_array() { Ok((at, key)) } else { Err(missing(path)) }
}

/// An element's place: negative ones count from the end.
fn index(key: &str, len: usize) -> Option<usize> {
    let at: i64 = key.parse().ok()?;
    let len = i64::try_from(len).ok()?;
    let at = if at < 0 { at + len } else { at };
    usize::try_from(at).ok()
}

fn get(doc: &mut Value, path: &str) -> Result<Option<Value>, Problem> {
    let (holder, key) = container(doc, path)?;
    match holder {
        Value::Array(items) => {
            let found = index(&key, items.len()).and_then(|i| items.get(i)).cloned();
            Ok(Some(found.ok_or_else(|| missing(path))?))
        }
        other => Ok(other.get(&key).cloned()),
    }
}

fn add(doc: &mut Value, path: &str, value: Value) -> Result<(), Problem> {
    match container(doc, path)? {
        (Value::Array(items), key) if key == "-" => items.push(value),
        (Value::Array(items), key) => {
            let at = index(&key, items.len() + 1).filter(|at| *at <= items.len());
            items.insert(at.ok_or_else(|| missing(path))?, value);
        }
        (Value::Object(map), key) => {
            map.insert(key, value);
        }
        _ => return Err(missing(path)),
    }
    Ok(())
}

fn remove(doc: &mut Value, path: &str) -> Result<(), Problem> {
    let removed = match container(doc, path)? {
        (Value::Array(items), key) => {
            index(&key, items.len()).filter(|at| *at < items.len()).map(|at| items.remove(at))
        }
        (Value::Object(map), key) => map.remove(&key),
        _ => None,
    };
    removed.map(drop).ok_or_else(|| missing(path))
}

fn replace(doc: &mut Value, path: &str, value: Value) -> Result<(), Problem> {
    if path.is_empty() {
        if !value.is_object() {
            return Err(problem("the whole object can only be replaced by a map".to_owned()));
        }
        *doc = value;
        return Ok(());
    }
    match container(doc, path)? {
        (Value::Array(items), key) => {
            let slot = index(&key, items.len()).and_then(|at| items.get_mut(at));
            *slot.ok_or_else(|| missing(path))? = value;
        }
        (Value::Object(map), key) => {
            map.insert(key, value);
        }
        _ => return Err(missing(path)),
    }
    Ok(())
}

fn test(doc: &mut Value, path: &str, value: &Value) -> Result<(), Problem> {
    let found = if path.is_empty() { Some(doc.clone()) } else { get(doc, path)? };
    if found.unwrap_or(Value::Null) == *value {
        return Ok(());
    }
    Err(problem(format!("the test of {path} failed")))
}
