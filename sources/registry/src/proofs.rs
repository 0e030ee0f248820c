//! What bytes of others come to as a proof, without a registry around them.
use crate::TrustRoot;
use crate::digest::Digest;
use crate::verify::provenance::{Archive, prove};
use crate::verify::{Keys, Signers, envelope, simple_signing};
use mainstay_openpgp::Rings;
use mainstay_unit::{Content, OidcIdentity};
use std::collections::BTreeMap;
use std::sync::Arc;

/// As cosign leaves it in a registry.
pub enum Left<'a> {
    /// Behind a tag: a text, and what is written beside it.
    Payload { text: &'a [u8], annotations: BTreeMap<String, String> },
    /// A bundle of sigstore's.
    Bundle(&'a [u8]),
}

/// Whose signature of cosign's counts.
pub enum Signer<'a> {
    /// Public keys, `*.pub`.
    Keys(&'a Content),
    Names(&'a [OidcIdentity], Arc<TrustRoot>),
}

/// Who has signed what has the digest `sha256` (64 hexadecimal digits); the error says why nobody has.
pub fn signed(left: Left<'_>, by: &Signer<'_>, sha256: &str) -> Result<String, String> {
    let found = match left {
        Left::Payload { text, annotations } => simple_signing(text.to_vec(), annotations),
        Left::Bundle(text) => envelope(text.to_vec()),
    };
    let signers = match by {
        Signer::Keys(secret) => Keys::read(secret, WHAT).map(Signers::Keys),
        Signer::Names(any_of, root) => Signers::names(WHAT, any_of, None, Some(root)),
    };
    let signers = signers.map_err(|error| error.to_string())?;
    signers.prove(found.as_slice(), &digest(sha256)?).map(|(shown, _)| shown)
}

/// Who vouches by Helm's provenance for an archive, which is called `file`, at `now` (seconds since 1970): the fingerprint of
/// one of the keys in `keyrings`. The error says why nobody does.
pub fn vouched(
    provenance: &[u8],
    keyrings: &Content,
    file: &str,
    sha256: &str,
    now: u64,
) -> Result<String, String> {
    let rings = Rings::read(keyrings)?;
    let digest = digest(sha256)?;
    prove(&rings, provenance, &Archive { file, digest: &digest }, now).map(|proven| proven.signed.by)
}

const WHAT: &str = "it";

fn digest(sha256: &str) -> Result<Digest, String> {
    Digest::parse(sha256).ok_or_else(|| "the digest is no SHA-256".to_owned())
}
