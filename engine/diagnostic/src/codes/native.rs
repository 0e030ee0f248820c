//! Mainstay's own kinds.
use crate::Code;

pub static ALL: &[&Code] = &[];
