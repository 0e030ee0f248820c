//! Simulated controllers on the embedded control plane: workloads become ready without anything running.
//!
//! What a simulator made so says it: a status condition of type `Simulated` on every object that it touched. A
//! condition and not an annotation, because the status is the controllers' to write: it goes through the status
//! subresource, in the same request as the rest, changes no generation, takes part in no user's apply or replace, and
//! adds no field manager to what users own.
//!
//! `simulate` never knows a clock, a random source or another object: status is a function of object, time and seed.
//! What it must remember (when a rollout began) it reads from the condition that it wrote.

mod behaviour;
mod client;
mod kinds;
mod marker;
mod simulate;
mod simulator;
#[cfg(test)]
mod tests;

pub use behaviour::{FAIL, READY_AFTER};
pub use marker::{CONDITION, is_simulated};
pub use simulate::{Step, simulate};
pub use simulator::{Options, Simulator, USER};
