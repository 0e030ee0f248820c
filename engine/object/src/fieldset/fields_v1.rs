use super::{FieldSet, Node};
use crate::schema::{ListRelation, ListType};
use crate::{MAX_DEPTH, PathElement, Types};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use thiserror::Error;

/// Why `FieldsV1` can't be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FieldSetError {
    #[error("fields must be a mapping")]
    NotAMapping,
    #[error("{0:?} is not a path element")]
    PathElement(String),
    #[error("fields are nested deeper than {MAX_DEPTH}")]
    Depth,
}

impl FieldSet {
    /// Reads `FieldsV1`. Kinds of path elements that later versions may invent are skipped, as an API server does.
    pub fn from_fields_v1(json: &Value) -> Result<Self, FieldSetError> {
        match json {
            Value::Null => Ok(Self::default()),
            Value::Object(map) => read(map, 0).map(|(set, _)| set),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(FieldSetError::NotAMapping)
            }
        }
    }

    /// Writes `FieldsV1`: `{"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:image":{}}}}}`.
    pub fn to_fields_v1(&self) -> Value {
        Value::Object(self.write(false))
    }

    fn write(&self, and_self: bool) -> Map<String, Value> {
        let empty = || Value::Object(Map::new());
        let mut map = Map::new();
        if and_self && !self.is_empty() {
            map.insert(".".to_owned(), empty());
        }
        for node in &self.nodes {
            map.insert(write_element(&node.element), Value::Object(node.children.write(node.member)));
        }
        map
    }
}

/// The set, and whether the mapping says that its own path is a member.
fn read(map: &Map<String, Value>, depth: usize) -> Result<(FieldSet, bool), FieldSetError> {
    if depth > MAX_DEPTH {
        return Err(FieldSetError::Depth);
    }
    let mut set = FieldSet::default();
    let mut member = false;
    for (key, value) in map {
        if key == "." {
            member = true;
            continue;
        }
        let Some(element) = read_element(key)? else { continue };
        let below = value.as_object().ok_or(FieldSetError::NotAMapping)?;
        let (children, child_is_member) = read(below, depth + 1)?;
        let node = Node { element, member: child_is_member, children };
        match set.find(&node.element) {
            // Two spellings of one element, such as `v:1` and `v:1.0`.
            Ok(at) => {
                let both = &mut set.nodes[at];
                both.member |= node.member;
                both.children = both.children.union(&node.children);
            }
            Err(at) => set.nodes.insert(at, node),
        }
    }
    member |= set.is_empty();
    Ok((set, member))
}

fn read_element(text: &str) -> Result<Option<PathElement>, FieldSetError> {
    let bad = || FieldSetError::PathElement(text.to_owned());
    let (kind, rest) = text.split_once(':').ok_or_else(bad)?;
    Ok(Some(match kind {
        "f" => PathElement::Field(rest.to_owned()),
        "v" => PathElement::Value(serde_json::from_str(rest).map_err(|_| bad())?),
        "k" => PathElement::Key(serde_json::from_str::<BTreeMap<String, Value>>(rest).map_err(|_| bad())?),
        "i" => PathElement::Index(rest.parse().map_err(|_| bad())?),
        other if other.len() == 1 => return Ok(None),
        _ => return Err(bad()),
    }))
}

/// As what is written of the item's path element, which need not be made for it.
pub(crate) fn write_item_key(out: &mut String, types: &Types, list: &ListType, item: &Value) -> Option<()> {
    let keys = match &list.relation {
        ListRelation::Atomic => return None,
        ListRelation::Set => {
            out.push_str("v:");
            return write_scalar(out, item);
        }
        ListRelation::Map(keys) => keys,
    };
    let fields = item.as_object()?;
    let mut named: Vec<(&str, &Value)> = Vec::with_capacity(keys.len());
    for name in keys {
        let given = fields.get(name).or_else(|| types.key_default(list, name));
        named.extend(given.map(|value| (name.as_str(), value)));
    }
    named.sort_unstable_by_key(|(name, _)| *name);
    named.dedup_by_key(|(name, _)| *name);
    if named.is_empty() {
        return None;
    }
    out.push_str("k:");
    for (i, (name, value)) in named.into_iter().enumerate() {
        out.push(if i == 0 { '{' } else { ',' });
        write_text(out, name);
        out.push(':');
        write_scalar(out, value)?;
    }
    out.push('}');
    Some(())
}

/// `None` for lists and maps: what is named by such is left to those who have time.
fn write_scalar(out: &mut String, value: &Value) -> Option<()> {
    match value {
        Value::String(text) => write_text(out, text),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    }
    Some(())
}

fn write_text(out: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

fn write_element(element: &PathElement) -> String {
    match element {
        PathElement::Field(name) => format!("f:{name}"),
        PathElement::Value(value) => format!("v:{value}"),
        PathElement::Index(index) => format!("i:{index}"),
        PathElement::Key(key) => {
            let mut text = String::with_capacity(32);
            text.push_str("k:{");
            for (i, (name, value)) in key.iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                write_text(&mut text, name);
                text.push(':');
                if write_scalar(&mut text, value).is_none() {
                    text.push_str(&value.to_string());
                }
            }
            text.push('}');
            text
        }
    }
}
