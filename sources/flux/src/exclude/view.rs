use super::mixed;
use super::rules::Rules;
use mainstay_object::Digest;
use mainstay_unit::tree::{Entry, EntryKind, Tree, TreeError, TreePath};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A tree without some of its files.
pub(super) struct View {
    inner: Arc<dyn Tree>,
    by: By,
    digest: Digest,
    /// Folders of which it was asked whether they are there.
    folders: Mutex<HashMap<TreePath, bool>>,
}

enum By {
    /// Paths that begin with one of these, as go-git checks them out: by the letter, not by folders.
    Sparse(Vec<String>),
    Rules(Rules),
}

impl View {
    pub(super) fn sparse(inner: Arc<dyn Tree>, paths: Vec<String>) -> Self {
        let digest = Digest::of_bytes(format!("{paths:?}").as_bytes());
        Self { inner, by: By::Sparse(paths), digest, folders: Mutex::default() }
    }

    pub(super) fn without(inner: Arc<dyn Tree>, rules: Rules) -> Self {
        let digest = Digest::of_bytes(format!("{rules:?}").as_bytes());
        Self { inner, by: By::Rules(rules), digest, folders: Mutex::default() }
    }

    fn shows_file(&self, path: &TreePath) -> bool {
        match &self.by {
            By::Sparse(paths) => paths.iter().any(|start| path.as_str().starts_with(start.as_str())),
            By::Rules(rules) => !rules.leave_out(path, false),
        }
    }

    fn shows_folder(&self, path: &TreePath) -> Result<bool, TreeError> {
        if path.is_root() {
            return Ok(true);
        }
        match &self.by {
            By::Sparse(paths) => {
                let below = format!("{path}/");
                if !paths.iter().any(|start| start.starts_with(&below) || below.starts_with(start.as_str())) {
                    return Ok(false);
                }
            }
            By::Rules(rules) => {
                if !rules.leave_out(path, true) {
                    return Ok(true);
                }
                if !rules.may_include_below(path) {
                    return Ok(false);
                }
            }
        }
        if let Some(known) = self.folders.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Ok(*known);
        }
        let shown = self.shows_any_below(path)?;
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), shown);
        Ok(shown)
    }

    fn shows_any_below(&self, folder: &TreePath) -> Result<bool, TreeError> {
        let mut folders = Vec::new();
        for (name, entry) in self.inner.list(folder)? {
            let Ok(path) = folder.join(&name) else { continue };
            match entry.kind {
                EntryKind::Folder => folders.push(path),
                EntryKind::File | EntryKind::Executable | EntryKind::Symlink | EntryKind::Submodule => {
                    if self.shows_file(&path) {
                        return Ok(true);
                    }
                }
            }
        }
        for path in folders {
            if self.shows_folder(&path)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What lies in a folder of which it can't be told is not shown as if it could.
    fn check(&self, folder: &TreePath) -> Result<(), TreeError> {
        let By::Rules(rules) = &self.by else { return Ok(()) };
        match rules.why_broken(folder) {
            Some((folder, why)) => Err(TreeError::Broken {
                path: folder.clone(),
                why: format!("what is left out of it can't be told: {why}"),
            }),
            None => Ok(()),
        }
    }

    fn seen(&self, path: &TreePath, entry: Entry) -> Result<Option<Entry>, TreeError> {
        match entry.kind {
            EntryKind::Folder => {
                let shown = self.shows_folder(path)?;
                // Nothing tells the content of a folder without an id.
                let id = if entry.id.is_empty() { entry.id } else { mixed(&entry.id, &self.digest) };
                Ok(shown.then_some(Entry { id, ..entry }))
            }
            EntryKind::File | EntryKind::Executable | EntryKind::Symlink | EntryKind::Submodule => {
                Ok(self.shows_file(path).then_some(entry))
            }
        }
    }
}

impl Tree for View {
    fn id(&self) -> String {
        mixed(&self.inner.id(), &self.digest)
    }

    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        if let Some(folder) = path.parent() {
            self.check(&folder)?;
        }
        match self.inner.entry(path)? {
            Some(entry) => self.seen(path, entry),
            None => Ok(None),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        self.check(path)?;
        if !self.shows_folder(path)? {
            return Err(TreeError::NotFound(path.clone()));
        }
        let mut shown = Vec::new();
        for (name, entry) in self.inner.list(path)? {
            // What is no path stays: whoever lists it must say so.
            let seen = match path.join(&name) {
                Ok(inner) => self.seen(&inner, entry)?,
                Err(_) => Some(entry),
            };
            shown.extend(seen.map(|entry| (name, entry)));
        }
        Ok(shown)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        match self.entry(path)? {
            Some(_) => self.inner.read(path),
            None => Err(TreeError::NotFound(path.clone())),
        }
    }
}
