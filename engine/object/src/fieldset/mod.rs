//! Sets of field paths: who owns what, what changed, what to keep.

mod algebra;
mod extract;
mod fields_v1;
mod filter;
mod of;
mod pairs;
#[cfg(test)]
mod tests;

pub use extract::{extract, owned_digest};
pub use fields_v1::FieldSetError;
pub(crate) use fields_v1::write_item_key;
pub use filter::{FieldFilter, FieldPattern, PatternStep};
pub(crate) use of::item_element;
pub(crate) use pairs::Pairs;

use crate::{FieldPath, PathElement, TypeId, Types};

/// A set of field paths, as a tree. Members are the paths in the set; a path may be a member without its parents and
/// with or without its children. The empty path (the whole object) is never a member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldSet {
    /// Sorted by element, each once; no node is neither member nor parent.
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub element: PathElement,
    pub member: bool,
    pub children: FieldSet,
}

impl FieldSet {
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.nodes.iter().map(|node| usize::from(node.member) + node.children.len()).sum()
    }

    pub fn insert(&mut self, path: &FieldPath) {
        self.insert_elements(&path.0);
    }

    pub(crate) fn insert_elements(&mut self, path: &[PathElement]) {
        let Some((first, rest)) = path.split_first() else { return };
        let at = match self.find(first) {
            Ok(at) => at,
            Err(at) => {
                let node = Node { element: first.clone(), member: false, children: Self::default() };
                self.nodes.insert(at, node);
                at
            }
        };
        let node = &mut self.nodes[at];
        if rest.is_empty() {
            node.member = true;
        } else {
            node.children.insert_elements(rest);
        }
    }

    /// Whether the path is a member.
    pub fn has(&self, path: &FieldPath) -> bool {
        let Some((last, parents)) = path.0.split_last() else { return false };
        let parent =
            parents.iter().try_fold(self, |set, element| set.node(element).map(|node| &node.children));
        parent.and_then(|set| set.node(last)).is_some_and(|node| node.member)
    }

    /// The members, on each level before what is below any of them: the order in which an API server lists conflicts.
    pub fn paths(&self) -> Vec<FieldPath> {
        let mut paths = Vec::with_capacity(self.len());
        self.collect(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect(&self, prefix: &mut Vec<PathElement>, into: &mut Vec<FieldPath>) {
        let mut visit = |node: &Node, children: bool| {
            prefix.push(node.element.clone());
            if children {
                node.children.collect(prefix, into);
            } else {
                into.push(FieldPath(prefix.clone()));
            }
            prefix.pop();
        };
        self.nodes.iter().filter(|node| node.member).for_each(|node| visit(node, false));
        self.nodes.iter().filter(|node| !node.children.is_empty()).for_each(|node| visit(node, true));
    }

    pub(crate) fn node(&self, element: &PathElement) -> Option<&Node> {
        self.find(element).ok().map(|at| &self.nodes[at])
    }

    /// The node of a field, found without building a path element.
    pub(crate) fn field(&self, name: &str) -> Option<&Node> {
        let found = self.nodes.binary_search_by(|node| match &node.element {
            PathElement::Field(field) => field.as_str().cmp(name),
            PathElement::Key(_) | PathElement::Value(_) | PathElement::Index(_) => {
                std::cmp::Ordering::Greater
            }
        });
        found.ok().map(|at| &self.nodes[at])
    }

    fn find(&self, element: &PathElement) -> Result<usize, usize> {
        self.nodes.binary_search_by(|node| node.element.cmp(element))
    }

    /// The set with every declared field that leads to a member made a member too: an owner of `spec.replicas` then
    /// owns `spec`, while an owner of a map's entry does not own the map.
    pub(crate) fn with_named_parents(&self, types: &Types, id: Option<TypeId>) -> Self {
        let nodes = self.nodes.iter().map(|node| {
            let (declared, child) = match (&node.element, id) {
                (PathElement::Field(name), Some(id)) => types.declared(id, name),
                (PathElement::Key(_), Some(id)) => (false, types.element(id)),
                (PathElement::Value(_) | PathElement::Index(_), _) | (_, None) => (false, None),
            };
            Node {
                element: node.element.clone(),
                member: node.member || (declared && !node.children.is_empty()),
                children: node.children.with_named_parents(types, child),
            }
        });
        Self { nodes: nodes.collect() }
    }
}

impl FromIterator<FieldPath> for FieldSet {
    fn from_iter<I: IntoIterator<Item = FieldPath>>(paths: I) -> Self {
        let mut set = Self::default();
        paths.into_iter().for_each(|path| set.insert(&path));
        set
    }
}
