//! YAML with its comments, read and written as go-yaml 3 does: values go through unchanged, layout does not.

mod comments;
mod read;
mod style;
mod timestamp;
mod typing;
mod write;

pub(super) use read::load;
pub(super) use write::emit;
