//! Whether somebody who is trusted has signed what was resolved: cosign's signatures, by public keys. Neither transparency
//! logs nor certificates are asked: a key is trusted because the declaration names it.

mod key;
mod public;
mod statement;

pub(crate) use key::{Key, Keys};
pub(crate) use statement::{envelope, simple_signing};

use crate::digest::Digest;

/// A text and who is said to have signed it.
pub(crate) struct Signature {
    /// What was signed, to the byte.
    pub signed: Vec<u8>,
    pub signature: Vec<u8>,
    /// What it says to be of; nothing where it does not say so.
    pub of: Option<Digest>,
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
