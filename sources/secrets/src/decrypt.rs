//! From an encrypted document to its plaintext.

use sha2::{Digest, Sha512};

use crate::buffer::Plaintext;
use crate::cipher::{Cipher, Type};
use crate::format::{Format, Reference};
use crate::metadata::Metadata;
use crate::rule::{Comments, Level};
use crate::stanza::KeySource;
use crate::tree::{Branch, Comment, Entry, Item, Value};
use crate::{Limits, SopsError, data_key, number, store};

/// What is checked beside each encrypted value, which is always bound to its path and to the data key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integrity {
    /// The MAC over all values in their order: nothing was added, removed, moved or changed. What `sops` itself checks.
    Document,
    /// Encrypted values alone, as Flux does: a value that is in the clear may have been changed, and values removed.
    Values,
}

/// Decrypts a document of one format, and writes it in another. Without a `sops` block it is
/// [`SopsError::NotEncrypted`].
///
/// YAML and JSON are written as `sops --decrypt` writes them by default: four blanks, or tabs.
pub fn decrypt(
    bytes: &[u8],
    from: Format,
    to: Format,
    keys: &dyn KeySource,
    integrity: Integrity,
    limits: &Limits,
) -> Result<Plaintext, SopsError> {
    if bytes.len() > limits.bytes {
        return Err(SopsError::Limit("bytes"));
    }
    let mut branches = store::load(bytes, from, limits)?;
    let metadata = match from {
        Format::Dotenv => store::dotenv::metadata(&mut branches, limits)?,
        Format::Binary | Format::Ini | Format::Json | Format::Yaml => {
            Metadata::extract(&mut branches, limits)?
        }
    };
    open(&mut branches, &metadata, keys, integrity, limits)?;
    store::emit(&branches, to)
}

/// Decrypts a file that a kustomization refers to, before it is built, as kustomize-controller does: the format is
/// taken from its name, and a file without SOPS' marker stays as it is, which is `None`.
pub fn decrypt_referenced(
    reference: Reference<'_>,
    bytes: &[u8],
    keys: &dyn KeySource,
    integrity: Integrity,
    limits: &Limits,
) -> Result<Option<Plaintext>, SopsError> {
    let format = Format::of(reference);
    if !format.marks(bytes) {
        return Ok(None);
    }
    decrypt(bytes, format, format, keys, integrity, limits).map(Some)
}

pub(crate) fn open(
    branches: &mut [Branch],
    metadata: &Metadata,
    keys: &dyn KeySource,
    integrity: Integrity,
    limits: &Limits,
) -> Result<(), SopsError> {
    let cipher = data_key::open(metadata, keys, limits)?;
    let mut walk = Walk {
        cipher: &cipher,
        metadata,
        mac: Sha512::new(),
        path: String::new(),
        comments: Comments::new(),
    };
    if metadata.mac_only_encrypted {
        walk.mac.update(MAC_ONLY_ENCRYPTED);
    }
    for branch in branches {
        walk.branch(branch, false)?;
    }
    let computed = walk.mac.finalize();
    match integrity {
        Integrity::Values => Ok(()),
        Integrity::Document => check(metadata, &cipher, &computed),
    }
}

/// What the MAC begins with where it covers encrypted values alone: SHA-256 of `sops`.
const MAC_ONLY_ENCRYPTED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b,
    0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

fn check(metadata: &Metadata, cipher: &Cipher, computed: &[u8]) -> Result<(), SopsError> {
    if metadata.mac.is_empty() {
        return Err(SopsError::NoMac);
    }
    let (kind, stated) = cipher.open(metadata.mac.as_bytes(), &metadata.last_modified, "sops.mac")?;
    let computed: String = computed.iter().map(|byte| format!("{byte:02X}")).collect();
    if kind == Type::Text && *stated == *computed.as_bytes() { Ok(()) } else { Err(SopsError::MacMismatch) }
}

struct Walk<'a> {
    cipher: &'a Cipher,
    metadata: &'a Metadata,
    mac: Sha512,
    /// The names above, each followed by a colon: what a value is bound to. Lists add none.
    path: String,
    comments: Comments,
}

