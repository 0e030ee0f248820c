use std::fmt;
use std::io::Read;

use age::armor::ArmoredReader;
use age::x25519::Identity;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::stanza::{KeySource, Part, Refused, Stanza};

/// Age identities. Wiped on drop, shown as their count alone.
#[derive(Clone, Default)]
pub struct Keys {
    identities: Vec<Identity>,
    /// What was given and can't be used, in words.
    unusable: Vec<String>,
}

/// An entry of a Secret that can't be read as keys. Names the place, never the text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    #[error("`{entry}`, line {line}: not an age identity (AGE-SECRET-KEY-1...)")]
    NotAnIdentity { entry: String, line: usize },
    #[error("`{0}` is not text")]
    NotText(String),
    #[error("`{0}` holds more than {MOST_IDENTITIES} identities")]
    TooMany(String),
}

const MOST_IDENTITIES: usize = 64;
/// A data key has 32 bytes, a share of one 33.
const LONGEST_PART: usize = 64;

impl Keys {
    /// The keys of a decryption Secret as Flux lays it out: every entry named `*.agekey` holds identities, one in a
    /// line, with empty lines and lines that begin with `#` between them. Entries for other kinds of keys are
    /// remembered, so that an error can say why they did not help; any other entry is left alone.
    pub fn from_secret<'a>(data: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Self, KeyError> {
        let mut keys = Self::default();
        for (entry, bytes) in data {
            let other = match entry {
                "sops.vault-token" => Some("a Vault token"),
                "sops.aws-kms" => Some("AWS credentials"),
                "sops.azure-kv" => Some("Azure credentials"),
                "sops.gcp-kms" => Some("Google Cloud credentials"),
                _ if entry.ends_with(".asc") => Some("an OpenPGP key"),
                _ => None,
            };
            if let Some(what) = other {
                keys.unusable.push(format!("`{entry}` holds {what}"));
            } else if entry.ends_with(".agekey") {
                keys.add(entry, bytes)?;
            }
        }
        Ok(keys)
    }

    /// Adds identities from text as `age-keygen` writes it. `entry` is only shown.
    pub fn add(&mut self, entry: &str, text: &[u8]) -> Result<(), KeyError> {
        let text = std::str::from_utf8(text).map_err(|_| KeyError::NotText(entry.to_owned()))?;
        for (at, line) in text.lines().enumerate() {
            let words = line.trim();
            if words.is_empty() || words.starts_with('#') {
                continue;
            }
            if self.identities.len() >= MOST_IDENTITIES {
                return Err(KeyError::TooMany(entry.to_owned()));
            }
            let line = at + 1;
            if words.starts_with("AGE-PLUGIN-") || words.starts_with("AGE-SECRET-KEY-PQ-1") {
                let kind = if words.starts_with("AGE-P") { "a plugin's" } else { "a post-quantum" };
                self.unusable.push(format!("`{entry}`, line {line}, holds {kind} identity"));
                continue;
            }
            let identity = words.parse();
            self.identities
                .push(identity.map_err(|_| KeyError::NotAnIdentity { entry: entry.to_owned(), line })?);
        }
        Ok(())
    }

    /// Whether no identity is held.
    pub fn is_empty(&self) -> bool {
        self.identities.is_empty()
    }

    fn open_age(&self, encrypted: &str) -> Result<Part, Refused> {
        if self.identities.is_empty() {
            return Err(self.refuse("no age identity is given"));
        }
        let decryptor = age::Decryptor::new_buffered(ArmoredReader::new(encrypted.as_bytes()));
        let decryptor = decryptor.map_err(|_| self.refuse("its stanza is not an armored age file"))?;
        let identities = self.identities.iter().map(|identity| identity as &dyn age::Identity);
        let mut reader = decryptor.decrypt(identities).map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => match self.identities.len() {
                1 => self.refuse("the one identity given is not for it"),
                many => self.refuse(&format!("none of the {many} identities given is for it")),
            },
            _ => self.refuse("its stanza was changed or is malformed"),
        })?;
        let mut part = Zeroizing::new([0_u8; LONGEST_PART + 1]);
        let mut length = 0;
        loop {
            let read = reader.read(&mut part[length..]);
            match read.map_err(|_| self.refuse("its stanza was changed or is cut off"))? {
                0 if length > LONGEST_PART => return Err(self.refuse("it holds more than a data key")),
                0 => return Ok(Part::new(part[..length].to_vec())),
                more => length += more,
            }
        }
    }

    fn refuse(&self, why: &str) -> Refused {
        Refused(match self.unusable.as_slice() {
            [] => why.to_owned(),
            unusable => format!("{why} ({}: not supported)", unusable.join(", ")),
        })
    }
}

impl KeySource for Keys {
    fn open(&self, stanza: &Stanza) -> Result<Part, Refused> {
        let needs = match stanza {
            Stanza::Age { encrypted, .. } => return self.open_age(encrypted),
            Stanza::Pgp { .. } => "OpenPGP is not supported",
            Stanza::AwsKms { .. } => "this needs a call to AWS, which is not supported",
            Stanza::GcpKms { .. } => "this needs a call to Google Cloud, which is not supported",
            Stanza::AzureKeyVault { .. } => "this needs a call to Azure, which is not supported",
            Stanza::HuaweiKms { .. } => "this needs a call to Huawei Cloud, which is not supported",
            Stanza::Vault { .. } => "this needs a call to Vault, which is not supported",
        };
        Err(Refused(format!("{needs}; encrypt for an age recipient as well")))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({} age identities)", self.identities.len())
    }
}
