//! Whether somebody who is trusted by name has signed something: cosign's signatures without a key. Whoever signs gets a
//! certificate for some minutes from an authority (Fulcio) that has seen him prove who he is, and has certificate and
//! signature logged. So an authority, a log of certificates and a log of signatures (Rekor) are believed, all three named
//! by a trust root; nobody is asked.
//!
//! Checked as sigstore-go and cosign 3 check, in this order: the log has signed the time of the entry, and holds it where a
//! proof says so; the certificate was valid at that time and leads to an authority that counted then; a log has promised to
//! list the certificate; whom it names is trusted; the entry is of this certificate, signature and text; the certificate's
//! key has signed the text.

mod body;
mod bundle;
mod certificate;
mod checkpoint;
mod classic;
mod der;
mod log;
mod matches;
mod merkle;
mod refused;
mod root;
mod sct;
#[cfg(test)]
pub(crate) mod tests;
mod timestamp;

pub(crate) use matches::Identities;
pub(crate) use refused::{Identity, Refused};
pub use root::Root;

use log::Entry;
use refused::{Required, refused};
use std::collections::BTreeMap;

/// What is said beside a signature.
pub(crate) enum Beside {
    /// Of its layer.
    Annotations(BTreeMap<String, String>),
    /// The bundle that it is in.
    Bundle(Vec<u8>),
}

struct Evidence {
    /// DER.
    certificate: Vec<u8>,
    entries: Vec<Entry>,
    /// Of the signature (RFC 3161).
    timestamps: Vec<Vec<u8>>,
    signature: Vec<u8>,
    signed: Signed,
    /// Where nobody is named, anyone may have signed.
    anyone: bool,
}

enum Signed {
    Text(Vec<u8>),
    /// A text that a payload was put into (DSSE); the log knows the payload.
    Envelope {
        text: Vec<u8>,
        payload: Vec<u8>,
    },
}

impl Beside {
    /// `signed`: by `signature`, unless a bundle brings its own.
    fn evidence(&self, signed: &[u8], signature: &[u8]) -> Result<Evidence, Refused> {
        match self {
            Self::Annotations(all) => classic::evidence(all, signed, signature),
            Self::Bundle(text) => bundle::evidence(text, signed),
        }
    }

    /// Who has signed it.
    pub fn prove(
        &self,
        signed: &[u8],
        signature: &[u8],
        root: &Root,
        trusted: &Identities,
    ) -> Result<Identity, Refused> {
        self.evidence(signed, signature)?.prove(root, trusted)
    }
}

const NAMELESS: &str = "a bundle counts only where it is named who may sign";

impl Evidence {
    fn prove(&self, root: &Root, trusted: &Identities) -> Result<Identity, Refused> {
        // Others may stand beside an entry that counts: of a log that is not known here.
        let entries: Vec<&Entry> =
            self.entries.iter().filter(|entry| root.signatures.contains_key(&entry.id)).collect();
        if entries.is_empty() {
            return refused(log::UNKNOWN);
        }
        let timestamps = match timestamp::times(&self.timestamps, &self.signature, root) {
            // Where a log has signed a time, nobody else has to, as for cosign.
            Err(_) if entries.iter().any(|entry| entry.promise.is_some()) => Vec::new(),
            times => times?,
        };
        let mut times = Vec::new();
        for entry in &entries {
            times.extend(entry.verify(root, &timestamps)?);
        }
        let certificate = certificate::parsed(&self.certificate)?;
        let mut issuer = None;
        for time in times {
            issuer = Some(certificate::issued(&self.certificate, root, time)?);
        }
        let issuer = issuer.required("it carries no entry of a log, and no log is asked for one")?;
        sct::promised(&self.certificate, &certificate, &issuer, root)?;
        let identity = certificate::identity(&certificate)?;
        // From here on the authority vouches for whose it is.
        let seeing = |refused: Refused| refused.seeing(&identity);
        if !trusted.admit(&identity, self.anyone) {
            let why = if trusted.is_empty() { NAMELESS } else { "nobody who is trusted" };
            return refused(why).map_err(seeing);
        }
        for entry in &entries {
            body::is_of(&entry.body, self).map_err(seeing)?;
        }
        let text = match &self.signed {
            Signed::Text(text) | Signed::Envelope { text, .. } => text,
        };
        let key = certificate::key(&certificate).map_err(seeing)?;
        if !key.has_signed(text, &self.signature) {
            return refused("the key of its certificate has not signed it").map_err(seeing);
        }
        Ok(identity)
    }
}
