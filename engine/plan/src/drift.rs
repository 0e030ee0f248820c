//! Whose a contested field is: ours, where it is known that we sent it.

use mainstay_object::{FieldSet, Value};

/// What an API server may have of an object from us.
#[derive(Debug, Default)]
pub struct Sent {
    /// As the last answer confirmed it.
    pub answered: Option<Value>,
    /// As it was sent since, without an answer that was recorded: each may have been carried out, or not.
    pub unanswered: Vec<Value>,
}

impl Sent {
    /// Whether the last answer alone says that a field, written as a server names it in a conflict, is ours.
    pub fn is_known(&self, field: &str) -> bool {
        self.answered.as_ref().is_some_and(|value| has(value, field))
    }

    /// Whether a field is ours, given the fields that the live object says are ours. Among those, one that was never in
    /// an answer proves that a request was carried out that named it; what all such requests had in common was sent.
    pub fn is_ours(&self, field: &str, owned: &FieldSet) -> bool {
        if self.is_known(field) {
            return true;
        }
        if !self.unanswered.iter().any(|value| has(value, field)) {
            return false;
        }
        owned.leaves().paths().iter().map(ToString::to_string).any(|proof| {
            let mut naming = self.unanswered.iter().filter(|value| has(value, &proof)).peekable();
            !self.is_known(&proof) && naming.peek().is_some() && naming.all(|value| has(value, field))
        })
    }
}

/// Follows a path as an API server writes it: `.spec.containers[name="web"].image`, `.data.key`, `.metadata.finalizers["x"]`.
fn has(value: &Value, path: &str) -> bool {
    let mut at = value;
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let Some(end) = closing(after) else { return false };
            let Some(next) = item(at, &after[..end]) else { return false };
            at = next;
            rest = &after[end + 1..];
            continue;
        }
        let after = rest.strip_prefix('.').unwrap_or(rest);
        // A map key may hold dots: the longest key that fits is meant.
        let Some(map) = at.as_object() else { return false };
        let fits = |key: &String| {
            after.strip_prefix(key.as_str()).is_some_and(|r| r.is_empty() || r.starts_with(['.', '[']))
        };
        let Some(key) = map.keys().filter(|k| fits(k)).max_by_key(|k| k.len()) else { return false };
        at = &map[key];
        rest = &after[key.len()..];
    }
    true
}

/// The closing bracket, outside of quotes.
fn closing(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Some(i),
            _ => {}
        }
    }
    None
}

fn item<'a>(list: &'a Value, selector: &str) -> Option<&'a Value> {
    let list = list.as_array()?;
    if let Ok(index) = selector.parse::<usize>() {
        return list.get(index);
    }
    if let Some(text) = selector.strip_prefix('=') {
        let wanted: Value = serde_json::from_str(text).ok()?;
        return list.iter().find(|v| **v == wanted);
    }
    if let Ok(wanted) = serde_json::from_str::<Value>(selector) {
        return list.iter().find(|v| **v == wanted);
    }
    let keys: Vec<(&str, Value)> = selector
        .split(',')
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((name, serde_json::from_str(value).ok()?))
        })
        .collect::<Option<_>>()?;
    // A key left out of the applied object was defaulted by the server.
    list.iter().find(|v| keys.iter().all(|(name, wanted)| v.get(name).is_none_or(|have| have == wanted)))
}

#[cfg(test)]
mod tests {
    use super::{Sent, has};
    use mainstay_object::{FieldSet, Value};
    use serde_json::json;

    #[test]
    fn a_path_of_a_server_is_followed_into_an_object() {
        let object = json!({"data": {"a.b": "1"}, "spec": {"replicas": 1, "ports": [{"port": 80, "name": "http"}],
            "containers": [{"name": "web]\"", "image": "x"}], "set": ["a"]}});
        for path in [
            ".data.a.b",
            ".spec.replicas",
            ".spec.ports[port=80,protocol=\"TCP\"].name",
            ".spec.containers[name=\"web]\\\"\"].image",
            ".spec.set[=\"a\"]",
        ] {
            assert!(has(&object, path), "{path}");
        }
        for path in [
            ".data.c",
            ".spec.ports[port=81].name",
            ".spec.containers[name=\"db\"]",
            ".spec.set[=\"b\"]",
            ".spec[",
            ".x[0]",
        ] {
            assert!(!has(&object, path), "{path}");
        }
    }

    fn map(keys: &[&str]) -> Value {
        let data: serde_json::Map<_, _> = keys.iter().map(|key| ((*key).to_owned(), json!("1"))).collect();
        json!({"data": data})
    }

    fn owned(keys: &[&str]) -> FieldSet {
        let data: serde_json::Map<_, _> = keys.iter().map(|key| (format!("f:{key}"), json!({}))).collect();
        let label = json!({"f:labels": {"f:own": {}}});
        let fields = if data.is_empty() {
            json!({"f:metadata": label})
        } else {
            json!({"f:data": data, "f:metadata": label})
        };
        FieldSet::from_fields_v1(&fields).unwrap()
    }

    #[test]
    fn what_an_answer_confirmed_is_ours_without_further_proof() {
        let sent = Sent { answered: Some(map(&["a"])), unanswered: vec![map(&["a", "b"])] };
        assert!(sent.is_ours(".data.a", &owned(&[])));
        assert!(!sent.is_ours(".data.b", &owned(&["a"])), "the second request may have come to nothing");
        assert!(!sent.is_ours(".data.c", &owned(&["a"])));
    }

    #[test]
    fn a_request_without_an_answer_counts_once_something_that_only_it_named_is_ours() {
        let sent = Sent { answered: None, unanswered: vec![map(&["a", "b"])] };
        assert!(!sent.is_ours(".data.a", &owned(&[])), "somebody else made the object");
        assert!(sent.is_ours(".data.a", &owned(&["b"])));
        assert!(!sent.is_ours(".data.c", &owned(&["b"])));
        let sent = Sent { answered: Some(map(&["a"])), unanswered: vec![map(&["a", "b", "c"])] };
        assert!(sent.is_ours(".data.b", &owned(&["a", "c"])));
    }

    #[test]
    fn of_several_requests_only_what_those_have_in_common_that_may_have_been_carried_out_was_sent() {
        let sent = Sent { answered: None, unanswered: vec![map(&["a", "b"]), map(&["a", "c"])] };
        assert!(!sent.is_ours(".data.b", &owned(&["a"])), "the second may have been the only one");
        assert!(sent.is_ours(".data.b", &owned(&["b"])));
        assert!(sent.is_ours(".data.a", &owned(&["c"])));
        assert!(!sent.is_ours(".data.b", &owned(&["a", "c"])));
    }
}
