//! Flux kinds.
use crate::Code;

pub static ALL: &[&Code] = &[];
