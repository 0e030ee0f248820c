//! The real Helm as a process: `helm template` for a chart that nothing else renders.
//!
//! Absent by design: a shell, an inherited variable, a search for programs, a program that a repository names, an argument
//! that a repository can turn into a flag, a plugin, a post renderer, a connection of the process, values on a disk or
//! among arguments, output without a limit, a process that outlives its run.

mod chart;
mod error;
mod helm;
mod known;
mod process;
mod sandbox;
#[cfg(test)]
mod tests;

pub use error::ExecError;
pub use helm::{Helm, Limits};
