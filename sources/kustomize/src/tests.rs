mod corpus;
mod features;
mod hostile;
mod substitution;

use mainstay_object::Digest;
use mainstay_unit::tree::{Entry, EntryKind, MemoryTree, Tree, TreeError, TreePath};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A tree whose every entry is known beforehand: large ones are read in no time.
struct Indexed {
    entries: BTreeMap<TreePath, Entry>,
    children: BTreeMap<TreePath, Vec<(String, Entry)>>,
    files: MemoryTree,
}

fn indexed(files: Vec<(TreePath, EntryKind, Arc<[u8]>)>) -> Indexed {
    let mut tree = Indexed { entries: BTreeMap::new(), children: BTreeMap::new(), files: MemoryTree::new() };
    let folder = Entry { kind: EntryKind::Folder, id: String::new(), size: 0 };
    tree.entries.insert(TreePath::root(), folder.clone());
    for (path, kind, bytes) in files {
        let entry = Entry { kind, id: Digest::of_bytes(&bytes).hex(), size: bytes.len() as u64 };
        tree.entries.insert(path.clone(), entry);
        let mut at = path.clone();
        while let Some(parent) = at.parent() {
            tree.entries.entry(parent.clone()).or_insert_with(|| folder.clone());
            at = parent;
        }
        match kind {
            EntryKind::Symlink => tree.files.insert_symlink(path, &String::from_utf8_lossy(&bytes)),
            _ => tree.files.insert(path, bytes),
        }
    }
    for (path, entry) in &tree.entries {
        if let Some(parent) = path.parent() {
            let child = (path.file_name().to_owned(), entry.clone());
            tree.children.entry(parent).or_default().push(child);
        }
    }
    tree
}

impl Tree for Indexed {
    fn id(&self) -> String {
        String::new()
    }

    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        Ok(self.entries.get(path).cloned())
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        self.children.get(path).cloned().ok_or_else(|| TreeError::NotFound(path.clone()))
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        self.files.read(path)
    }
}
