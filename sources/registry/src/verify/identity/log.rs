//! What a log of signatures (Rekor) says: that it has an entry, and, up to its version 1, since when.

use super::checkpoint;
use super::merkle::{self, Hash};
use super::refused::{Refused, Required, refused};
use super::root::{Log, Root};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub const UNKNOWN: &str = "its signature was logged where nobody is trusted";

/// An entry as a signature carries it.
pub struct Entry {
    /// Of the log.
    pub id: Hash,
    pub index: u64,
    /// Seconds since 1970.
    pub time: i64,
    /// What is logged, to the byte.
    pub body: Vec<u8>,
    /// The log's signature on the four above: it will list them.
    pub promise: Option<Vec<u8>>,
    pub proof: Option<Proof>,
}

/// That it does list an entry.
pub struct Proof {
    /// In the tree, which may be one of several that the log is made of.
    pub index: u64,
    pub size: u64,
    pub root: Hash,
    pub path: Vec<Hash>,
    pub checkpoint: String,
}

impl Entry {
    /// The times that prove it, seconds since 1970. One is believed because the log has signed it, or an authority for
    /// timestamps. A proof proves no time, and what there is of either has to be right.
    pub fn verify(&self, root: &Root, timestamps: &[i64]) -> Result<Vec<i64>, Refused> {
        let log = root.signatures.get(&self.id).required(UNKNOWN)?;
        let key = log.key.as_ref().required("the key of its log is of a kind that is not supported")?;
        let mut times = timestamps.to_vec();
        match &self.promise {
            Some(promise) if key.has_signed(self.promised().as_bytes(), promise) => times.push(self.time),
            Some(_) => return refused("its log has not signed the time of its entry (SET)"),
            None if self.proof.is_none() => return refused("its log entry is neither promised nor proved"),
            None => {}
        }
        if times.is_empty() {
            return refused("its log entry has no signed time (SET), and no timestamp stands beside it");
        }
        if times.iter().any(|time| !log.window.holds(time.saturating_mul(1000))) {
            return refused("its signature was logged at a time that the log does not count for");
        }
        match &self.proof {
            None => Ok(times),
            Some(proof) => proof.verify(&self.body, &self.id, log).map(|()| times).or_else(refused),
        }
    }

    /// As canonical JSON (RFC 8785), which hexadecimal, Base64 and whole numbers are already.
    pub fn promised(&self) -> String {
        let id: String = self.id.iter().map(|byte| format!("{byte:02x}")).collect();
        let Self { index, time, .. } = self;
        let body = STANDARD.encode(&self.body);
        format!(r#"{{"body":"{body}","integratedTime":{time},"logID":"{id}","logIndex":{index}}}"#)
    }
}

impl Proof {
    fn verify(&self, body: &[u8], id: &Hash, log: &Log) -> Result<(), &'static str> {
        let signed = checkpoint::read(&self.checkpoint, id, log)?;
        let found = merkle::root(body, self.index, self.size, &self.path);
        if found != Some(self.root) {
            return Err("the proof that its log holds it (inclusion proof) does not hold");
        }
        if signed.root != self.root || signed.size != self.size {
            return Err(
                "the proof that its log holds it (inclusion proof) is of another tree than the checkpoint",
            );
        }
        Ok(())
    }
}
