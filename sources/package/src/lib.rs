//! What charts are packed and versioned as: archives, and Masterminds' semantic versions with their ranges; and Go's regular
//! expressions and path patterns, which templates, ignore files and those who choose charts are written with.
//!
//! Absent by design: files, the network, clocks. No archive costs more than its limits, none names a path outside of its
//! folder.

mod archive;
mod path;
mod path_match;
pub mod re2;
mod semver;
#[cfg(test)]
mod tests;

pub use archive::{ArchiveError, Limits, unpack, unpack_files};
pub use path::clean;
pub use path_match::path_match;
pub use semver::{Constraint, Version};
