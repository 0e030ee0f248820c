//! What others say of an object that holds secrets: servers quote the values that they refuse.
use crate::Manifest;
use mainstay_object::{Object, Value};

/// Shorter texts are in everything.
const TELLING: usize = 3;
const VEIL: &str = "(hidden)";

impl Manifest {
    /// A text about this object without any of its values, if it is a Secret or holds what was one.
    pub fn veil(&self, text: String) -> String {
        if self.secret { veiled(text, &self.object()) } else { text }
    }
}

fn veiled(text: String, object: &Object) -> String {
    // Who looks into a Secret may quote what it holds.
    let mut values: Vec<String> =
        object.secret_texts().into_iter().filter(|text| text.len() >= TELLING).collect();
    for (field, value) in object.value().as_object().into_iter().flatten() {
        match (field.as_str(), value) {
            // What it is called is no secret.
            ("apiVersion" | "kind", _) => {}
            ("metadata", Value::Object(metadata)) => {
                let open = |field: &str| matches!(field, "name" | "namespace");
                metadata.iter().filter(|(field, _)| !open(field)).for_each(|(_, v)| leaves(v, &mut values));
            }
            (_, value) => leaves(value, &mut values),
        }
    }
    // The longest first: one may be a part of another.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.into_iter().fold(text, |text, value| {
        let quoted = format!("{value:?}");
        text.replace(quoted.trim_matches('"'), VEIL).replace(&value, VEIL)
    })
}

fn leaves(value: &Value, out: &mut Vec<String>) {
    let text = match value {
        Value::Null | Value::Bool(_) => return,
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => return items.iter().for_each(|item| leaves(item, out)),
        Value::Object(fields) => return fields.values().for_each(|field| leaves(field, out)),
    };
    if text.len() >= TELLING {
        out.push(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_secret_holds_is_hidden_as_it_is_written_and_as_it_is_read() {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"word": "aHVudGVyMg=="},
        });
        let said = "denied: hunter2 (aHVudGVyMg==) is too short".to_owned();
        let object = Object::new(secret).expect("an object");
        assert_eq!(veiled(said, &object), "denied: (hidden) ((hidden)) is too short");
    }

    #[test]
    fn no_value_is_left_and_what_is_wrong_still_is() {
        let object = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": {"a": "hunter2"}},
            "spec": {"type": "hunter2-long", "ports": [{"port": 70_000}], "note": "two\nlines"},
        });
        let object = Object::new(object).expect("an object");
        let said = "Service web is invalid: spec.type: Unsupported value: \"hunter2-long\", spec.ports[0].port: Invalid value: 70000: labels hunter2, \"two\\nlines\"";
        assert_eq!(
            veiled(said.to_owned(), &object),
            "Service web is invalid: spec.type: Unsupported value: \"(hidden)\", spec.ports[0].port: Invalid value: (hidden): labels (hidden), \"(hidden)\""
        );
    }
}
