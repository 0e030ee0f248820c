//! Decrypts what SOPS encrypted: a function from bytes and keys to plaintext.
//!
//! No file, network, environment, clock or randomness; nothing is ever encrypted. No plaintext, key or ciphertext is in
//! an error, in `Debug` or in `Display`. What is held here is wiped when it is dropped. A key that is not an age
//! identity is refused with a word of what it would need, and stops nobody whose age identity opens the same data.

mod buffer;
mod cipher;
mod data_key;
mod decrypt;
mod error;
mod flatten;
mod format;
mod keys;
mod limits;
mod metadata;
mod number;
mod object;
mod rule;
mod shamir;
mod stanza;
mod store;
#[cfg(test)]
mod tests;
mod tree;

pub use buffer::Plaintext;
pub use decrypt::{Integrity, decrypt, decrypt_referenced};
pub use error::SopsError;
pub use format::{Format, Reference};
pub use keys::{KeyError, Keys};
pub use limits::Limits;
pub use object::{decrypt_object, is_encrypted, wipe};
pub use stanza::{KeySource, Part, Refused, Stanza};
