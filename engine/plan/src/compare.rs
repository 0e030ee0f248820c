use crate::Change;
use mainstay_object::{Map, Value};

/// Fields that the API server writes: no revision of a repository says anything of them.
const SERVER_FIELDS: [&str; 7] = [
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
    "deletionGracePeriodSeconds",
];

/// An object without what the server alone decides, and without its status.
pub fn normalise(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(map) = value.as_object_mut() {
        map.remove("status");
        if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in SERVER_FIELDS {
                metadata.remove(field);
            }
        }
    }
    value
}

/// The fields in which two forms of one object differ, sorted by path. Lists are compared by `name` where every element
/// has one, else by position.
pub fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let secret = is_secret(before) || is_secret(after);
    let mut out = Vec::new();
    compare(String::new(), Some(&normalise(before)), Some(&normalise(after)), &mut out);
    if secret {
        for change in &mut out {
            if change.path.starts_with(".data")
                || change.path.starts_with(".stringData")
                || change.path.contains("last-applied")
            {
                redact(change);
            }
        }
    }
    out.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

/// As [`changes`], of an object whose content is nobody's to see.
pub fn sensitive_changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut out = changes(before, after);
    out.iter_mut().for_each(redact);
    out
}

fn is_secret(value: &Value) -> bool {
    value.get("kind").and_then(Value::as_str) == Some("Secret")
        && value.get("apiVersion").and_then(Value::as_str) == Some("v1")
}

fn redact(change: &mut Change) {
    change.before = None;
    change.after = None;
    change.redacted = true;
}

fn compare(path: String, before: Option<&Value>, after: Option<&Value>, out: &mut Vec<Change>) {
    match (before, after) {
        (Some(a), Some(b)) if a == b => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            for key in keys {
                compare(format!("{path}{}", segment(key)), a.get(key), b.get(key), out);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => match (named(a), named(b)) {
            (Some(a), Some(b)) => {
                let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
                for name in names {
                    compare(format!("{path}[name={name}]"), a.get(name), b.get(name), out);
                }
            }
            (_, _) => {
                for i in 0..a.len().max(b.len()) {
                    compare(format!("{path}[{i}]"), a.get(i), b.get(i), out);
                }
            }
        },
        (None, None) => {}
        (before, after) => {
            out.push(Change { path, before: before.cloned(), after: after.cloned(), redacted: false });
        }
    }
}

fn named(list: &[Value]) -> Option<Map<String, Value>> {
    let mut out = Map::new();
    for item in list {
        let name = item.get("name")?.as_str()?;
        if out.insert(name.to_owned(), item.clone()).is_some() {
            return None;
        }
    }
    Some(out)
}

fn segment(key: &str) -> String {
    let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if plain { format!(".{key}") } else { format!("[{key:?}]") }
}
