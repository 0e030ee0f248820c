//! Mainstay's own kinds, read into units.
