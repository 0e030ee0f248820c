//! What an expression says, before names and types are looked at.

use crate::value::Value;

#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Where an error about it points, in bytes.
    pub at: usize,
    pub depth: usize,
    pub expr: Expr,
}

#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Literal(Value),
    /// A name; one that starts with a dot is looked for among the globals only.
    Name(String),
    Select {
        operand: Box<Node>,
        field: String,
        optional: bool,
    },
    Has {
        operand: Box<Node>,
        field: String,
    },
    Index {
        operand: Box<Node>,
        index: Box<Node>,
        optional: bool,
    },
    /// Operators too, by cel-go's names for them.
    Call {
        function: String,
        target: Option<Box<Node>>,
        args: Vec<Node>,
    },
    And(Vec<Node>),
    Or(Vec<Node>),
    Conditional(Box<[Node; 3]>),
    List(Vec<Item>),
    Map(Vec<Entry>),
    Message(String),
    Comprehension(Box<Comprehension>),
    /// `cel.bind(name, value, body)`.
    Bind {
        name: String,
        value: Box<Node>,
        body: Box<Node>,
    },
    /// `target.optMap(name, body)`; flat where the body gives an optional itself.
    OptMap {
        target: Box<Node>,
        name: String,
        body: Box<Node>,
        flat: bool,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub value: Node,
    pub optional: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub key: Node,
    pub value: Node,
    pub optional: bool,
}

impl Expr {
    /// Of the deepest part.
    pub(crate) fn depth(&self) -> usize {
        let all = |nodes: &[Node]| nodes.iter().map(|n| n.depth).max().unwrap_or(0);
        match self {
            Self::Literal(_) | Self::Name(_) | Self::Message(_) => 0,
            Self::Select { operand, .. } | Self::Has { operand, .. } => operand.depth,
            Self::Index { operand, index, .. } => operand.depth.max(index.depth),
            Self::Call { target, args, .. } => target.as_ref().map_or(0, |t| t.depth).max(all(args)),
            Self::And(terms) | Self::Or(terms) => all(terms),
            Self::Conditional(parts) => all(&parts[..]),
            Self::List(items) => items.iter().map(|i| i.value.depth).max().unwrap_or(0),
            Self::Map(entries) => entries.iter().map(|e| e.key.depth.max(e.value.depth)).max().unwrap_or(0),
            Self::Comprehension(loops) => {
                let filter = loops.filter.as_ref().map_or(0, |f| f.depth);
                loops.range.depth.max(filter).max(loops.body.depth)
            }
            Self::Bind { value, body, .. } => value.depth.max(body.depth),
            Self::OptMap { target, body, .. } => target.depth.max(body.depth),
        }
    }
}

/// A loop over a list's elements or a map's keys; with two names over index and element, or key and value.
#[derive(Debug, Clone)]
pub(crate) struct Comprehension {
    pub kind: Loop,
    pub range: Node,
    pub first: String,
    pub second: Option<String>,
    /// What decides whether an element counts, where the loop has one beside its body.
    pub filter: Option<Node>,
    pub body: Node,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loop {
    All,
    Exists,
    ExistsOne,
    /// Of one name: a list of the body's values.
    Map,
    Filter,
    /// Of two names: a list, a map by the same keys, a map of the entries that the body gives.
    TransformList,
    TransformMap,
    TransformMapEntry,
    SortBy,
}
