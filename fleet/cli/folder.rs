//! A folder on disk as a tree, for repositories that are not (yet) committed.

use crate::exit::Failure;
use mainstay_unit::tree::{MemoryTree, TreePath};
use std::path::Path;

const FILES: usize = 200_000;
const BYTES: u64 = 1 << 30;

/// Reads everything but Git's and Mainstay's own folders. Symlinks stay symlinks.
pub(crate) fn read(root: &Path) -> Result<MemoryTree, Failure> {
    let mut tree = MemoryTree::new();
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
                tree.insert_symlink(path, &target.to_string_lossy());
            } else if kind.is_file() {
                bytes += entry.metadata().map_err(failed)?.len();
                if bytes > BYTES {
                    return Err(Failure::user(format!("{} holds more than 1 GiB", root.display())));
                }
                tree.insert(path, std::fs::read(entry.path()).map_err(failed)?.into());
            }
        }
    }
    Ok(tree)
}
