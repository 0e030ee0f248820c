//! A document as SOPS sees it: members in source order, comments among them.

use crate::buffer::Plaintext;

/// No `Debug`: a tree holds plaintext.
#[derive(Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A point in time, RFC 3339.
    Time(String),
    /// Text in the source, or what was encrypted as text, which may be any bytes.
    Text(Plaintext),
    /// What was encrypted as bytes, as the first implementation of SOPS did.
    Bytes(Plaintext),
    List(Vec<Item>),
    Map(Branch),
}

pub(crate) type Branch = Vec<Entry>;

#[derive(Clone, PartialEq)]
pub(crate) enum Entry {
    Comment(Comment),
    Member(String, Value),
}

#[derive(Clone, PartialEq)]
pub(crate) enum Item {
    Comment(Comment),
    Value(Value),
}

#[derive(Clone, PartialEq)]
pub(crate) struct Comment {
    /// What follows the `#`.
    pub(crate) text: Plaintext,
    /// Stands behind a value, in its line.
    pub(crate) inline: bool,
}

impl Value {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Time(_) => "a point in time",
            Value::Text(_) | Value::Bytes(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// A member of a branch; the first of that name.
pub(crate) fn member<'a>(branch: &'a [Entry], name: &str) -> Option<&'a Value> {
    branch.iter().find_map(|entry| match entry {
        Entry::Member(key, value) if key == name => Some(value),
        Entry::Member(..) | Entry::Comment(_) => None,
    })
}

/// Counts what was read, and refuses to go on beyond a limit.
pub(crate) struct Budget {
    pub(crate) nodes: usize,
    pub(crate) depth: usize,
}

impl Budget {
    pub(crate) fn new(limits: &crate::Limits) -> Self {
        Self { nodes: limits.nodes, depth: limits.depth }
    }

    pub(crate) fn node(&mut self) -> Result<(), crate::SopsError> {
        self.nodes = self.nodes.checked_sub(1).ok_or(crate::SopsError::Limit("values"))?;
        Ok(())
    }

    pub(crate) fn enter(&mut self) -> Result<(), crate::SopsError> {
        self.depth = self.depth.checked_sub(1).ok_or(crate::SopsError::Limit("levels of nesting"))?;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth += 1;
    }
}
