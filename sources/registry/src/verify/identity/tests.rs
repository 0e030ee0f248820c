//! Signatures that others have made, real and spoilt, and a world of our own in which each thing is spoilt in turn.

mod golden;
mod spoilt;
pub mod world;
