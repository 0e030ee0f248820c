use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

/// The data key of a document, or a share of it, encrypted for one holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stanza {
    /// `encrypted` is an armored age file.
    Age {
        recipient: String,
        encrypted: String,
    },
    Pgp {
        fingerprint: String,
        encrypted: String,
    },
    AwsKms {
        arn: String,
        encrypted: String,
    },
    GcpKms {
        resource: String,
        encrypted: String,
    },
    AzureKeyVault {
        url: String,
        name: String,
        version: String,
        encrypted: String,
    },
    HuaweiKms {
        key: String,
        encrypted: String,
    },
    Vault {
        address: String,
        engine: String,
        key: String,
        encrypted: String,
    },
}

/// Opens data keys. Callers who can reach a key service implement it; [`crate::Keys`] is the implementation that holds
/// age identities and nothing else.
pub trait KeySource {
    fn open(&self, stanza: &Stanza) -> Result<Part, Refused>;
}

/// A data key or a share of it; wiped on drop, never shown.
pub struct Part(Zeroizing<Vec<u8>>);

/// Why a stanza was not opened. The text holds no key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Part {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Part(..)")
    }
}

impl Stanza {
    pub(crate) fn encrypted(&self) -> &str {
        match self {
            Stanza::Age { encrypted, .. }
            | Stanza::Pgp { encrypted, .. }
            | Stanza::AwsKms { encrypted, .. }
            | Stanza::GcpKms { encrypted, .. }
            | Stanza::AzureKeyVault { encrypted, .. }
            | Stanza::HuaweiKms { encrypted, .. }
            | Stanza::Vault { encrypted, .. } => encrypted,
        }
    }
}

/// Whom a stanza is for.
impl fmt::Display for Stanza {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stanza::Age { recipient, .. } => write!(f, "age recipient {recipient}"),
            Stanza::Pgp { fingerprint, .. } => write!(f, "OpenPGP key {fingerprint}"),
            Stanza::AwsKms { arn, .. } => write!(f, "AWS KMS key {arn}"),
            Stanza::GcpKms { resource, .. } => write!(f, "Google Cloud KMS key {resource}"),
            Stanza::AzureKeyVault { url, name, version, .. } => {
                write!(f, "Azure Key Vault key {url}/keys/{name}/{version}")
            }
            Stanza::HuaweiKms { key, .. } => write!(f, "Huawei Cloud KMS key {key}"),
            Stanza::Vault { address, engine, key, .. } => {
                write!(f, "Vault transit key {address}/v1/{engine}/keys/{key}")
            }
        }
    }
}
