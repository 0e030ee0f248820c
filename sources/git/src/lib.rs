//! Git repositories: a bare mirror that follows one reference, trees read by object id, commits made and pushed.
//!
//! Absent by design: a checkout (nothing but [`init`] ever writes a working tree), the `git` program, the user's
//! `known_hosts`, agents and credential helpers, and any decision about what a tree means. No secret is part of an
//! error, of a log line or of a `Debug` output.

mod access;
mod certificate;
mod check;
mod checkout;
mod choose;
mod compact;
mod error;
mod folder;
mod history;
mod known_hosts;
mod mirror;
mod range;
mod remote;
mod signed;
mod store;
#[cfg(test)]
mod tests;
mod transfer;
mod tree;
mod url;
mod verify;
mod watch;
mod write;

pub use checkout::{main_branch, remotes};
pub use error::GitError;
pub use history::CommitInfo;
pub use mirror::{Head, Limits, Mirror, Moved};
pub use range::Range;
pub use remote::{Auth, Reference, Remote};
pub use tree::GitTree;
pub use url::redact;
pub use watch::{Watcher, watch};
pub use write::{Author, commit, init, push};
