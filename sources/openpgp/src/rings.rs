//! Keyrings: every entry of a Secret is one, binary as `gpg --export` writes it, or armored. One that can't be read is an
//! error, since who is trusted, and what is revoked, would depend on which could.

use crate::certificate::{Judged, judge, shown};
use mainstay_unit::Content;
use pgp::armor::{BlockType, Dearmor};
use pgp::composed::{SignedPublicKey, SignedPublicKeyParser};
use pgp::packet::{Packet, PacketParser, PacketTrait, Signature};
use pgp::types::{KeyDetails, Tag};
use std::io::Read;

/// Bytes of a keyring, as of what is signed by clear text.
pub const MOST_BYTES: usize = 1 << 20;
const MOST_RINGS: usize = 32;
const MOST_KEYS: usize = 1_000;
/// Fingerprints that are told; the rest of them is counted.
const MOST_TOLD: usize = 5;

/// The certificates ("public keys", to GnuPG) that are trusted.
pub struct Rings {
    /// Each fingerprint once.
    certificates: Vec<SignedPublicKey>,
    /// Of the Secret.
    digest: String,
}

impl Rings {
    /// The error says why they can't be read, and quotes nothing but the name of an entry.
    pub fn read(secret: &Content) -> Result<Self, String> {
        let entries: Vec<_> = secret.entries().collect();
        if entries.is_empty() {
            return Err("it holds no keyring".to_owned());
        }
        if entries.len() > MOST_RINGS {
            return Err(format!("it holds more than {MOST_RINGS} keyrings"));
        }
        let mut rings = Self { certificates: Vec::new(), digest: secret.digest().hex() };
        for (name, bytes) in entries {
            for certificate in ring(bytes).map_err(|why| format!("{name} {why}"))? {
                rings.add(certificate);
            }
            if rings.certificates.len() > MOST_KEYS {
                return Err(format!("it holds more than {MOST_KEYS} keys"));
            }
        }
        Ok(rings)
    }

    /// What is said of a key in one ring holds for its copies in others: that it is revoked above all.
    fn add(&mut self, new: SignedPublicKey) {
        let same = |old: &&mut SignedPublicKey| old.fingerprint() == new.fingerprint();
        let Some(old) = self.certificates.iter_mut().find(same) else {
            self.certificates.push(new);
            return;
        };
        old.details.revocation_signatures.extend(new.details.revocation_signatures);
        old.details.direct_signatures.extend(new.details.direct_signatures);
        for user in new.details.users {
            match old.details.users.iter_mut().find(|known| known.id.id() == user.id.id()) {
                Some(known) => known.signatures.extend(user.signatures),
                None => old.details.users.push(user),
            }
        }
        for subkey in new.public_subkeys {
            match old.public_subkeys.iter_mut().find(|known| known.fingerprint() == subkey.fingerprint()) {
                Some(known) => known.signatures.extend(subkey.signatures),
                None => old.public_subkeys.push(subkey),
            }
        }
    }

    /// What tells these rings from others.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How many different keys they hold.
    pub fn keys(&self) -> usize {
        self.certificates.len()
    }

    pub(crate) fn shown(&self) -> String {
        let told = self.certificates.iter().take(MOST_TOLD);
        let mut told: Vec<String> = told.map(|one| shown(&one.fingerprint())).collect();
        if self.certificates.len() > MOST_TOLD {
            told.push(format!("and {} more keys", self.certificates.len() - MOST_TOLD));
        }
        told.join(", ")
    }

    pub(crate) fn judge(&self, signature: &Signature, text: &[u8], now: u64) -> Judged {
        judge(&self.certificates, signature, text, now)
    }
}

/// The error says what the entry is or has.
fn ring(bytes: &[u8]) -> Result<Vec<SignedPublicKey>, String> {
    if bytes.len() > MOST_BYTES {
        return Err("is larger than 1 MiB".to_owned());
    }
    // Every packet of the binary form has this bit.
    let is_binary = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let found = if is_binary { keys(bytes)? } else { armored(bytes)? };
    if found.is_empty() { Err(NONE.to_owned()) } else { Ok(found) }
}

const NONE: &str = "is no keyring of OpenPGP, neither binary nor armored (BEGIN PGP PUBLIC KEY BLOCK)";
const PRIVATE: &str = "holds a private key: export the public one, and count the private one as known";

/// One block after the other, as `cat` makes of several files.
fn armored(bytes: &[u8]) -> Result<Vec<SignedPublicKey>, String> {
    let mut rest = bytes.trim_ascii().to_vec();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let mut block = Dearmor::new(rest.as_slice());
        let mut binary = Vec::new();
        block.read_header().and_then(|()| Ok(block.read_to_end(&mut binary)?)).map_err(|_| NONE)?;
        match block.typ {
            Some(BlockType::PublicKey) => found.extend(keys(&binary)?),
            Some(BlockType::PrivateKey) => return Err(PRIVATE.to_owned()),
            Some(_) | None => return Err(NONE.to_owned()),
        }
        let (.., mut after) = block.into_parts();
        let mut next = Vec::new();
        after.read_to_end(&mut next).map_err(|_| NONE)?;
        // What makes no progress would never end.
        if next.len() >= rest.len() {
            return Err(NONE.to_owned());
        }
        rest = next.trim_ascii().to_vec();
    }
    Ok(found)
}

fn keys(bytes: &[u8]) -> Result<Vec<SignedPublicKey>, String> {
    let mut packets = Vec::new();
    for packet in PacketParser::new(bytes) {
        let packet = packet.map_err(|_| "holds a packet of OpenPGP that can't be read".to_owned())?;
        match packet.tag() {
            // GnuPG's own notes, which it does not export.
            Tag::Trust | Tag::Marker | Tag::Padding => {}
            Tag::SecretKey | Tag::SecretSubkey => return Err(PRIVATE.to_owned()),
            Tag::PublicKey | Tag::PublicSubkey | Tag::UserId | Tag::UserAttribute | Tag::Signature => {
                packets.push(packet);
            }
            other => {
                return Err(format!("holds a packet that is no part of a keyring ({})", u8::from(other)));
            }
        }
    }
    if !packets.first().is_none_or(|first| first.tag() == Tag::PublicKey) {
        return Err("begins with something else than a public key".to_owned());
    }
    let parser = SignedPublicKeyParser::from_packets(packets.into_iter().map(Ok::<Packet, _>).peekable());
    parser.collect::<Result<_, _>>().map_err(|_| "holds a key that can't be read".to_owned())
}
