//! Texts that are signed: clear-signed ones, and signatures that lie beside what they are of.

use crate::certificate::Judged;
use crate::rings::{MOST_BYTES, Rings};
use pgp::armor::{BlockType, Dearmor};
use pgp::composed::CleartextSignedMessage;
use pgp::packet::{Packet, PacketParser, Signature};
use std::collections::BTreeSet;
use std::io::Read;

/// The reader of clear-signed texts looks for their end from every line anew.
const MOST_LINES: usize = 5_000;
const MOST_SIGNATURES: usize = 16;

/// Somebody who is trusted has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The fingerprint of the certificate, in upper-case hexadecimal digits.
    pub by: String,
    /// The last second since 1970 at which this counts: then a key or a signature expires.
    pub until: Option<u64>,
}

/// A text between two lines of armor, with its signatures behind it.
pub struct ClearSigned {
    message: CleartextSignedMessage,
    text: String,
}

impl ClearSigned {
    /// The error says what the file is or has.
    pub fn read(file: &[u8]) -> Result<Self, String> {
        if file.len() > MOST_BYTES {
            return Err("is larger than 1 MiB".to_owned());
        }
        let text = std::str::from_utf8(file).map_err(|_| "is not UTF-8 text".to_owned())?;
        if text.bytes().filter(|byte| *byte == b'\n').count() > MOST_LINES {
            return Err(format!("has more than {MOST_LINES} lines"));
        }
        let (message, _) = CleartextSignedMessage::from_string(text)
            .map_err(|_| "is no text that was clear-signed with OpenPGP".to_owned())?;
        few(message.signatures())?;
        let text = message.signed_text();
        Ok(Self { message, text })
    }

    /// As it was signed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// `now`: seconds since 1970. The error says why nobody has signed it who is trusted.
    pub fn by(&self, rings: &Rings, now: u64) -> Result<Signed, String> {
        first(rings, self.message.signatures(), self.text.as_bytes(), now)
    }
}

impl Rings {
    /// Who has made an armored signature (`BEGIN PGP SIGNATURE`) of `text`. `now`: seconds since 1970. The error says why
    /// nobody has who is trusted, and quotes nothing of either.
    pub fn detached(&self, signature: &[u8], text: &[u8], now: u64) -> Result<Signed, String> {
        let signatures = detached(signature).map_err(|why| format!("its signature {why}"))?;
        first(self, &signatures, text, now)
    }
}

/// As for Helm, Git and Flux, the first signature by a key that is known decides.
fn first(rings: &Rings, signatures: &[Signature], text: &[u8], now: u64) -> Result<Signed, String> {
    let mut others = BTreeSet::new();
    for signature in signatures {
        match rings.judge(signature, text, now) {
            Judged::Good { by, until } => return Ok(Signed { by, until }),
            Judged::Bad(why) => return Err(why),
            Judged::Strange(who) => others.insert(who),
        };
    }
    let others: Vec<String> = others.into_iter().collect();
    Err(format!("it is signed by {}; trusted is {}", others.join(", "), rings.shown()))
}

fn few(signatures: &[Signature]) -> Result<(), String> {
    if signatures.is_empty() {
        return Err("holds no signature".to_owned());
    }
    if signatures.len() > MOST_SIGNATURES {
        return Err(format!("has more than {MOST_SIGNATURES} signatures"));
    }
    Ok(())
}

/// One block, with signatures and nothing else in it.
fn detached(armored: &[u8]) -> Result<Vec<Signature>, String> {
    const NONE: &str = "is none of OpenPGP (BEGIN PGP SIGNATURE)";
    if armored.len() > MOST_BYTES {
        return Err("is larger than 1 MiB".to_owned());
    }
    let mut block = Dearmor::new(armored.trim_ascii());
    let mut binary = Vec::new();
    block.read_header().and_then(|()| Ok(block.read_to_end(&mut binary)?)).map_err(|_| NONE)?;
    if block.typ != Some(BlockType::Signature) {
        return Err(NONE.to_owned());
    }
    let (.., mut after) = block.into_parts();
    let mut rest = Vec::new();
    after.read_to_end(&mut rest).map_err(|_| NONE)?;
    if !rest.trim_ascii().is_empty() {
        return Err("has something behind its end".to_owned());
    }
    let mut found = Vec::new();
    for packet in PacketParser::new(binary.as_slice()) {
        match packet {
            Ok(Packet::Signature(signature)) => found.push(signature),
            Ok(_) => return Err("holds something else than signatures".to_owned()),
            Err(_) => return Err("holds a packet of OpenPGP that can't be read".to_owned()),
        }
    }
    few(&found)?;
    Ok(found)
}
