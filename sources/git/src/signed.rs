//! What of a commit or an annotated tag is signed (git's `parse_signed_commit` and `parse_signature`, gitformat-signature):
//! of a commit everything but the header field that holds the signature, of a tag everything before it.

use crate::GitError;
use git2::{ObjectType, Oid, Repository};

/// Whatever a commit or tag is: more of it is not read.
const MOST_BYTES: usize = 8 << 20;
/// How OpenPGP, SSH and S/MIME begin (`gpg-interface.c`); the second as another program than GnuPG wrote it.
const BEGINNINGS: [&[u8]; 4] = [
    b"-----BEGIN PGP SIGNATURE-----",
    b"-----BEGIN PGP MESSAGE-----",
    b"-----BEGIN SIGNED MESSAGE-----",
    b"-----BEGIN SSH SIGNATURE-----",
];

/// An object's text without its signature, and that.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    pub payload: Vec<u8>,
    /// Armored; empty where there is none.
    pub signature: Vec<u8>,
}

impl Signed {
    /// Why nothing can be verified about it.
    pub(crate) fn unsupported(&self) -> Option<&'static str> {
        let begins = |how: &[u8]| self.signature.trim_ascii_start().starts_with(how);
        if self.signature.trim_ascii().is_empty() {
            Some("it is not signed")
        } else if begins(BEGINNINGS[3]) {
            Some("it is signed with SSH, and only signatures of OpenPGP are verified")
        } else if begins(BEGINNINGS[2]) {
            Some("it is signed with S/MIME, and only signatures of OpenPGP are verified")
        } else if begins(BEGINNINGS[0]) {
            None
        } else {
            Some("its signature is of a kind that is not known; those of OpenPGP are verified")
        }
    }
}

/// An object as it was hashed.
pub(crate) fn raw(repository: &Repository, id: Oid, kind: ObjectType) -> Result<Vec<u8>, GitError> {
    let failed = |e: git2::Error| GitError::local(repository.path(), &e);
    let odb = repository.odb().map_err(failed)?;
    let (size, found) = odb.read_header(id).map_err(failed)?;
    if size > MOST_BYTES {
        let what = format!("the {found} {id} has {size} bytes");
        return Err(GitError::TooLarge { what, limit: MOST_BYTES as u64 });
    }
    if found != kind {
        return Err(GitError::invalid(format!("the object {id}"), format!("it is a {found}, no {kind}")));
    }
    Ok(odb.read(id).map_err(failed)?.data().to_vec())
}

/// `tree` is what is read of the commit. The error says why nothing can be said to be signed.
pub(crate) fn of_commit(raw: &[u8], tree: Oid) -> Result<Signed, &'static str> {
    let mut out = Signed { payload: Vec::with_capacity(raw.len()), signature: Vec::new() };
    let (mut rest, mut within, mut seen) = (raw, false, false);
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        if let (true, Some(more)) = (within, line.strip_prefix(b" ")) {
            out.signature.extend_from_slice(more);
            continue;
        }
        within = false;
        if let Some(first) = line.strip_prefix(b"gpgsig ") {
            // Git joins several, others take the first or the last.
            if seen {
                return Err("it holds more than one signature");
            }
            (within, seen) = (true, true);
            out.signature.extend_from_slice(first);
            continue;
        }
        if line.starts_with(b"gpgsig-sha256 ") {
            return Err("it holds a signature for another object format");
        }
        out.payload.extend_from_slice(line);
        if line == b"\n" {
            out.payload.extend_from_slice(rest);
            break;
        }
    }
    // Whatever else reads it otherwise: what is signed names the files that are used.
    if !out.payload.starts_with(format!("tree {tree}\n").as_bytes()) {
        return Err("what is signed of it names no tree, or another one");
    }
    Ok(out)
}

/// `head` is what is read of the tag.
pub(crate) fn of_tag(raw: &[u8], head: &TagHead) -> Result<Signed, &'static str> {
    let mut at = 0;
    let mut begun = raw.len();
    while at < raw.len() {
        if BEGINNINGS.iter().any(|how| raw[at..].starts_with(how)) {
            begun = at;
        }
        at = raw[at..].iter().position(|byte| *byte == b'\n').map_or(raw.len(), |end| at + end + 1);
    }
    let (payload, signature) = raw.split_at(begun);
    let TagHead { target, kind, name } = head;
    if !payload.starts_with(format!("object {target}\ntype {kind}\ntag {name}\n").as_bytes()) {
        return Err("what is signed of it does not say what it is of");
    }
    Ok(Signed { payload: payload.to_vec(), signature: signature.to_vec() })
}

/// What a tag is of, and what it is called.
pub(crate) struct TagHead {
    pub target: Oid,
    pub kind: ObjectType,
    pub name: String,
}
