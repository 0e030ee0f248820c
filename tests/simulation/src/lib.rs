//! The whole daemon in a simulated world: its clock, its network, its API servers and everybody else's doings follow from
//! a seed. `cargo xtask simulate` runs it.
//!
//! No async runtime is there: tasks are polled one at a time by `machine`, and time moves when all of them wait. What
//! runs is the code of the daemon, its client and its executor, against the core of the embedded control plane.
//! The same seed gives the same trace.
//!
//! The people, the repository that they commit to and the verdict serve whoever plays with real processes too.

pub mod ask;
mod machine;
mod network;
pub mod people;
mod play;
pub mod repository;
#[cfg(test)]
mod tests;
pub mod verdict;
mod witness;

pub use play::{Outcome, play};
pub use witness::{FOREIGN, PART_OF, text};
