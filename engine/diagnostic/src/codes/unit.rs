//! Units and their graph.
use crate::Code;

pub static ALL: &[&Code] = &[];
