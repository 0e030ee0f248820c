//! An immutable tree of files, whatever holds it: a Git commit, a composed artifact, a test's literals.
//!
//! A tree is a value: the same id always has the same content, so a read of it needs no time and no invalidation.

use mainstay_object::Digest;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// A content-addressed, immutable tree of files. No method follows a symlink.
pub trait Tree: Send + Sync {
    /// Digest of the whole tree.
    fn id(&self) -> String;
    /// The entry at a path, or nothing. The root is a folder.
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError>;
    /// The entries of a folder, sorted by the bytes of their names.
    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError>;
    /// The bytes of a file, or the target of a symlink.
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub kind: EntryKind,
    /// Digest of the content.
    pub id: String,
    /// Bytes; zero for folders.
    pub size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Executable,
    Folder,
    Symlink,
    Submodule,
}

impl EntryKind {
    pub fn is_file(self) -> bool {
        match self {
            Self::File | Self::Executable => true,
            Self::Folder | Self::Symlink | Self::Submodule => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TreeError {
    #[error("{0} does not exist")]
    NotFound(TreePath),
    #[error("{0} is not a folder")]
    NotAFolder(TreePath),
    #[error("{0} is not a file")]
    NotAFile(TreePath),
    #[error("{path} has {size} bytes; the limit is {limit}")]
    TooLarge { path: TreePath, size: u64, limit: u64 },
    #[error("{path} can't be read: {why}")]
    Broken { path: TreePath, why: String },
}

/// A normalised path inside a tree: no `.`, no `..`, no empty part; the root is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(String);

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidPath {
    #[error("the path {0:?} leads out of the repository")]
    Escapes(String),
    #[error("the path {0:?} holds a character that no path may hold")]
    Character(String),
    #[error("the path has {0} bytes; the limit is 4096")]
    TooLong(usize),
}

impl TreePath {
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a path relative to the root. A leading slash means the root too, as Flux reads it.
    pub fn parse(path: &str) -> Result<Self, InvalidPath> {
        Self::root().join(path.trim_start_matches('/'))
    }

    /// Resolves a path relative to this folder; `..` may climb, but never above the root.
    pub fn join(&self, path: &str) -> Result<Self, InvalidPath> {
        if path.len() + self.0.len() > 4096 {
            return Err(InvalidPath::TooLong(path.len() + self.0.len()));
        }
        if path.contains(['\0', '\\', '\n']) {
            return Err(InvalidPath::Character(path.to_owned()));
        }
        if path.starts_with('/') {
            return Err(InvalidPath::Escapes(path.to_owned()));
        }
        let mut parts: Vec<&str> = self.parts().collect();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or_else(|| InvalidPath::Escapes(path.to_owned()))?;
                }
                name => parts.push(name),
            }
        }
        Ok(Self(parts.join("/")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|p| !p.is_empty())
    }

    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        Some(Self(self.0.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default()))
    }

    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Whether this path is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        other.is_root()
            || self.0.strip_prefix(&other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

/// A tree made of literals or of parts of other trees.
#[derive(Clone, Default)]
pub struct MemoryTree {
    files: BTreeMap<TreePath, (EntryKind, Arc<[u8]>)>,
}

impl MemoryTree {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with(mut self, path: &str, content: &str) -> Result<Self, InvalidPath> {
        self.insert(TreePath::parse(path)?, content.as_bytes().into());
        Ok(self)
    }

    pub fn insert(&mut self, path: TreePath, content: Arc<[u8]>) {
        self.files.insert(path, (EntryKind::File, content));
    }

    pub fn insert_symlink(&mut self, path: TreePath, target: &str) {
        self.files.insert(path, (EntryKind::Symlink, target.as_bytes().into()));
    }

    pub fn remove(&mut self, path: &TreePath) {
        self.files.remove(path);
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn below<'a>(
        &'a self,
        folder: &'a TreePath,
    ) -> impl Iterator<Item = (&'a TreePath, &'a (EntryKind, Arc<[u8]>))> {
        self.files.iter().filter(move |(path, _)| path.is_within(folder) && *path != folder)
    }

    fn folder_id(&self, folder: &TreePath) -> String {
        let mut all = Vec::new();
        for (path, (kind, bytes)) in self.below(folder) {
            let relative =
                path.as_str().get(folder.as_str().len()..).unwrap_or_default().trim_start_matches('/');
            let line = format!(
                "{relative}\0{}\0{}\n",
                u8::from(*kind == EntryKind::Symlink),
                Digest::of_bytes(bytes)
            );
            all.extend_from_slice(line.as_bytes());
        }
        Digest::of_bytes(&all).hex()
    }
}

impl Tree for MemoryTree {
    fn id(&self) -> String {
        self.folder_id(&TreePath::root())
    }

    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        if let Some((kind, bytes)) = self.files.get(path) {
            return Ok(Some(Entry {
                kind: *kind,
                id: Digest::of_bytes(bytes).hex(),
                size: bytes.len() as u64,
            }));
        }
        let exists = path.is_root() || self.below(path).next().is_some();
        Ok(exists.then(|| Entry { kind: EntryKind::Folder, id: self.folder_id(path), size: 0 }))
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        match self.entry(path)? {
            None => return Err(TreeError::NotFound(path.clone())),
            Some(entry) if entry.kind != EntryKind::Folder => {
                return Err(TreeError::NotAFolder(path.clone()));
            }
            Some(_) => {}
        }
        let depth = path.parts().count();
        let mut names: Vec<&str> = self.below(path).filter_map(|(p, _)| p.parts().nth(depth)).collect();
        names.sort_unstable();
        names.dedup();
        let mut out = Vec::with_capacity(names.len());
        for name in names {
            let child = TreePath(if path.is_root() { name.to_owned() } else { format!("{}/{name}", path.0) });
            if let Some(entry) = self.entry(&child)? {
                out.push((name.to_owned(), entry));
            }
        }
        Ok(out)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        match self.files.get(path) {
            Some((_, bytes)) => Ok(bytes.clone()),
            None if self.entry(path)?.is_some() => Err(TreeError::NotAFile(path.clone())),
            None => Err(TreeError::NotFound(path.clone())),
        }
    }
}

/// A tree whose every entry is known beforehand: what is looked up often, or large, is found in no time.
pub struct IndexedTree {
    entries: BTreeMap<TreePath, Entry>,
    children: BTreeMap<TreePath, Vec<(String, Entry)>>,
    files: BTreeMap<TreePath, Arc<[u8]>>,
}

impl IndexedTree {
    /// Of files and symlinks, whose content is their target; folders follow from them, and have no ids.
    pub fn new(files: impl IntoIterator<Item = (TreePath, EntryKind, Arc<[u8]>)>) -> Self {
        let folder = Entry { kind: EntryKind::Folder, id: String::new(), size: 0 };
        let mut entries = BTreeMap::from([(TreePath::root(), folder.clone())]);
        let mut contents = BTreeMap::new();
        for (path, kind, bytes) in files {
            let entry = Entry { kind, id: Digest::of_bytes(&bytes).hex(), size: bytes.len() as u64 };
            entries.insert(path.clone(), entry);
            let mut at = path.parent();
            while let Some(parent) = at {
                at = parent.parent();
                entries.entry(parent).or_insert_with(|| folder.clone());
            }
            contents.insert(path, bytes);
        }
        let mut children: BTreeMap<TreePath, Vec<(String, Entry)>> = BTreeMap::new();
        for (path, entry) in &entries {
            if entry.kind == EntryKind::Folder {
                children.entry(path.clone()).or_default();
            }
            if let Some(parent) = path.parent() {
                children.entry(parent).or_default().push((path.file_name().to_owned(), entry.clone()));
            }
        }
        Self { entries, children, files: contents }
    }

