//! Dispatch between dialects and renderers, the reading fixpoint, recorded reads.
