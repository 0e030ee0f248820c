//! Sources.
use crate::Code;

pub static ALL: &[&Code] = &[];
