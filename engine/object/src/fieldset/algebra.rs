use super::{FieldSet, Node};
use std::cmp::Ordering;

impl FieldSet {
    /// Members of either.
    pub fn union(&self, other: &Self) -> Self {
        combine(self, other, |pair| match pair {
            Pair::Left(node) | Pair::Right(node) => Some(node.clone()),
            Pair::Both(left, right) => Some(Node {
                element: left.element.clone(),
                member: left.member || right.member,
                children: left.children.union(&right.children),
            }),
        })
    }

    /// Members of both.
    pub fn intersection(&self, other: &Self) -> Self {
        combine(self, other, |pair| match pair {
            Pair::Left(_) | Pair::Right(_) => None,
            Pair::Both(left, right) => {
                node(left, left.member && right.member, left.children.intersection(&right.children))
            }
        })
    }

    /// Members that are not members of the other. Children are not covered by their parents: without `a`, `a.b` stays.
    pub fn difference(&self, other: &Self) -> Self {
        combine(self, other, |pair| match pair {
            Pair::Left(left) => Some(left.clone()),
            Pair::Right(_) => None,
            Pair::Both(left, right) => {
                node(left, left.member && !right.member, left.children.difference(&right.children))
            }
        })
    }

    /// As `difference`, in place.
    pub(crate) fn subtract(&mut self, other: &Self) {
        self.nodes.retain_mut(|node| {
            if let Some(there) = other.node(&node.element) {
                node.member &= !there.member;
                node.children.subtract(&there.children);
            }
            node.member || !node.children.is_empty()
        });
    }

    /// As `difference`, and without anything below a member of the other.
    pub fn recursive_difference(&self, other: &Self) -> Self {
        combine(self, other, |pair| match pair {
            Pair::Left(left) => Some(left.clone()),
            Pair::Right(_) => None,
            Pair::Both(_, right) if right.member => None,
            Pair::Both(left, right) => {
                node(left, left.member, left.children.recursive_difference(&right.children))
            }
        })
    }

    /// Members that have nothing below them.
    pub fn leaves(&self) -> Self {
        let nodes = self
            .nodes
            .iter()
            .filter_map(|each| node(each, each.member && each.children.is_empty(), each.children.leaves()));
        Self { nodes: nodes.collect() }
    }

    /// Whether every member is one of the other.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.nodes.iter().all(|node| match other.node(&node.element) {
            Some(there) => (there.member || !node.member) && node.children.is_subset(&there.children),
            None => false,
        })
    }
}

enum Pair<'a> {
    Left(&'a Node),
    Right(&'a Node),
    Both(&'a Node, &'a Node),
}

/// Nodes that hold nothing are left out.
fn node(of: &Node, member: bool, children: FieldSet) -> Option<Node> {
    (member || !children.is_empty()).then(|| Node { element: of.element.clone(), member, children })
}

fn combine(left: &FieldSet, right: &FieldSet, keep: impl Fn(Pair<'_>) -> Option<Node>) -> FieldSet {
    let mut nodes = Vec::with_capacity(left.nodes.len());
    let (mut lefts, mut rights) = (left.nodes.iter().peekable(), right.nodes.iter().peekable());
    loop {
        let order = match (lefts.peek(), rights.peek()) {
            (None, None) => return FieldSet { nodes },
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => left.element.cmp(&right.element),
        };
        let left = if order.is_le() { lefts.next() } else { None };
        let right = if order.is_ge() { rights.next() } else { None };
        let kept = match (left, right) {
            (Some(left), Some(right)) => keep(Pair::Both(left, right)),
            (Some(left), None) => keep(Pair::Left(left)),
            (None, Some(right)) => keep(Pair::Right(right)),
            (None, None) => None,
        };
        nodes.extend(kept);
    }
}
