//! YAML as Kubernetes reads it, with a line and column for every node.
//!
//! No file, environment, clock or randomness; no recursion that input controls; no node that Kubernetes' own reader
//! would type differently. A document that holds any error is not returned, so nobody works with half of one.

mod compose;
mod decode;

mod emit;
mod event;
mod hint;
mod json;
mod key;
mod limits;
mod load;
mod mapping;
mod node;
mod number;
mod pointer;
mod resolve;
mod scan;
#[cfg(test)]
mod tests;
mod timestamp;

pub use emit::{emit, emit_documents, emit_indented, is_plain, reads_as_text};
pub use limits::Limits;
pub use load::{Document, Loaded, load, load_last_wins};
pub use mainstay_diagnostic::{Position, Span};
pub use node::{Key, Node, NodeValue};
pub use timestamp::rfc3339;
