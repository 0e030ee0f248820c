use super::{FieldSet, Node};
use crate::PathElement;

/// Which fields may come to be owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldFilter {
    /// All but these and what is below them.
    Exclude(FieldSet),
    /// Only what the pattern names, what is below that, and what leads to it.
    Include(FieldPattern),
}

/// Patterns of paths, as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldPattern {
    /// Everything from here on.
    All,
    Steps(Vec<(PatternStep, FieldPattern)>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternStep {
    /// Any element; steps beside it that name one are not looked at.
    Any,
    Element(PathElement),
}

impl FieldFilter {
    pub fn apply(&self, set: &FieldSet) -> FieldSet {
        match self {
            Self::Exclude(fields) => set.recursive_difference(fields),
            Self::Include(pattern) => pattern.restrict(set),
        }
    }

    /// As `apply`; a set that passes whole is not copied.
    pub(crate) fn pass(&self, set: FieldSet) -> FieldSet {
        match self {
            Self::Exclude(fields) if fields.nodes.iter().all(|node| set.node(&node.element).is_none()) => set,
            Self::Include(FieldPattern::All) => set,
            Self::Exclude(_) | Self::Include(_) => self.apply(&set),
        }
    }

    /// Whether all fields of an object that lie below one of its own fields pass.
    pub(crate) fn leaves_alone(&self, name: &str) -> bool {
        match self {
            Self::Exclude(fields) => fields.field(name).is_none(),
            Self::Include(pattern) => *pattern == FieldPattern::All,
        }
    }
}

impl FieldPattern {
    fn restrict(&self, set: &FieldSet) -> FieldSet {
        let steps = match self {
            Self::All => return set.clone(),
            Self::Steps(steps) => steps,
        };
        let below = |element: &PathElement| {
            let any = steps.iter().find(|(step, _)| *step == PatternStep::Any);
            let found = any.or_else(|| {
                steps.iter().find(|(step, _)| matches!(step, PatternStep::Element(it) if it == element))
            });
            found.map(|(_, below)| below)
        };
        let nodes = set.nodes.iter().filter_map(|node| {
            let children = below(&node.element)?.restrict(&node.children);
            let kept = node.member || !children.is_empty();
            kept.then(|| Node { element: node.element.clone(), member: node.member, children })
        });
        FieldSet { nodes: nodes.collect() }
    }
}
