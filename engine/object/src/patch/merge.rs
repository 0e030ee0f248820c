use serde_json::{Map, Value};

/// JSON merge patch (RFC 7386): null deletes, maps merge, everything else replaces. As an API server reads it, nulls in
/// what is new are left out even within lists, but not within a list that replaces a map.
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        let was_map = target.is_object();
        *target = patch.clone();
        if !was_map {
            drop_nulls(target);
        }
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(target) = target {
        for (name, change) in changes {
            if change.is_null() {
                target.remove(name);
            } else {
                merge_patch(target.entry(name.as_str()).or_insert(Value::Null), change);
            }
        }
    }
}

/// Removes null fields, all the way down; null items of lists stay.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Object(map) => {
            map.retain(|_, child| !child.is_null());
            map.values_mut().for_each(drop_nulls);
        }
    }
}
