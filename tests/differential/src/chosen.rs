//! Addresses and ports that a server chooses for a Service: each server others. A step names them by the order in which
//! they came up, and each server is sent its own; in answers they look alike, wherever a patch has copied them.

use serde_json::{Value, json};

#[derive(Debug, Clone, Default)]
pub struct Chosen(Vec<Value>);

const MARK: &str = "@chosen:";

impl Chosen {
    /// Notes what is new in an object that the server has shown.
    pub fn note(&mut self, object: &Value) {
        if object["kind"] != "Service" {
            return;
        }
        let spec = &object["spec"];
        let list = |name: &str| spec[name].as_array().into_iter().flatten();
        let ports = list("ports").map(|port| &port["nodePort"]).chain([&spec["healthCheckNodePort"]]);
        let addresses = list("clusterIPs").chain([&spec["clusterIP"]]);
        let ports = ports.filter(|port| port.as_u64().is_some_and(|port| port >= 30_000));
        let addresses = addresses.filter(|ip| ip.as_str().is_some_and(|ip| ip.starts_with("10.")));
        for value in addresses.chain(ports) {
            if !self.0.contains(value) {
                self.0.push(value.clone());
            }
        }
    }

    /// A value with marks in place of what was chosen.
    pub fn marked(&self, value: &Value) -> Value {
        mapped(value, &|leaf| {
            let at = self.0.iter().position(|chosen| chosen == leaf)?;
            Some(json!(format!("{MARK}{at}")))
        })
    }

    /// A value with what this server chose in place of marks.
    pub fn unmarked(&self, value: &Value) -> Value {
        mapped(value, &|leaf| {
            let at: usize = leaf.as_str()?.strip_prefix(MARK)?.parse().ok()?;
            self.0.get(at).cloned()
        })
    }

    /// An answer without what was chosen, as a value or in a text.
    pub fn hide(&self, answer: &mut Value) {
        if self.0.is_empty() {
            return;
        }
        match answer {
            Value::Null | Value::Bool(_) => {}
            Value::Number(_) if self.0.contains(answer) => *answer = json!("chosen"),
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
        for chosen in &self.0 {
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
