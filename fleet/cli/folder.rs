//! A folder on disk as a tree, for repositories that are not (yet) committed.

use crate::exit::Failure;
use mainstay_unit::tree::{EntryKind, IndexedTree, MemoryTree, TreePath};
use std::path::Path;
use std::sync::Arc;

const FILES: usize = 200_000;
const BYTES: u64 = 1 << 30;

/// Reads everything but Git's and Mainstay's own folders. Symlinks stay symlinks.
pub(crate) fn read(root: &Path) -> Result<MemoryTree, Failure> {
    let mut tree = MemoryTree::new();
    for (path, kind, content) in files(root)? {
        if kind == EntryKind::Symlink {
            tree.insert_symlink(path, &String::from_utf8_lossy(&content));
        } else {
            tree.insert(path, content);
        }
    }
    Ok(tree)
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
