//! JSON pointers with `*` for every member.

use serde_json::Value;

/// The values that a path leads to.
pub fn all<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    for part in parts(path) {
        found = found.into_iter().flat_map(|value| members(value, &part)).collect();
    }
    found
}

/// Takes what a path leads to out of the picture.
pub fn mask(value: &mut Value, path: &str) {
    mask_parts(value, &parts(path));
}

fn mask_parts(value: &mut Value, parts: &[String]) {
    match (parts, &mut *value) {
        ([], _) => *value = "<masked>".into(),
        // There or not: nobody looks.
        ([name], Value::Object(map)) if name != "*" => drop(map.remove(name)),
        ([first, rest @ ..], value) => match value {
            Value::Object(map) => {
                for (_, member) in map.iter_mut().filter(|(key, _)| first == "*" || *key == first) {
                    mask_parts(member, rest);
                }
            }
            Value::Array(items) => {
                let one = first.parse().ok();
                for (_, item) in items.iter_mut().enumerate().filter(|(i, _)| first == "*" || one == Some(*i))
                {
                    mask_parts(item, rest);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        },
    }
}

fn members<'a>(value: &'a Value, part: &str) -> Vec<&'a Value> {
    match (value, part) {
        (Value::Object(map), "*") => map.values().collect(),
        (Value::Array(items), "*") => items.iter().collect(),
        (Value::Object(map), key) => map.get(key).into_iter().collect(),
        (Value::Array(items), at) => {
            at.parse().ok().and_then(|at: usize| items.get(at)).into_iter().collect()
        }
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => Vec::new(),
    }
}

fn parts(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}
