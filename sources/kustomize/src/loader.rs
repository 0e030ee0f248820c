//! The one place where a build reads its tree. A kustomization sees the files in or below its own folder, and folders
//! of the same tree; symlinks are resolved within the tree. Every path looked at is recorded.
use crate::cache::ParseCache;
use crate::limits::Limits;
use crate::problem::Problem;
use crate::read::{Read, read};
use crate::{Decrypt, Refused, SecretFile, SecretSource, Web};
use mainstay_diagnostic::Diagnostics;
use mainstay_diagnostic::codes::{kustomize as codes, render};
use mainstay_object::Digest;
use mainstay_unit::tree::{Entry, EntryKind, InvalidPath, Tree, TreeError, TreePath};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A file of the web.
struct Fetched {
    url: String,
    bytes: Arc<[u8]>,
    entry: Entry,
}

pub(crate) struct Loader<'a> {
    tree: &'a dyn Tree,
    /// In front of the paths of another tree.
    name: String,
    pub(crate) limits: Limits,
    /// Whether files anywhere in the tree may be read, as the Flux dialect allows.
    anywhere: bool,
    cache: Option<&'a ParseCache>,
    decrypt: Option<Decrypt<'a>>,
    web: Option<Web<'a>>,
    /// What came from there, by paths that no tree has.
    fetched: RefCell<BTreeMap<TreePath, Fetched>>,
    reads: RefCell<BTreeSet<String>>,
    warnings: RefCell<Diagnostics>,
    spent: Cell<usize>,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(
        tree: &'a dyn Tree,
        limits: Limits,
        anywhere: bool,
        cache: Option<&'a ParseCache>,
        decrypt: Option<Decrypt<'a>>,
    ) -> Self {
        Self {
            tree,
            name: String::new(),
            limits,
            anywhere,
            cache,
            decrypt,
            web: None,
            fetched: RefCell::default(),
            reads: RefCell::default(),
            warnings: RefCell::default(),
            spent: Cell::new(0),
        }
    }

    pub(crate) fn with_web(self, web: Option<Web<'a>>) -> Self {
        Self { web, ..self }
    }

    /// What was read, and what was odd about it.
    pub(crate) fn into_parts(self) -> (BTreeSet<String>, Diagnostics) {
        (self.reads.into_inner(), self.warnings.into_inner())
    }

    /// For a tree whose content never changes: what is read there is not told.
    pub(crate) fn elsewhere<'b>(&'b self, tree: &'b dyn Tree, name: String) -> Loader<'b> {
        let mut loader =
            Loader::new(tree, self.limits, self.anywhere, self.cache, self.decrypt).with_web(self.web);
        loader.name = name;
        loader.spent = self.spent.clone();
        loader
    }

    pub(crate) fn came_back(&self, other: Loader<'_>) {
        self.spent.set(other.spent.get());
        self.warn(other.warnings.into_inner());
    }

    /// A path as it is told.
    pub(crate) fn shown<'p>(&self, path: &'p TreePath) -> Cow<'p, str> {
        if let Some(fetched) = self.fetched.borrow().get(path) {
            return fetched.url.clone().into();
        }
        if self.name.is_empty() { path.as_str().into() } else { format!("{}{path}", self.name).into() }
    }

    pub(crate) fn warn(&self, warnings: Diagnostics) {
        self.warnings.borrow_mut().extend(warnings);
    }

    /// The entry at a path with symlinks resolved, and where it really is.
    fn resolve(&self, path: &TreePath) -> Result<Option<(TreePath, Entry)>, Problem> {
        let mut at = TreePath::root();
        let mut rest: Vec<String> = path.parts().map(str::to_owned).collect();
        rest.reverse();
        let mut links = 0;
        let mut found = self.entry(&at)?;
        while let Some(part) = rest.pop() {
            if part == ".." {
                at = at.parent().ok_or_else(|| outside(path))?;
                found = self.entry(&at)?;
                continue;
            }
            let next = at.join(&part).map_err(invalid)?;
            self.reads.borrow_mut().insert(next.as_str().to_owned());
            let Some(entry) = self.entry(&next)? else { return Ok(None) };
            match entry.kind {
                EntryKind::Symlink => {
                    links += 1;
                    if links > 40 {
                        let message = format!("{path} leads through more than 40 symlinks");
                        return Err(Problem::new(&codes::OUTSIDE, message));
                    }
                    let target = self.tree.read(&next).map_err(unreadable)?;
                    let target = std::str::from_utf8(&target).unwrap_or("\0");
                    if target.starts_with('/') || target.contains('\0') || target.len() > 4096 {
                        return Err(outside(path));
                    }
                    let parts = target.split('/').filter(|p| !p.is_empty() && *p != ".");
                    rest.extend(parts.rev().map(str::to_owned));
                    found = self.entry(&at)?;
                }
                EntryKind::Folder | EntryKind::File | EntryKind::Executable | EntryKind::Submodule => {
                    at = next;
                    found = Some(entry);
                }
            }
        }
        Ok(found.map(|entry| (at, entry)))
    }

    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, Problem> {
        match self.tree.entry(path) {
            Ok(entry) => Ok(entry),
            Err(TreeError::NotFound(_) | TreeError::NotAFolder(_) | TreeError::NotAFile(_)) => Ok(None),
            Err(error @ (TreeError::TooLarge { .. } | TreeError::Broken { .. })) => Err(unreadable(error)),
        }
    }

    /// Where a file that a kustomization in `folder` names really is; nothing where there is no such file.
    pub(crate) fn find_file(
        &self,
        folder: &TreePath,
        name: &str,
    ) -> Result<Option<(TreePath, Entry)>, Problem> {
        if name.contains("://") {
            return self.fetch(name).map(Some);
        }
        let path = join(folder, name)?;
        let Some((real, entry)) = self.resolve(&path)? else { return Ok(None) };
        if !entry.kind.is_file() {
            return Ok(None);
        }
        if !self.anywhere && !real.is_within(folder) {
            let message = format!("the file {name} is not in or below {folder}");
            return Err(Problem::new(&codes::OUTSIDE, message).hint(
                "copy the file into the folder, or give it a kustomization of its own and name that folder",
            ));
        }
        Ok(Some((real, entry)))
    }

    /// A file of the web. One that is not known yet is empty: nothing that comes of it counts.
    fn fetch(&self, url: &str) -> Result<(TreePath, Entry), Problem> {
        let problem = |what: &str| Problem::new(&codes::REMOTE, format!("{url} {what}"));
        let Some(web) = self.web else {
            return Err(problem("is a file of the web, and none are read here")
                .hint("commit it to the repository, or name it with its digest in the Platform's spec.kustomize.remoteFiles"));
        };
        let secure = url.starts_with("https://") || url.starts_with("http://");
        let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '@' | '\\' | '#');
        if !secure || url.contains(odd) {
            return Err(problem("is no URL of a file: https:// or http://, without a user"));
        }
        // Two URLs never share a path.
        let path =
            TreePath::parse(&format!(":web:/{}", Digest::of_bytes(url.as_bytes()))).map_err(invalid)?;
        let known = self.fetched.borrow().get(&path).map(|fetched| fetched.entry.clone());
        if let Some(entry) = known {
            return Ok((path, entry));
        }
        let refused = |refused: Refused| refused.problem(&codes::REMOTE, &format!("{url} can't be had"));
        let bytes = web(url).map_err(refused)?.unwrap_or_default();
        let id = Digest::of_bytes(&bytes).hex();
        let entry = Entry { kind: EntryKind::File, id, size: bytes.len() as u64 };
        let fetched = Fetched { url: url.to_owned(), bytes, entry: entry.clone() };
        self.fetched.borrow_mut().insert(path.clone(), fetched);
        Ok((path, entry))
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Problem> {
        if let Some(fetched) = self.fetched.borrow().get(path) {
            return Ok(fetched.bytes.clone());
        }
        self.tree.read(path).map_err(unreadable)
    }

    /// The folder that a kustomization in `folder` names.
    pub(crate) fn find_folder(&self, folder: &TreePath, name: &str) -> Result<Option<TreePath>, Problem> {
        let path = join(folder, name)?;
        let found = self.resolve(&path)?;
        Ok(found.filter(|(_, entry)| entry.kind == EntryKind::Folder).map(|(real, _)| real))
    }

    pub(crate) fn folder(&self, path: &TreePath) -> Result<Option<TreePath>, Problem> {
        let found = self.resolve(path)?;
        Ok(found.filter(|(_, entry)| entry.kind == EntryKind::Folder).map(|(real, _)| real))
    }

    pub(crate) fn list(&self, folder: &TreePath) -> Result<Vec<(String, Entry)>, Problem> {
        self.reads.borrow_mut().insert(folder.as_str().to_owned());
        self.tree.list(folder).map_err(unreadable)
    }

    /// All files in and below a folder, by their paths within it; links are followed within the tree.
    pub(crate) fn files(&self, folder: &TreePath) -> Result<BTreeMap<String, Vec<u8>>, Problem> {
        let over = |what: &str| Problem::new(&codes::LIMIT, format!("{folder} holds {what}"));
        let mut found = BTreeMap::new();
        let mut pending = vec![(folder.clone(), String::new(), 0)];
        let mut seen = 0;
        while let Some((at, shown, depth)) = pending.pop() {
            if depth > self.limits.nesting {
                return Err(over(&format!("folders that are nested more than {} deep", self.limits.nesting)));
            }
            for (name, _) in self.list(&at)? {
                seen += 1;
                if seen > self.limits.folder_files {
                    return Err(over(&format!("more than {} files", self.limits.folder_files)));
                }
                let Some((real, entry)) = self.resolve(&at.join(&name).map_err(invalid)?)? else { continue };
                let path = if shown.is_empty() { name } else { format!("{shown}/{name}") };
                match entry.kind {
                    EntryKind::Folder => pending.push((real, path, depth + 1)),
                    EntryKind::File | EntryKind::Executable => {
                        found.insert(path, self.bytes(&real, &entry)?.to_vec());
                    }
                    EntryKind::Symlink | EntryKind::Submodule => {}
                }
            }
        }
        Ok(found)
    }

    pub(crate) fn bytes(&self, path: &TreePath, entry: &Entry) -> Result<Arc<[u8]>, Problem> {
        self.spend(path, entry)?;
        self.read(path)
    }

    /// What a secretGenerator gets to see of a file.
    pub(crate) fn secret(
        &self,
        path: &TreePath,
        entry: &Entry,
        source: SecretSource<'_>,
    ) -> Result<Vec<u8>, Problem> {
        let bytes = self.bytes(path, entry)?;
        let Some(decrypt) = self.decrypt else { return Ok(bytes.to_vec()) };
        match decrypt(SecretFile { path: path.as_str(), source, bytes: &bytes }) {
            Ok(clear) => Ok(clear.unwrap_or_else(|| bytes.to_vec())),
            Err(why) => Err(Problem::new(&render::ENCRYPTED, format!("{path} can't be decrypted: {why}"))),
        }
    }

    /// Counts a file whether it is cached or not: the limits must not depend on what other builds did.
    fn spend(&self, path: &TreePath, entry: &Entry) -> Result<(), Problem> {
        if entry.size > self.limits.file_bytes as u64 {
            let message = format!("{path} has {} bytes; the limit is {}", entry.size, self.limits.file_bytes);
            return Err(Problem::new(&codes::LIMIT, message));
        }
        self.pay(usize::try_from(entry.size).unwrap_or(usize::MAX))
    }

    /// For bytes that are read, or copied within the build.
    pub(crate) fn pay(&self, bytes: usize) -> Result<(), Problem> {
        let spent = self.spent.get().saturating_add(bytes);
        if spent > self.limits.total_bytes {
            let message = format!("the build reads or copies more than {} bytes", self.limits.total_bytes);
            return Err(Problem::new(&codes::LIMIT, message));
        }
        self.spent.set(spent);
        Ok(())
    }

    /// A file's documents. A file with the same content is parsed once where there is a cache.
    pub(crate) fn documents(
        &self,
        path: &TreePath,
        entry: &Entry,
    ) -> Result<Arc<Result<Vec<Read>, Problem>>, Problem> {
        self.spend(path, entry)?;
        if let Some(cached) = self.cache.and_then(|cache| cache.get(&entry.id)) {
            return Ok(cached);
        }
        let parsed = Arc::new(read(&self.read(path)?, &self.limits));
        if let Some(cache) = self.cache {
            cache.put(entry.id.clone(), parsed.clone());
        }
        Ok(parsed)
    }

    /// What lies beside a path that does not exist, for hints.
    pub(crate) fn closest(&self, folder: &TreePath, name: &str) -> Option<String> {
        let (parent, last) = name.trim_end_matches('/').rsplit_once('/').unwrap_or(("", name));
        let siblings = self.tree.list(&folder.join(parent).ok()?).ok()?;
        let near = crate::shape::closest(last, siblings.iter().map(|(n, _)| n.as_str()))?;
        Some(if parent.is_empty() { near.to_owned() } else { format!("{parent}/{near}") })
    }
}

fn join(folder: &TreePath, name: &str) -> Result<TreePath, Problem> {
    if name.starts_with('/') {
        return Err(Problem::new(&codes::OUTSIDE, format!("{name} is an absolute path")));
    }
    folder.join(name).map_err(invalid)
}

fn invalid(error: InvalidPath) -> Problem {
    Problem::new(&codes::OUTSIDE, error.to_string())
}

fn outside(path: &TreePath) -> Problem {
    Problem::new(&codes::OUTSIDE, format!("{path} is a symlink that leads out of the repository"))
}

fn unreadable(error: TreeError) -> Problem {
    Problem::new(&codes::UNREADABLE, error.to_string())
}
