//! Time, tasks and chance, as the daemon knows them: the machine's, or those of a simulation.
//!
//! What runs on this crate alone, and speaks to API servers through a transport that a simulation gives, is a function
//! of that simulation's seed. Absent by design: any other source of time, of tasks or of randomness.

mod instant;
mod sleep;
mod task;
#[cfg(test)]
mod tests;
mod world;

pub use instant::Instant;
pub use sleep::{Elapsed, Sleep, sleep, timeout};
pub use task::{Task, spawn};
pub use world::{Entered, Job, World, enter};

use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time since the Unix epoch, as other machines know it.
pub fn wall() -> Duration {
    world::current().map_or_else(
        || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        |world| world.wall(),
    )
}

/// Bytes that nobody can guess; in a simulated world, those that follow from its seed.
pub fn secret() -> Result<[u8; 32], String> {
    let mut bytes = [0; 32];
    match world::current() {
        Some(world) => {
            for eight in bytes.chunks_exact_mut(8) {
                eight.copy_from_slice(&world.random().to_be_bytes());
            }
        }
        None => {
            getrandom::fill(&mut bytes).map_err(|error| format!("the machine has no randomness: {error}"))?
        }
    }
    Ok(bytes)
}

/// For spreading what would otherwise happen at once; never for secrets.
pub fn random() -> u64 {
    world::current()
        .map_or_else(|| std::hash::RandomState::new().build_hasher().finish(), |world| world.random())
}
