//! Edges between units, waves and cycles.
