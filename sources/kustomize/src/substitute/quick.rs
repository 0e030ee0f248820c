//! Substitution leaf by leaf, for the objects where writing and reading their YAML gives the same: simple expressions,
//! values without a character that means anything in YAML. Whatever is not certain is told.
use mainstay_object::Value;
use mainstay_yaml::{Limits, is_plain, load, reads_as_text};
use std::collections::BTreeMap;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Quick {
    /// Nothing stands for a variable.
    Unchanged,
    /// What the texts with expressions become, in the order of [`apply`].
    Changed(Vec<Value>),
    /// Only the written object can tell.
    Unsure,
}

/// Far below every limit of the reader.
const DEEPEST: usize = 40;
const NODES: usize = 50_000;
const BYTES: usize = 1 << 20;

pub(super) fn quick(value: &Value, variables: &BTreeMap<String, String>, most: usize) -> Quick {
    let mut walk = Walk { variables, found: Vec::new(), unsure: false, dollar: false, nodes: 0, bytes: 0 };
    walk.value(value, 0);
    if !walk.dollar {
        return Quick::Unchanged;
    }
    // Escapes, quotes, blanks and breaks included.
    let bytes = walk.bytes.saturating_mul(6) + walk.nodes * (2 * DEEPEST + 8);
    if walk.unsure || walk.nodes > NODES || bytes > BYTES.min(most) {
        return Quick::Unsure;
    }
    Quick::Changed(walk.found)
}

/// Puts what [`quick`] found in its place.
pub(super) fn apply(value: &mut Value, found: &mut impl Iterator<Item = Value>) {
    match value {
        Value::String(text) if text.contains('$') => {
            if let Some(new) = found.next() {
                *value = new;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| apply(item, found)),
        Value::Object(members) => members.values_mut().for_each(|item| apply(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

struct Walk<'a> {
    variables: &'a BTreeMap<String, String>,
    found: Vec<Value>,
    unsure: bool,
    dollar: bool,
    nodes: usize,
    bytes: usize,
}

impl Walk<'_> {
    fn value(&mut self, value: &Value, depth: usize) {
        self.nodes += 1;
        if depth > DEEPEST {
            self.unsure = true;
            // There may be something to substitute: the written object tells.
            self.dollar = true;
            return;
        }
        match value {
            Value::Null | Value::Bool(_) => {}
            // A float may be read as another number than was written.
            Value::Number(number) => self.unsure |= number.as_i64().is_none(),
            Value::String(text) => {
                self.bytes += text.len();
                if text.contains('$') {
                    self.dollar = true;
                    self.text(text);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.value(item, depth + 1)),
            Value::Object(members) => {
                for (key, item) in members {
                    self.bytes += key.len();
                    if key.contains('$') {
                        self.dollar = true;
                        self.unsure = true;
                    }
                    self.value(item, depth + 1);
                }
            }
        }
    }

    fn text(&mut self, text: &str) {
        let Some(new) = expand(text, self.variables) else {
            self.unsure = true;
            return;
        };
        self.bytes += new.len();
        if !is_plain(text) || reads_as_text(&new) {
            self.found.push(Value::String(new));
        } else {
            match scalar(&new) {
                Some(new) => self.found.push(new),
                None => self.unsure = true,
            }
        }
    }
}

/// What a plain scalar that is no text is read as.
fn scalar(text: &str) -> Option<Value> {
    let loaded = load("", text.as_bytes(), &Limits::default());
    let sure = loaded.diagnostics.is_empty() && loaded.documents.len() == 1;
    let value = loaded.documents.into_iter().next().filter(|_| sure)?.root.into_json();
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// `$$`, and `${name}` with a tame value.
fn expand(text: &str, variables: &BTreeMap<String, String>) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let (name, after) = after.split_once('}')?;
            let named = !name.is_empty() && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
            out.push_str(variables.get(name).filter(|value| named && is_tame(value))?);
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    Some(out)
}

/// Whatever stands around it, it means nothing in YAML: no blank, nothing special at either end.
fn is_tame(value: &str) -> bool {
    let alphanumeric = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = value.as_bytes();
    alphanumeric(bytes.first())
        && alphanumeric(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"._/-:@+=".contains(b))
}