    /// Gives every folder an id that tells its content, from the deepest ones up.
    #[must_use]
    pub fn with_folder_ids(mut self) -> Self {
        let mut folders: Vec<TreePath> = self.children.keys().cloned().collect();
        folders.sort_by_key(|path| std::cmp::Reverse(path.parts().count()));
        for path in folders {
            let listed = self.children.get(&path).into_iter().flatten();
            let lines = listed.map(|(name, entry)| format!("{name}\0{:?}\0{}\n", entry.kind, entry.id));
            let id = Digest::of_bytes(lines.collect::<String>().as_bytes()).hex();
            if let Some(siblings) = path.parent().and_then(|parent| self.children.get_mut(&parent))
                && let Ok(at) = siblings.binary_search_by(|(name, _)| name.as_str().cmp(path.file_name()))
                && let Some((_, entry)) = siblings.get_mut(at)
            {
                entry.id.clone_from(&id);
            }
            if let Some(entry) = self.entries.get_mut(&path) {
                entry.id = id;
            }
        }
        self
    }
}

impl Tree for IndexedTree {
    fn id(&self) -> String {
        match self.entries.get(&TreePath::root()) {
            Some(root) if !root.id.is_empty() => return root.id.clone(),
            Some(_) | None => {}
        }
        let lines =
            self.entries.iter().map(|(path, entry)| format!("{path}\0{:?}\0{}\n", entry.kind, entry.id));
        Digest::of_bytes(lines.collect::<String>().as_bytes()).hex()
    }

    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        Ok(self.entries.get(path).cloned())
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        match self.children.get(path) {
            Some(children) => Ok(children.clone()),
            None if self.entries.contains_key(path) => Err(TreeError::NotAFolder(path.clone())),
            None => Err(TreeError::NotFound(path.clone())),
        }
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        match self.files.get(path) {
            Some(bytes) => Ok(bytes.clone()),
            None if self.entries.contains_key(path) => Err(TreeError::NotAFile(path.clone())),
            None => Err(TreeError::NotFound(path.clone())),
        }
    }
}
