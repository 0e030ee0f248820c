//! The three kinds of patch that are not apply.

mod arrange;
mod json;
mod list;
mod merge;
mod node;
mod strategic;
#[cfg(test)]
mod tests;

pub use json::{JsonPatchError, json_patch};
pub use merge::merge_patch;
pub use strategic::{StrategicError, strategic_merge};
