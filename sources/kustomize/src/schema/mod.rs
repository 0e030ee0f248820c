//! What merging needs of OpenAPI documents: which lists merge, and by which keys. Built in is the part of Kubernetes
//! 1.21 that kustomize 5.5 has built in; a newer table would merge lists that kustomize replaces. `openapi` in a
//! kustomization puts another document in its place.
mod document;
mod state;
mod table;

pub(crate) use state::State;
pub(crate) use table::{Schema, Table};
