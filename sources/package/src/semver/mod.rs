//! Versions and their constraints as Masterminds/semver reads them, on which Helm builds: `v` is allowed, minor and
//! patch may be left out, and constraints have a syntax of their own.
mod constraint;
mod version;

pub use constraint::Constraint;
pub use version::Version;
