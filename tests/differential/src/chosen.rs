//! Addresses and ports that a server chooses for a Service: each server others. A step names them by the order in which
//! they came up, and each server is sent its own; in answers they look alike, wherever a patch has copied them.
//!
//! One server may choose again what it chose before where the other does not, so what comes up again counts anew. What a
//! dry run has chosen is nobody's afterwards: it is hidden, and has no name.

use serde_json::{Value, json};

#[derive(Debug, Clone, Default)]
pub struct Chosen {
    named: Vec<Value>,
    passing: Vec<Value>,
}

const MARK: &str = "@chosen:";

impl Chosen {
    /// Notes what is new in an object that the server has stored in place of `live`.
    pub fn note(&mut self, object: &Value, live: Option<&Value>) {
        let before = live.map(chosen_in).unwrap_or_default();
        self.named.extend(chosen_in(object).into_iter().filter(|value| !before.contains(value)));
    }

    /// Notes what is in an object that the server has only shown.
    pub fn note_passing(&mut self, object: &Value) {
        self.passing.extend(chosen_in(object));
    }

    /// A value with marks in place of what was chosen.
    pub fn marked(&self, value: &Value) -> Value {
        mapped(value, &|leaf| {
            let at = self.named.iter().rposition(|chosen| chosen == leaf)?;
            Some(json!(format!("{MARK}{at}")))
        })
    }

    /// A value with what this server chose in place of marks.
    pub fn unmarked(&self, value: &Value) -> Value {
        mapped(value, &|leaf| {
            let at: usize = leaf.as_str()?.strip_prefix(MARK)?.parse().ok()?;
            self.named.get(at).cloned()
        })
    }

    fn all(&self) -> impl Iterator<Item = &Value> {
        self.named.iter().chain(&self.passing)
    }

    /// An answer without what was chosen, as a value or in a text.
    pub fn hide(&self, answer: &mut Value) {
        match answer {
            Value::Null | Value::Bool(_) => {}
            Value::Number(_) if self.all().any(|chosen| chosen == answer) => *answer = json!("chosen"),
            Value::Number(_) => {}
            Value::String(text) => *text = self.hidden(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide(item)),
            Value::Object(map) => {
                let entries = std::mem::take(map).into_iter().map(|(name, mut value)| {
                    self.hide(&mut value);
                    (self.hidden(&name), value)
                });
                *map = entries.collect();
            }
        }
    }

    fn hidden(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for chosen in self.all() {
            // A quoted document must still be one.
            let (shown, hidden) = match chosen.as_str() {
                Some(text) => (text.to_owned(), "chosen"),
                None => (chosen.to_string(), "0"),
            };
            text = without(&text, &shown, hidden);
        }
        text
    }
}

/// Each once.
fn chosen_in(object: &Value) -> Vec<Value> {
    if object["kind"] != "Service" {
        return Vec::new();
    }
    let spec = &object["spec"];
    let list = |name: &str| spec[name].as_array().into_iter().flatten();
    let ports = list("ports").map(|port| &port["nodePort"]).chain([&spec["healthCheckNodePort"]]);
    let addresses = list("clusterIPs").chain([&spec["clusterIP"]]);
    let ports = ports.filter(|port| port.as_u64().is_some_and(|port| port >= 30_000));
    let addresses = addresses.filter(|ip| ip.as_str().is_some_and(|ip| ip.starts_with("10.")));
    let mut found = Vec::new();
    for value in addresses.chain(ports) {
        if !found.contains(value) {
            found.push(value.clone());
        }
    }
    found
}

/// The text with something else where the number or address stands alone.
fn without(text: &str, gone: &str, hidden: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(gone) {
        let (before, after) = (&rest[..at], &rest[at + gone.len()..]);
        let digit = |c: char| c.is_ascii_digit();
        // Part of a longer number or address, or of a range such as 30000-32767.
        let joined = |c: char| c == '.' || c == '-';
        let longer = before.ends_with(digit)
            || before.strip_suffix(joined).is_some_and(|before| before.ends_with(digit))
            || after.starts_with(digit)
            || after.strip_prefix(joined).is_some_and(|after| after.starts_with(digit));
        out.push_str(before);
        out.push_str(if longer { gone } else { hidden });
        rest = after;
    }
    out + rest
}

fn mapped(value: &Value, change: &impl Fn(&Value) -> Option<Value>) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            change(value).unwrap_or_else(|| value.clone())
        }
        Value::Array(items) => items.iter().map(|item| mapped(item, change)).collect(),
        Value::Object(map) => {
            let entries = map.iter().map(|(name, value)| (name.clone(), mapped(value, change)));
            Value::Object(entries.collect())
        }
    }
}
