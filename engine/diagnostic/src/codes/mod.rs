//! Every code there is, one file per area. An id says its area: 1 YAML, 2 native kinds, 3 Flux kinds, 4 rendering,
//! 5 units and graph, 6 sources, 7 apply and health.

pub mod apply;
pub mod flux;
pub mod kustomize;
pub mod native;
pub mod render;
pub mod source;
pub mod unit;
pub mod yaml;

use crate::Code;

/// All of them, in order of their ids.
pub fn all() -> impl Iterator<Item = &'static Code> {
    [yaml::ALL, native::ALL, flux::ALL, kustomize::ALL, render::ALL, unit::ALL, source::ALL, apply::ALL]
        .into_iter()
        .flatten()
        .copied()
}

pub fn find(id: &str) -> Option<&'static Code> {
    all().find(|code| code.id.eq_ignore_ascii_case(id))
}
