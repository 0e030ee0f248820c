//! Flux's kinds, read field by field into units.
