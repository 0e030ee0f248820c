use crate::RegistryError;
use sha2::{Digest as _, Sha256};

/// `sha256:` and 64 lower-case hexadecimal digits: all that is accepted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Digest(String);

const PREFIX: &str = "sha256:";

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("{PREFIX}{}", hex(&Sha256::digest(bytes))))
    }

    /// Of which the hash is known.
    pub fn of_hash(hash: &[u8]) -> Option<Self> {
        Self::parse(&hex(hash))
    }

    /// With or without its prefix, as indexes write it.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX).unwrap_or(text).to_ascii_lowercase();
        let is_digest = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        is_digest.then(|| Self(format!("{PREFIX}{digits}")))
    }

    /// Of something that has to have one.
    pub fn required(text: &str, what: &str) -> Result<Self, RegistryError> {
        let unsupported =
            || RegistryError::Unsupported(format!("the digest of {what}, which is no SHA-256,"));
        Self::parse(text).ok_or_else(unsupported)
    }

    pub fn check(&self, bytes: &[u8], what: &str) -> Result<(), RegistryError> {
        let found = Self::of(bytes);
        if found == *self {
            return Ok(());
        }
        Err(RegistryError::Digest { what: what.into(), expected: self.0.clone(), found: found.0 })
    }

    pub fn text(&self) -> &str {
        &self.0
    }

    pub fn digits(&self) -> &str {
        &self.0[PREFIX.len()..]
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
