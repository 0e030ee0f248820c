//! A log's signed word on how large its tree is and what its root is: a signed note (`c2sp.org/signed-note`,
//! `c2sp.org/tlog-checkpoint`), as Rekor writes them.

use super::merkle::Hash;
use super::root::Log;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const MOST_BYTES: usize = 16 << 10;
const MOST_LINES: usize = 64;

#[derive(Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub size: u64,
    pub root: Hash,
}

/// Signed by the log with this id. A log's own signature is known by the first four bytes of its id; others may stand beside
/// it.
pub fn read(note: &str, id: &Hash, log: &Log) -> Result<Checkpoint, &'static str> {
    if note.is_empty() {
        return Err("the proof that its log holds it (inclusion proof) comes without a checkpoint");
    }
    if note.len() > MOST_BYTES || note.lines().count() > MOST_LINES {
        return Err("the checkpoint of its log is too large");
    }
    let (text, signatures) = note.split_once("\n\n").ok_or("the checkpoint of its log can't be read")?;
    let text = format!("{text}\n");
    let key = log.key.as_ref().ok_or("the key of its log is of a kind that is not supported")?;
    let origin = text.lines().next().unwrap_or_default();
    // What version 1 calls a tree is its own affair; from version 2 on a log calls itself by its host.
    let host = match origin.rsplit_once(" - ") {
        Some((_, tree)) if !tree.is_empty() && tree.bytes().all(|b| b.is_ascii_digit()) => None,
        Some(_) | None if log.host.as_deref() == Some(origin) => Some(origin),
        Some(_) | None => return Err("the checkpoint is of another log"),
    };
    let is_signed = signatures.lines().filter_map(signature).any(|(name, signature)| {
        signature.split_at_checked(4).is_some_and(|(hint, signature)| {
            let is_its = *hint == id[..4] && host.is_none_or(|host| host == name);
            is_its && key.has_signed(text.as_bytes(), signature)
        })
    });
    if !is_signed {
        return Err("its log has not signed the checkpoint");
    }
    let mut lines = text.lines();
    let (_origin, size, root) = (lines.next(), lines.next(), lines.next());
    let size =
        size.filter(|size| size.bytes().all(|b| b.is_ascii_digit())).and_then(|size| size.parse().ok());
    let root = root.and_then(|root| Hash::try_from(STANDARD.decode(root).ok()?).ok());
    match (size, root) {
        (Some(size), Some(root)) => Ok(Checkpoint { size, root }),
        (Some(_) | None, _) => Err("the checkpoint of its log can't be read"),
    }
}

/// `— name base64`
fn signature(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, text) = line.strip_prefix("\u{2014} ")?.rsplit_once(' ')?;
    Some((name, STANDARD.decode(text).ok()?))
}
