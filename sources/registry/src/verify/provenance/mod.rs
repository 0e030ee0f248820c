//! Helm's provenance: a text, clear-signed with OpenPGP, that names an archive, its digest and its metadata. Followed is what
//! `helm verify` does (`pkg/provenance/sign.go` of Helm 3 and 4, and go-crypto beneath it); where that is laxer than it
//! should be, more is asked for:
//!
//! - no hash weaker than SHA-256 for the text, no RSA below 2048 bits, no DSA;
//! - the key may not be younger than its signature, and a direct-key signature that limits it counts, as well as every copy
//!   of it among the rings;
//! - the text ends where the signature begins and has two parts; its metadata is the chart's.
//!
//! Nobody is asked: neither for keys nor for revocations.

mod certificate;
mod message;
mod rings;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use rings::Rings;

use crate::digest::Digest;
use crate::metadata::Metadata;
use certificate::Judged;
use message::Sums;
use pgp::composed::CleartextSignedMessage;
use std::collections::BTreeSet;

/// Bytes of a provenance file, as of a keyring.
pub(crate) const MOST_BYTES: usize = 1 << 20;
/// The reader of clear-signed texts looks for their end from every line anew.
const MOST_LINES: usize = 5_000;
const MOST_SIGNATURES: usize = 16;

/// What an archive has to be.
pub(crate) struct Archive<'a> {
    /// The name of its file, which is what is signed.
    pub file: &'a str,
    pub digest: &'a Digest,
}

/// Somebody who is trusted vouches for an archive.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Proven {
    /// The fingerprint of the certificate, in upper-case hexadecimal digits.
    pub by: String,
    /// What the archive says that it is.
    pub metadata: Metadata,
    /// The last second since 1970 at which this counts: then a key or a signature expires.
    pub until: Option<u64>,
}

impl Rings {
    /// `now`: seconds since 1970. The error says why nobody vouches, and quotes nothing of the file but names and digests
    /// that a trusted key has signed.
    pub fn prove(&self, file: &[u8], archive: &Archive<'_>, now: u64) -> Result<Proven, String> {
        let (message, text) = read(file)?;
        let mut others = BTreeSet::new();
        // As for Helm, the first signature by a key that is known decides.
        for signature in message.signatures() {
            let (by, until) = match self.judge(signature, text.as_bytes(), now) {
                Judged::Good { by, until } => (by, until),
                Judged::Bad(why) => return Err(why),
                Judged::Strange(who) => {
                    others.insert(who);
                    continue;
                }
            };
            let signed = |why: String| format!("the provenance that {by} has signed {why}");
            let Sums { files, metadata } = message::parse(&text).map_err(signed)?;
            return match files.get(archive.file) {
                Some(found) if found == archive.digest.text() => Ok(Proven { by, metadata, until }),
                Some(_) => Err(signed(format!("is of another content of {}", archive.file))),
                None => Err(signed(format!("does not name the file {}", archive.file))),
            };
        }
        if others.is_empty() {
            return Err("its provenance holds no signature".to_owned());
        }
        let others: Vec<String> = others.into_iter().collect();
        Err(format!("it is signed by {}; trusted is {}", others.join(", "), self.shown()))
    }
}

/// The message, and the text as it was signed, with line feeds alone.
fn read(file: &[u8]) -> Result<(CleartextSignedMessage, String), String> {
    if file.len() > MOST_BYTES {
        return Err("its provenance is larger than 1 MiB".to_owned());
    }
    let text = std::str::from_utf8(file).map_err(|_| "its provenance is not UTF-8 text".to_owned())?;
    if text.bytes().filter(|byte| *byte == b'\n').count() > MOST_LINES {
        return Err(format!("its provenance has more than {MOST_LINES} lines"));
    }
    let (message, _) = CleartextSignedMessage::from_string(text)
        .map_err(|_| "its provenance is no text that was clear-signed with OpenPGP".to_owned())?;
    if message.signatures().len() > MOST_SIGNATURES {
        return Err(format!("its provenance has more than {MOST_SIGNATURES} signatures"));
    }
    let signed = message.signed_text();
    Ok((message, signed))
}
