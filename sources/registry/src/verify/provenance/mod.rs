//! Helm's provenance: a text, clear-signed with OpenPGP, that names an archive, its digest and its metadata. Followed is what
//! `helm verify` does (`pkg/provenance/sign.go` of Helm 3 and 4); whose signature counts is `sources/openpgp`'s to say, which is
//! stricter, and the text has to have two parts, of which the metadata is the chart's.

mod message;
#[cfg(test)]
pub(crate) mod tests;

use crate::digest::Digest;
use crate::metadata::Metadata;
use mainstay_openpgp::{ClearSigned, Rings, Signed};
use message::Sums;

/// Bytes of a provenance file.
pub(crate) const MOST_BYTES: usize = mainstay_openpgp::MOST_BYTES;

/// What an archive has to be.
pub(crate) struct Archive<'a> {
    /// The name of its file, which is what is signed.
    pub file: &'a str,
    pub digest: &'a Digest,
}

/// Somebody who is trusted vouches for an archive.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Proven {
    pub signed: Signed,
    /// What the archive says that it is.
    pub metadata: Metadata,
}

/// `now`: seconds since 1970. The error says why nobody vouches, and quotes nothing of the file but names and digests that a
/// trusted key has signed.
pub(crate) fn prove(rings: &Rings, file: &[u8], archive: &Archive<'_>, now: u64) -> Result<Proven, String> {
    let file = ClearSigned::read(file).map_err(|why| format!("its provenance {why}"))?;
    let signed = file.by(rings, now)?;
    let by = &signed.by;
    let wrong = |why: String| format!("the provenance that {by} has signed {why}");
    let Sums { files, metadata } = message::parse(file.text()).map_err(wrong)?;
    match files.get(archive.file) {
        Some(found) if found == archive.digest.text() => Ok(Proven { signed, metadata }),
        Some(_) => Err(wrong(format!("is of another content of {}", archive.file))),
        None => Err(wrong(format!("does not name the file {}", archive.file))),
    }
}
