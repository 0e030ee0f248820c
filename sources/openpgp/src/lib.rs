//! OpenPGP (RFC 9580): keyrings, and whether somebody in them has signed a text. What go-crypto counts is counted, since Flux
//! and Helm are made with it; where that is laxer than it should be, more is asked for:
//!
//! - no hash weaker than SHA-256 for a text, no RSA below 2048 bits, no DSA;
//! - the key may not be younger than its signature, and a direct-key signature that limits it counts, as well as every copy
//!   of it among the rings;
//! - who is revoked or has expired by now has signed nothing, whenever that was.
//!
//! Absent by design: private keys, encryption, a clock, and anybody who is asked, for keys or for revocations.

mod certificate;
mod rings;
mod signed;
#[cfg(test)]
mod tests;

pub use rings::{MOST_BYTES, Rings};
pub use signed::{ClearSigned, Signed};
