//! Whether somebody who is trusted has signed what was resolved: cosign's signatures, by public keys or by identities, and
//! Helm's provenance. For a key neither logs nor certificates are asked: it is trusted because the
//! declaration names it.

pub(crate) mod identity;
mod key;
pub(crate) mod provenance;
mod public;
mod signers;
mod statement;

pub use identity::Root;
pub(crate) use key::{Key, Keys};
pub(crate) use signers::Signers;
use statement::pre_authenticated;
pub(crate) use statement::{SIGNATURE, envelope, simple_signing};

use crate::digest::Digest;

/// A text and who is said to have signed it.
pub(crate) struct Signature {
    /// What was signed, to the byte.
    pub signed: Vec<u8>,
    pub signature: Vec<u8>,
    /// What it says to be of; nothing where it does not say so.
    pub of: Option<Digest>,
    pub beside: identity::Beside,
}

/// What was found among signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    By(&'a Key),
    /// One of the keys has signed something else.
    Another,
    /// None of the keys has signed anything.
    Strange,
}

/// The first key that has signed `digest`.
pub(crate) fn find<'a>(signatures: &[Signature], keys: &'a Keys, digest: &Digest) -> Found<'a> {
    let mut found = Found::Strange;
    for one in signatures {
        let Some(key) = keys.all().find(|key| key.has_signed(&one.signed, &one.signature)) else { continue };
        if one.of.as_ref() == Some(digest) {
            return Found::By(key);
        }
        found = Found::Another;
    }
    found
}
