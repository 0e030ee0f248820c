//! JSON pointers (RFC 6901) into nodes.
use crate::{Key, Node, NodeValue};
use mainstay_diagnostic::Span;
use std::borrow::Cow;

impl Node {
    /// The node at a JSON pointer: `""` is this one.
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        match self.walk(pointer) {
            Walk { node, whole: true, .. } => Some(node),
            Walk { whole: false, .. } => None,
        }
    }

    /// Where the deepest existing node on a JSON pointer's way stands: the place to show for an error that was found
    /// on JSON.
    pub fn nearest(&self, pointer: &str) -> Span {
        self.walk(pointer).node.span
    }

    /// As [`Node::nearest`], but the key that holds the node where there is one: the place to show for an error about
    /// the field itself.
    pub fn nearest_key(&self, pointer: &str) -> Span {
        let walk = self.walk(pointer);
        walk.key.map_or(walk.node.span, |key| key.span)
    }

    fn walk(&self, pointer: &str) -> Walk<'_> {
        let mut at = Walk { node: self, key: None, whole: true };
        for token in pointer.split('/').skip(1) {
            let token = unescape(token);
            let next = match &at.node.value {
                NodeValue::Mapping(_) => at.node.entry(&token).map(|(key, node)| (Some(key), node)),
                NodeValue::Sequence(items) => {
                    token.parse::<usize>().ok().and_then(|i| items.get(i)).map(|node| (None, node))
                }
                NodeValue::Null
                | NodeValue::Bool(_)
                | NodeValue::Int(_)
                | NodeValue::Uint(_)
                | NodeValue::Float(_)
                | NodeValue::String(_) => None,
            };
            match next {
                Some((key, node)) => at = Walk { node, key, whole: true },
                None => return Walk { whole: false, ..at },
            }
        }
        at
    }
}

struct Walk<'a> {
    node: &'a Node,
    key: Option<&'a Key>,
    whole: bool,
}

fn unescape(token: &str) -> Cow<'_, str> {
    if token.contains('~') { token.replace("~1", "/").replace("~0", "~").into() } else { token.into() }
}
