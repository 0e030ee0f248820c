//! Whether everything that a tree names is there, and whether there isn't too much of it.

use crate::{GitError, Limits};
use git2::{ErrorCode, ObjectType, Odb, Oid, Repository};
use std::collections::HashMap;
use std::path::Path;

/// Folders that were found complete, all the way down, and how many entries each holds. What is in here is not read
/// again, so that a commit costs what it changes.
pub(crate) type Known = HashMap<Oid, u64>;

/// Folders deeper than this are refused: hardly a path could name them.
pub(crate) const MAX_DEPTH: usize = 512;
/// Beyond this the memory is worth more than the time.
const MAX_KNOWN: usize = 1 << 20;

pub(crate) fn tree(
    repository: &Repository,
    root: Oid,
    known: &mut Known,
    limits: Limits,
) -> Result<(), GitError> {
    if known.len() > MAX_KNOWN {
        known.clear();
    }
    let odb = repository.odb().map_err(|e| GitError::local(repository.path(), &e))?;
    let mut walk = Walk { path: repository.path(), repository, odb, known, limits };
    walk.folder(root, 0).map(drop)
}

struct Walk<'a> {
    path: &'a Path,
    repository: &'a Repository,
    odb: Odb<'a>,
    known: &'a mut Known,
    limits: Limits,
}

impl Walk<'_> {
    fn folder(&mut self, id: Oid, depth: usize) -> Result<u64, GitError> {
        if depth > MAX_DEPTH {
            let what = "folders are nested too deep".to_owned();
            return Err(GitError::TooLarge { what, limit: MAX_DEPTH as u64 });
        }
        if let Some(count) = self.known.get(&id) {
            return Ok(*count);
        }
        let tree = self.repository.find_tree(id).map_err(|e| self.broken(id, &e))?;
        let mut count = 0_u64;
        for entry in &tree {
            count = count.saturating_add(1);
            match entry.kind() {
                Some(ObjectType::Tree) => count = count.saturating_add(self.folder(entry.id(), depth + 1)?),
                Some(ObjectType::Blob) if !self.odb.exists(entry.id()) => {
                    return Err(self.broken(entry.id(), &git2::Error::from_str("it is missing")));
                }
                // A submodule's commit lives in another repository.
                Some(_) | None => {}
            }
            if count > self.limits.max_entries {
                let what = "a commit holds too many files and folders".to_owned();
                return Err(GitError::TooLarge { what, limit: self.limits.max_entries });
            }
        }
        self.known.insert(id, count);
        Ok(count)
    }

    fn broken(&self, id: Oid, error: &git2::Error) -> GitError {
        let why = match error.code() {
            ErrorCode::NotFound => format!("object {id}: it is missing"),
            _ => format!("object {id}: {}", error.message()),
        };
        GitError::Corrupt { what: self.path.display().to_string(), why }
    }
}
