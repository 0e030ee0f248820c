//! What is copied within a build: each copy is paid for like a file that is read, and none may nest deeper than files do.
use crate::node::Node;
use crate::problem::Problem;
use mainstay_diagnostic::codes::kustomize as codes;
use serde_json::Value;

/// Pays for bytes; an error once a build has made too many.
pub(crate) type Pay<'p> = &'p dyn Fn(usize) -> Result<(), Problem>;

/// Collections within collections. What is deeper is neither walked through nor written without exhausting a stack.
pub(crate) const DEPTH: usize = 100;

/// What a node takes beside its text, roughly.
const NODE: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub bytes: usize,
    /// None for a scalar.
    pub depth: usize,
}

impl Cost {
    const fn scalar(bytes: usize) -> Self {
        Self { bytes: bytes + NODE, depth: 0 }
    }

    fn around(self, below: Self) -> Self {
        Self { bytes: self.bytes + below.bytes, depth: self.depth.max(below.depth + 1) }
    }

    pub(crate) fn of_value(value: &Value) -> Self {
        let empty = Self { bytes: NODE, depth: 1 };
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::scalar(0),
            Value::String(text) => Self::scalar(text.len()),
            Value::Array(items) => items.iter().map(Self::of_value).fold(empty, Self::around),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| {
                    let Self { bytes, depth } = Self::of_value(value);
                    Self { bytes: bytes + name.len(), depth }
                })
                .fold(empty, Self::around),
        }
    }

    pub(crate) fn of_node(node: &Node) -> Self {
        let empty = Self { bytes: NODE, depth: 1 };
        match node {
            Node::Scalar(scalar) => Self::scalar(scalar.text.len()),
            Node::Seq(items) => items.iter().map(Self::of_node).fold(empty, Self::around),
            Node::Map(entries) => entries
                .iter()
                .map(|(name, node)| {
                    let Self { bytes, depth } = Self::of_node(node);
                    Self { bytes: bytes + name.text.len(), depth }
                })
                .fold(empty, Self::around),
        }
    }
}

/// A path of so many fields, and what is put there.
pub(crate) fn deep(fields: usize, below: usize) -> Result<(), Problem> {
    if fields.saturating_add(below) <= DEPTH {
        return Ok(());
    }
    Err(Problem::new(&codes::LIMIT, format!("what is made is nested deeper than {DEPTH} levels")))
}
