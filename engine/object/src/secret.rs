use crate::{Object, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

impl Object {
    /// The texts that a Secret's `data` holds, as whoever reads it sees them.
    pub fn secret_texts(&self) -> Vec<String> {
        let key = self.key();
        if key.kind() != "Secret" || !key.group().is_empty() {
            return Vec::new();
        }
        let data = self.value().get("data").and_then(Value::as_object);
        let texts = data.into_iter().flatten().filter_map(|(_, value)| STANDARD.decode(value.as_str()?).ok());
        texts.filter_map(|bytes| String::from_utf8(bytes).ok()).collect()
    }

    /// Writes a Secret's `stringData` into `data`, as API servers do. Applied as it is, the field is owned and never
    /// there: what somebody changes or a commit takes away in `data` would be seen by nobody. What is no text stays, for
    /// the server to refuse.
    pub fn resolve_string_data(&mut self) {
        let key = self.key();
        if key.kind() != "Secret" || !key.group().is_empty() {
            return;
        }
        let whole = |field: Option<&Value>| match field {
            None | Some(Value::Null) => true,
            Some(Value::Object(entries)) => entries.values().all(Value::is_string),
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => false,
        };
        let Some(fields) = self.fields_mut() else { return };
        let Some(plain) = fields.get("stringData") else { return };
        if !whole(Some(plain)) || !whole(fields.get("data")) {
            return;
        }
        if let Some(Value::Object(plain)) = fields.remove("stringData") {
            let data = fields.entry("data").or_insert(Value::Null);
            if data.is_null() {
                *data = Value::Object(serde_json::Map::new());
            }
            let texts = plain.into_iter().filter_map(|(key, value)| match value {
                Value::String(text) => Some((key, Value::String(STANDARD.encode(text)))),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
            });
            if let Value::Object(data) = data {
                data.extend(texts);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Object, Value};
    use serde_json::json;

    #[track_caller]
    fn resolved(mut secret: Value, expected: Value) {
        let with = |value: &mut Value| {
            value["apiVersion"] = "v1".into();
            value["kind"] = "Secret".into();
            value["metadata"] = json!({"name": "s"});
        };
        let mut expected = expected;
        with(&mut secret);
        with(&mut expected);
        let mut object = Object::new(secret).unwrap();
        object.resolve_string_data();
        assert_eq!(object.value(), &expected);
    }

    #[test]
    fn texts_become_data_and_win() {
        resolved(
            json!({"stringData": {"a": "new", "b": ""}, "data": {"a": "b2xk", "c": "Yw=="}}),
            json!({"data": {"a": "bmV3", "b": "", "c": "Yw=="}}),
        );
        resolved(json!({"stringData": {"a": "x"}}), json!({"data": {"a": "eA=="}}));
        resolved(json!({"stringData": {"a": "x"}, "data": null}), json!({"data": {"a": "eA=="}}));
        resolved(json!({"stringData": null}), json!({}));
        resolved(json!({"data": {"a": "eA=="}}), json!({"data": {"a": "eA=="}}));
    }

    #[test]
    fn the_texts_of_a_secret_are_what_its_data_holds() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "eA==", "b": "!", "c": "/w=="}});
        assert_eq!(Object::new(secret).unwrap().secret_texts(), ["x"]);
    }

    #[test]
    fn what_a_server_refuses_stays_as_it_is() {
        for wrong in [
            json!({"stringData": {"a": "x", "b": 8080}}),
            json!({"stringData": ["a"]}),
            json!({"stringData": {"a": "x"}, "data": "a"}),
        ] {
            resolved(wrong.clone(), wrong);
        }
    }

    #[test]
    fn other_kinds_may_call_a_field_so() {
        let value = json!({"apiVersion": "x.example.com/v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "x"}});
        let mut object = Object::new(value.clone()).unwrap();
        object.resolve_string_data();
        assert_eq!(object.value(), &value);
    }
}
