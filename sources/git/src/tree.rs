use crate::store::{Handle, Store};
use crate::{GitError, Limits};
use git2::{ErrorCode, FileMode, ObjectType, Oid, Repository, TreeEntry};
use mainstay_unit::tree::{Entry, EntryKind, Tree, TreeError, TreePath};
use std::sync::Arc;

/// The files of one commit, read from the object store. It outlives the mirror that gave it.
#[derive(Clone)]
pub struct GitTree {
    pub(crate) store: Arc<Store>,
    pub(crate) root: Oid,
    pub(crate) limits: Limits,
}

/// An entry as the folder above it has it.
struct Found {
    id: Oid,
    kind: EntryKind,
}

impl GitTree {
    fn open(&self, path: &TreePath) -> Result<Handle<'_>, TreeError> {
        self.store.handle().map_err(|e| match e {
            GitError::Disk { why, .. } | GitError::Corrupt { why, .. } => self.broken(path, why),
            other => self.broken(path, other.to_string()),
        })
    }

    fn find(&self, repository: &Repository, path: &TreePath) -> Result<Option<Found>, TreeError> {
        let mut at = Found { id: self.root, kind: EntryKind::Folder };
        for part in path.parts() {
            if at.kind != EntryKind::Folder {
                return Ok(None);
            }
            let folder = repository.find_tree(at.id).map_err(|e| self.damaged(path, at.id, &e))?;
            let Some(entry) = folder.get_name_bytes(part.as_bytes()) else {
                return Ok(None);
            };
            at = Found { id: entry.id(), kind: self.kind(path, &entry)? };
        }
        Ok(Some(at))
    }

    fn kind(&self, path: &TreePath, entry: &TreeEntry<'_>) -> Result<EntryKind, TreeError> {
        let mode = entry.filemode();
        let is = |wanted: FileMode| mode == i32::from(wanted);
        Ok(match entry.kind() {
            Some(ObjectType::Tree) => EntryKind::Folder,
            Some(ObjectType::Commit) => EntryKind::Submodule,
            Some(ObjectType::Blob) if is(FileMode::Link) => EntryKind::Symlink,
            Some(ObjectType::Blob) if is(FileMode::BlobExecutable) => EntryKind::Executable,
            Some(ObjectType::Blob) => EntryKind::File,
            Some(ObjectType::Any | ObjectType::Tag) | None => {
                return Err(self.broken(path, format!("its mode {mode:o} means nothing in a folder")));
            }
        })
    }

    fn describe(&self, repository: &Repository, path: &TreePath, found: &Found) -> Result<Entry, TreeError> {
        let size = match found.kind {
            EntryKind::Folder | EntryKind::Submodule => 0,
            EntryKind::File | EntryKind::Executable | EntryKind::Symlink => {
                self.size(repository, path, found.id)?
            }
        };
        Ok(Entry { kind: found.kind, id: found.id.to_string(), size })
    }

    fn size(&self, repository: &Repository, path: &TreePath, id: Oid) -> Result<u64, TreeError> {
        let header = repository.odb().and_then(|odb| odb.read_header(id));
        match header.map_err(|e| self.damaged(path, id, &e))? {
            (size, ObjectType::Blob) => Ok(size as u64),
            (_, _) => Err(self.broken(path, format!("object {id} is not a file's content"))),
        }
    }

    /// The mirror looks at itself before its next fetch when an object of it can't be read.
    fn damaged(&self, path: &TreePath, id: Oid, error: &git2::Error) -> TreeError {
        self.store.suspect();
        let why = match error.code() {
            ErrorCode::NotFound => format!("object {id} is missing"),
            _ => format!("object {id}: {}", error.message()),
        };
        self.broken(path, why)
    }

    fn broken(&self, path: &TreePath, why: String) -> TreeError {
        TreeError::Broken { path: path.clone(), why }
    }
}

impl Tree for GitTree {
    fn id(&self) -> String {
        self.root.to_string()
    }

    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        let repository = self.open(path)?;
        match self.find(&repository, path)? {
            Some(found) => Ok(Some(self.describe(&repository, path, &found)?)),
            None => Ok(None),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        let repository = self.open(path)?;
        let found = self.find(&repository, path)?.ok_or_else(|| TreeError::NotFound(path.clone()))?;
        if found.kind != EntryKind::Folder {
            return Err(TreeError::NotAFolder(path.clone()));
        }
        let folder = repository.find_tree(found.id).map_err(|e| self.damaged(path, found.id, &e))?;
        let mut out = Vec::with_capacity(folder.len());
        for entry in &folder {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            // Left out, such a file would seem to have been deleted; kept, it could name another one.
            if entry.name().is_err() || name.is_empty() || name == "." || name == ".." || name.contains('/') {
                return Err(self.broken(path, format!("it holds the name {name:?}, which names no file")));
            }
            let found = Found { id: entry.id(), kind: self.kind(path, &entry)? };
            out.push((name, self.describe(&repository, path, &found)?));
        }
        // Git sorts a folder as if its name ended in a slash.
        out.sort_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
        Ok(out)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        let repository = self.open(path)?;
        let found = self.find(&repository, path)?.ok_or_else(|| TreeError::NotFound(path.clone()))?;
        match found.kind {
            EntryKind::File | EntryKind::Executable | EntryKind::Symlink => {}
            EntryKind::Folder | EntryKind::Submodule => return Err(TreeError::NotAFile(path.clone())),
        }
        let size = self.size(&repository, path, found.id)?;
        if size > self.limits.max_file {
            return Err(TreeError::TooLarge { path: path.clone(), size, limit: self.limits.max_file });
        }
        let blob = repository.find_blob(found.id).map_err(|e| self.damaged(path, found.id, &e))?;
        Ok(blob.content().into())
    }
}
