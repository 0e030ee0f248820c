//! Rendering.
use crate::Code;

pub static ALL: &[&Code] = &[];
