//! Apply and health.
use crate::Code;

pub static ALL: &[&Code] = &[];
