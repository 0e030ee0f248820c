use thiserror::Error;

use crate::format::Format;

/// Why a document was not decrypted. Holds names, places and counts, never a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SopsError {
    #[error("no `sops` metadata: not encrypted by SOPS")]
    NotEncrypted,
    #[error("more than one `sops` entry")]
    TwoMetadata,
    #[error("the `sops` metadata cannot be read: `{0}` {1}")]
    Metadata(String, &'static str),
    #[error("the `sops` metadata sets {0} rules for what is encrypted; it may set one")]
    Rules(usize),
    #[error("the expression in `{0}` of the `sops` metadata cannot be read")]
    Expression(&'static str),
    #[error("the {0} format is not supported: use YAML, JSON, dotenv or binary")]
    Format(Format),
    #[error("cannot be read as {format}: {why}{}", place(*.line))]
    Syntax { format: Format, why: String, line: Option<u32> },
    #[error("more {0} than the limit allows")]
    Limit(&'static str),
    #[error("the data key cannot be opened: {0}")]
    DataKey(String),
    #[error("the data key has {0} bytes, not 32")]
    DataKeyLength(usize),
    #[error("`{0}` should be encrypted, and is {1} in the clear")]
    InTheClear(String, &'static str),
    #[error("the ciphertext of `{0}` is malformed: {1}")]
    Ciphertext(String, &'static str),
    #[error("`{0}` does not decrypt: it was changed, moved, or encrypted with another key")]
    Forged(String),
    #[error("`{0}` decrypts to something that is not {1}")]
    NotOfType(String, &'static str),
    #[error("`{0}` has a key that is not text")]
    KeyNotText(String),
    #[error("the document has no MAC")]
    NoMac,
    #[error("the MAC does not match: the document was changed after it was encrypted")]
    MacMismatch,
    #[error("what is encrypted depends on comments, which an object does not have")]
    RuleNeedsComments,
    #[error("`{0}` cannot be written as {1}")]
    Unwritable(String, Format),
}

fn place(line: Option<u32>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}