impl Walk<'_> {
    /// `named` is whether a name above is one that the rule is about.
    fn branch(&mut self, branch: &mut Branch, named: bool) -> Result<(), SopsError> {
        self.comments.push(Level::default());
        for entry in branch {
            match entry {
                Entry::Comment(comment) => self.comment(comment, named),
                Entry::Member(key, value) => {
                    let length = self.path.len();
                    self.path.push_str(key);
                    self.path.push(':');
                    let below = named || self.metadata.rule.names(key);
                    self.value(value, below)?;
                    self.path.truncate(length);
                    self.uncover();
                }
            }
        }
        self.comments.pop();
        Ok(())
    }

    fn value(&mut self, value: &mut Value, named: bool) -> Result<(), SopsError> {
        match value {
            Value::Null => Ok(()),
            Value::Map(branch) => self.branch(branch, named),
            Value::List(items) => self.list(items, named),
            Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Time(_)
            | Value::Text(_)
            | Value::Bytes(_) => match self.leaf(value, named)? {
                None => Ok(()),
                Some(_) => Err(SopsError::NotOfType(self.place(), "a value, but a comment")),
            },
        }
    }

    fn list(&mut self, items: &mut [Item], named: bool) -> Result<(), SopsError> {
        self.comments.push(Level::default());
        for item in items {
            match item {
                Item::Comment(comment) => self.comment(comment, named),
                Item::Value(value @ (Value::Null | Value::Map(_) | Value::List(_))) => {
                    self.value(value, named)?;
                    self.uncover();
                }
                Item::Value(value) => {
                    if let Some(comment) = self.leaf(value, named)? {
                        *item = Item::Comment(comment);
                    }
                    self.uncover();
                }
            }
        }
        self.comments.pop();
        Ok(())
    }

    /// A value ends what the comments above it say, on its level.
    fn uncover(&mut self) {
        if let Some(level) = self.comments.last_mut() {
            *level = Level::default();
        }
    }

    fn comment(&mut self, comment: &mut Comment, named: bool) {
        if let (Some(level), Some(matches)) =
            (self.comments.last_mut(), self.metadata.rule.matches(&comment.text))
        {
            level.add(matches);
        }
        if !self.metadata.rule.encrypts(named, &self.comments, true) {
            return;
        }
        // What does not decrypt was written later, by hand. What does, SOPS no longer takes for one behind a value.
        if let Ok((kind, text)) = self.cipher.open(&comment.text, self.bound(), "") {
            *comment = Comment { text, inline: comment.inline && kind != Type::Comment };
        }
    }

    /// Decrypts a scalar and counts it into the MAC. A comment takes the place of one only in a list.
    fn leaf(&mut self, value: &mut Value, named: bool) -> Result<Option<Comment>, SopsError> {
        let encrypted = self.metadata.rule.encrypts(named, &self.comments, false);
        let mut comment = None;
        if encrypted {
            let Value::Text(text) = value else {
                return Err(SopsError::InTheClear(self.place(), value.kind()));
            };
            // An empty text is not encrypted.
            if !text.is_empty() {
                let place = self.place();
                let (kind, plain) = self.cipher.open(text, self.bound(), &place)?;
                match kind {
                    Type::Comment => comment = Some(Comment { text: plain, inline: false }),
                    Type::Text | Type::Int | Type::Float | Type::Bool | Type::Bytes | Type::Time => {
                        *value = typed(kind, plain, &place)?;
                    }
                }
            }
        }
        if encrypted || !self.metadata.mac_only_encrypted {
            match (&comment, &*value) {
                (Some(comment), _) => self.mac.update(&*comment.text),
                (None, Value::Text(bytes) | Value::Bytes(bytes)) => self.mac.update(&**bytes),
                (None, Value::Bool(value)) => self.mac.update(if *value { "True" } else { "False" }),
                (None, Value::Int(n)) => self.mac.update(n.to_string()),
                (None, Value::Float(f)) => self.mac.update(number::fixed(*f)),
                (None, Value::Time(time)) => self.mac.update(time),
                (None, Value::Null | Value::List(_) | Value::Map(_)) => {}
            }
        }
        Ok(comment)
    }

    /// What a value is authenticated with. No name at all has its colon too.
    fn bound(&self) -> &str {
        if self.path.is_empty() { ":" } else { &self.path }
    }

    fn place(&self) -> String {
        self.path.trim_end_matches(':').replace(':', ".")
    }
}

fn typed(kind: Type, plain: Plaintext, place: &str) -> Result<Value, SopsError> {
    let wrong = |what| SopsError::NotOfType(place.to_owned(), what);
    let text = plain.text();
    Ok(match kind {
        Type::Text | Type::Comment => Value::Text(plain),
        Type::Bytes => Value::Bytes(plain),
        Type::Int => Value::Int(text.and_then(|t| t.parse().ok()).ok_or_else(|| wrong("an integer"))?),
        Type::Float => Value::Float(text.and_then(float).ok_or_else(|| wrong("a number"))?),
        Type::Bool => Value::Bool(match text {
            Some("True" | "true" | "TRUE" | "T" | "t" | "1") => true,
            Some("False" | "false" | "FALSE" | "F" | "f" | "0") => false,
            _ => return Err(wrong("true or false")),
        }),
        Type::Time => {
            let time = text.filter(|t| t.len() < 64 && t.starts_with(|c: char| c.is_ascii_digit()));
            Value::Time(time.ok_or_else(|| wrong("a point in time"))?.to_owned())
        }
    })
}

fn float(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        _ => text.parse().ok(),
    }
}
