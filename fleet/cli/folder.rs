//! A folder on disk as a tree, for repositories that are not (yet) committed.

use crate::exit::Failure;
use mainstay_unit::tree::{Entry, EntryKind, IndexedTree, Tree, TreeError, TreePath};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const FILES: usize = 200_000;
const BYTES: u64 = 1 << 30;

/// Reads everything but Git's and Mainstay's own folders. Symlinks stay symlinks.
pub(crate) fn read(root: &Path) -> Result<IndexedTree, Failure> {
    index(root).map(IndexedTree::with_folder_ids)
}

/// The same, for who looks up much and has no use for the ids of folders.
pub(crate) fn index(root: &Path) -> Result<IndexedTree, Failure> {
    files(root).map(IndexedTree::new)
}

/// Where it is, what it is, and what is in it.
type Found = (TreePath, EntryKind, Arc<[u8]>);

fn files(root: &Path) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    let (mut files, mut bytes) = (0usize, 0u64);
    let mut pending = vec![(root.to_path_buf(), TreePath::root())];
    while let Some((folder, at)) = pending.pop() {
        let failed =
            |e: std::io::Error| Failure::environment(format!("{} can't be read: {e}", folder.display()));
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if at.is_root() && matches!(name, ".git" | ".mainstay") {
                continue;
            }
            let Ok(path) = at.join(name) else { continue };
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                pending.push((entry.path(), path));
                continue;
            }
            files += 1;
            if files > FILES {
                return Err(Failure::user(format!("{} holds more than {FILES} files", root.display())));
            }
            if kind.is_symlink() {
                let target = std::fs::read_link(entry.path()).map_err(failed)?;
                found.push((path, EntryKind::Symlink, target.to_string_lossy().as_bytes().into()));
            } else if kind.is_file() {
                bytes += entry.metadata().map_err(failed)?.len();
                if bytes > BYTES {
                    return Err(Failure::user(format!("{} holds more than 1 GiB", root.display())));
                }
                let content = std::fs::read(entry.path()).map_err(failed)?;
                found.push((path, EntryKind::File, content.into()));
            }
        }
    }
    Ok(found)
}

/// A folder of which nothing is read but what is asked for, for who looks at little of it, once. Nothing in it has an id;
/// what was seen of a path stays so.
pub(crate) struct Disk {
    root: PathBuf,
    seen: Mutex<BTreeMap<TreePath, Option<Entry>>>,
}

impl Disk {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root, seen: Mutex::default() }
    }

    fn look(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        match std::fs::symlink_metadata(self.root.join(path.as_str())) {
            Ok(found) => Ok(entry(&found)),
            Err(e)
                if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(e) => Err(broken(path, &e)),
        }
    }
}

/// Nothing for what is neither a folder nor a file nor a link.
fn entry(found: &std::fs::Metadata) -> Option<Entry> {
    let kind = match found.file_type() {
        kind if kind.is_dir() => EntryKind::Folder,
        kind if kind.is_symlink() => EntryKind::Symlink,
        kind if kind.is_file() => EntryKind::File,
        _ => return None,
    };
    let size = if kind == EntryKind::Folder { 0 } else { found.len() };
    Some(Entry { kind, id: String::new(), size })
}

fn broken(path: &TreePath, error: &std::io::Error) -> TreeError {
    TreeError::Broken { path: path.clone(), why: error.to_string() }
}

impl Tree for Disk {
    fn id(&self) -> String {
        String::new()
    }

    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        if let Some(seen) = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Ok(seen.clone());
        }
        let found = self.look(path)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(seen.entry(path.clone()).or_insert(found).clone())
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        match self.entry(path)?.map(|entry| entry.kind) {
            Some(EntryKind::Folder) => {}
            Some(_) => return Err(TreeError::NotAFolder(path.clone())),
            None => return Err(TreeError::NotFound(path.clone())),
        }
        let failed = |e: std::io::Error| broken(path, &e);
        let mut found = Vec::new();
        for item in std::fs::read_dir(self.root.join(path.as_str())).map_err(failed)? {
            let item = item.map_err(failed)?;
            if let (Ok(name), Some(entry)) =
                (item.file_name().into_string(), entry(&item.metadata().map_err(failed)?))
            {
                found.push((name, entry));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        let at = self.root.join(path.as_str());
        match self.entry(path)?.map(|entry| entry.kind) {
            Some(EntryKind::Symlink) => {
                let target = std::fs::read_link(at).map_err(|e| broken(path, &e))?;
                Ok(target.to_string_lossy().as_bytes().into())
            }
            Some(EntryKind::File | EntryKind::Executable) => {
                std::fs::read(at).map(Arc::from).map_err(|e| broken(path, &e))
            }
            Some(EntryKind::Folder | EntryKind::Submodule) => Err(TreeError::NotAFile(path.clone())),
            None => Err(TreeError::NotFound(path.clone())),
        }
    }
}
