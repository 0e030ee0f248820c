//! The transformations of a kustomization, each a function over the objects so far.
pub(crate) mod image;
pub(crate) mod labels;
pub(crate) mod name;
pub(crate) mod namespace;
pub(crate) mod patch;
pub(crate) mod reference;
pub(crate) mod replacement;
pub(crate) mod replica;
pub(crate) mod sort;
pub(crate) mod variable;
