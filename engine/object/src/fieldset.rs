use crate::{FieldPath, PathElement, TypeId, Types};
use serde_json::Value;
use thiserror::Error;

/// A set of field paths, as a tree. Members are the paths in the set; a path may be a member without its parents and
/// with or without its children.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldSet {
    /// Sorted; no entry is neither member nor parent.
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    element: PathElement,
    member: bool,
    children: FieldSet,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FieldSetError {
    #[error("fields must be a mapping")]
    NotAMapping,
    #[error("no such kind of path element: {0}")]
    PathElement(String),
    #[error("fields are nested deeper than {0}")]
    Depth(usize),
}

impl FieldSet {
    /// Every leaf and every list item or map entry that the value has: what its writer owns.
    pub fn of(value: &Value, types: &Types, id: TypeId) -> Self {
        todo!("{value} {types:?} {id:?}")
    }
    /// Reads `FieldsV1`.
    pub fn from_fields_v1(json: &Value) -> Result<Self, FieldSetError> {
        todo!("{json}")
    }
    /// Writes `FieldsV1`.
    pub fn to_fields_v1(&self) -> Value {
        todo!()
    }
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
    /// The number of members.
    pub fn len(&self) -> usize {
        self.nodes.iter().map(|node| usize::from(node.member) + node.children.len()).sum()
    }
    pub fn insert(&mut self, path: &FieldPath) {
        todo!("{path}")
    }
    pub fn has(&self, path: &FieldPath) -> bool {
        todo!("{path}")
    }
    pub fn union(&self, other: &Self) -> Self {
        todo!("{other:?}")
    }
    pub fn intersection(&self, other: &Self) -> Self {
        todo!("{other:?}")
    }
    /// Members that are not members of the other.
    pub fn difference(&self, other: &Self) -> Self {
        todo!("{other:?}")
    }
    /// As `difference`, and without anything below a member of the other.
    pub fn recursive_difference(&self, other: &Self) -> Self {
        todo!("{other:?}")
    }
    /// Members that have no member below them.
    pub fn leaves(&self) -> Self {
        todo!()
    }
    /// Members in order.
    pub fn paths(&self) -> Vec<FieldPath> {
        todo!()
    }
}

impl FromIterator<FieldPath> for FieldSet {
    fn from_iter<I: IntoIterator<Item = FieldPath>>(paths: I) -> Self {
        let mut set = Self::default();
        paths.into_iter().for_each(|path| set.insert(&path));
        set
    }
}

/// The value restricted to the set: leaves that are members, and the containers and list keys that lead to them.
pub fn extract(value: &Value, set: &FieldSet, types: &Types, id: TypeId) -> Value {
    todo!("{value} {set:?} {types:?} {id:?}")
}

/// The digest of what `extract` gives, with the same result for the same fields whatever else the object holds.
/// Sets and keyed lists count as unordered.
pub fn owned_digest(value: &Value, set: &FieldSet, types: &Types, id: TypeId) -> crate::Digest {
    todo!("{value} {set:?} {types:?} {id:?}")
}
