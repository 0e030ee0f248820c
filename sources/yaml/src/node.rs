use mainstay_diagnostic::Span;
use serde_json::{Map, Value};

/// A value and where it stands. The value of an alias stands where the alias does, what is inside it where it was
/// anchored.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub span: Span,
    pub value: NodeValue,
}

/// What Kubernetes makes of a node, once it has gone through JSON: `1.0` is the integer 1.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue {
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX` only.
    Uint(u64),
    /// Finite, and neither an [`NodeValue::Int`] nor a [`NodeValue::Uint`].
    Float(f64),
    String(String),
    Sequence(Vec<Node>),
    /// In source order, each key once, merge keys (`<<`) applied.
    Mapping(Vec<(Key, Node)>),
}

/// A key as the JSON string that Kubernetes makes of it: `1:` is `"1"`, `yes:` is `"true"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub text: String,
    pub span: Span,
}

impl Node {
    /// A mapping's member.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// A mapping's member with its key.
    pub fn entry(&self, key: &str) -> Option<(&Key, &Node)> {
        self.as_mapping()?.iter().find(|(k, _)| k.text == key).map(|(k, node)| (k, node))
    }

    /// A member of members, as in `node.path(&["metadata", "name"])`.
    pub fn path(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            NodeValue::String(text) => Some(text),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Int(_)
            | NodeValue::Uint(_)
            | NodeValue::Float(_)
            | NodeValue::Sequence(_)
            | NodeValue::Mapping(_) => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        if let NodeValue::Bool(value) = self.value { Some(value) } else { None }
    }

    pub fn as_i64(&self) -> Option<i64> {
        if let NodeValue::Int(value) = self.value { Some(value) } else { None }
    }

    pub fn as_sequence(&self) -> Option<&[Node]> {
        if let NodeValue::Sequence(items) = &self.value { Some(items) } else { None }
    }

    pub fn as_mapping(&self) -> Option<&[(Key, Node)]> {
        if let NodeValue::Mapping(entries) = &self.value { Some(entries) } else { None }
    }

    pub fn is_null(&self) -> bool {
        self.value == NodeValue::Null
    }

    /// `null`, `boolean`, `number`, `string`, `list` or `map`: words for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "null",
            NodeValue::Bool(_) => "boolean",
            NodeValue::Int(_) | NodeValue::Uint(_) | NodeValue::Float(_) => "number",
            NodeValue::String(_) => "string",
            NodeValue::Sequence(_) => "list",
            NodeValue::Mapping(_) => "map",
        }
    }

    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::from(*value),
            NodeValue::Int(value) => Value::from(*value),
            NodeValue::Uint(value) => Value::from(*value),
            NodeValue::Float(value) => Value::from(*value),
            NodeValue::String(text) => Value::from(text.as_str()),
            NodeValue::Sequence(items) => items.iter().map(Node::to_json).collect(),
            NodeValue::Mapping(entries) => {
                Value::Object(entries.iter().map(|(k, v)| (k.text.clone(), v.to_json())).collect())
            }
        }
    }

    /// [`Node::to_json`] without copying a string.
    pub fn into_json(self) -> Value {
        match self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::from(value),
            NodeValue::Int(value) => Value::from(value),
            NodeValue::Uint(value) => Value::from(value),
            NodeValue::Float(value) => Value::from(value),
            NodeValue::String(text) => Value::String(text),
            NodeValue::Sequence(items) => items.into_iter().map(Node::into_json).collect(),
            NodeValue::Mapping(entries) => Value::Object(
                entries.into_iter().map(|(k, v)| (k.text, v.into_json())).collect::<Map<_, _>>(),
            ),
        }
    }
}
