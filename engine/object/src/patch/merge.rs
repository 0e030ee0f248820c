use serde_json::{Map, Value};

/// JSON merge patch (RFC 7386): null deletes, maps merge, everything else replaces.
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(target) = target {
        for (name, change) in patch {
            if change.is_null() {
                target.remove(name);
            } else {
                merge_patch(target.entry(name.as_str()).or_insert(Value::Null), change);
            }
        }
    }
}
