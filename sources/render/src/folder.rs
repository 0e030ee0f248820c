//! The native documents below a folder, kept from one revision to the next: what has the same id is not looked at.
use crate::entry::{Base, DEPTH, FILES, is_yaml, unreadable};
use mainstay_diagnostic::{Diagnostic, Diagnostics, codes};
use mainstay_native::{Declarations, Place, Read};
use mainstay_unit::tree::{Entry, EntryKind, Tree, TreePath};
use mainstay_unit::{CouldDeclare, Unread};
use mainstay_yaml::{Limits, load};
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Default)]
pub(crate) struct Folder {
    id: String,
    /// Folders and YAML files, in the order of their names.
    items: Vec<(String, Item)>,
    /// Files of any kind, here and below.
    files: usize,
    native: bool,
    /// Everything was read, and nothing was wrong with how.
    clean: bool,
}

enum Item {
    Folder(Arc<Folder>),
    File { id: String, read: Arc<File> },
}

/// One file's native documents.
#[derive(Default)]
pub(crate) struct File {
    declared: Declarations,
    diagnostics: Diagnostics,
    native: bool,
    /// Where it can't be read.
    broken: Vec<String>,
    /// Why a Platform can't be read that it declares.
    platform: Option<Diagnostic>,
}

/// Reads what has changed since `before`, the same folder of an earlier revision.
pub(crate) fn walk(
    tree: &dyn Tree,
    path: &TreePath,
    id: &str,
    before: Option<&Arc<Folder>>,
    base: &mut Base,
) -> Arc<Folder> {
    Walk { tree, total: 0, base }.folder(path, id, 0, before)
}

struct Walk<'a> {
    tree: &'a dyn Tree,
    total: usize,
    base: &'a mut Base,
}

impl Walk<'_> {
    fn folder(
        &mut self,
        path: &TreePath,
        id: &str,
        depth: usize,
        before: Option<&Arc<Folder>>,
    ) -> Arc<Folder> {
        let unread = |base: &mut Base| {
            base.unread.insert(Unread::new(path.to_string(), CouldDeclare::Anything));
            Arc::default()
        };
        if depth > DEPTH || self.total > FILES {
            let message = format!("{path}: more than {DEPTH} folders deep, or more than {FILES} files");
            self.base
                .diagnostics
                .push(Diagnostic::new(&codes::render::UNREADABLE, message).at_file(path.as_str()));
            return unread(self.base);
        }
        if let Some(before) = before.filter(|b| b.clean && b.id == id && self.total + b.files <= FILES) {
            self.total += before.files;
            return before.clone();
        }
        let entries = match self.tree.list(path) {
            Ok(entries) => entries,
            Err(error) => {
                let problem = unreadable(path, &error, self.base);
                self.base.platforms.push((path.to_string(), problem));
                return unread(self.base);
            }
        };
        let start = self.total;
        let mut out = Folder { id: id.to_owned(), clean: true, ..Folder::default() };
        for (name, entry) in entries {
            if name.starts_with('.') {
                continue;
            }
            let place = match path.join(&name) {
                Ok(place) => place,
                Err(_) if entry.kind != EntryKind::Folder && !is_yaml(&name) => continue,
                // Left out, what it declares would seem to have been deleted.
                Err(error) => {
                    let message = format!("{path} holds what can't be read: {error}");
                    let problem = Diagnostic::new(&codes::render::UNREADABLE, message).at_file(path.as_str());
                    self.base.diagnostics.push(problem.clone());
                    self.base.platforms.push((path.to_string(), problem));
                    self.base.unread.insert(Unread::new(path.to_string(), CouldDeclare::Anything));
                    out.clean = false;
                    continue;
                }
            };
            let known = before.and_then(|before| before.item(&name));
            match entry.kind {
                EntryKind::Folder => {
                    let known = known.and_then(|item| match item {
                        Item::Folder(folder) => Some(folder),
                        Item::File { .. } => None,
                    });
                    let below = self.folder(&place, &entry.id, depth + 1, known);
                    out.clean &= below.clean;
                    out.native |= below.native;
                    out.items.push((name, Item::Folder(below)));
                }
                EntryKind::File | EntryKind::Executable => {
                    self.total += 1;
                    if !is_yaml(&name) {
                        continue;
                    }
                    let read = match known {
                        Some(Item::File { id, read }) if *id == entry.id => Some(read.clone()),
                        Some(_) | None => self.file(&place, &entry),
                    };
                    out.clean &= read.is_some();
                    if let Some(read) = read {
                        out.native |= read.native;
                        out.items.push((name, Item::File { id: entry.id, read }));
                    }
                }
                EntryKind::Symlink | EntryKind::Submodule => {}
            }
        }
        out.files = self.total - start;
        Arc::new(out)
    }

    /// Nothing if the file can't be read.
    fn file(&mut self, path: &TreePath, entry: &Entry) -> Option<Arc<File>> {
        let limits = Limits::default();
        if entry.size > limits.bytes as u64 {
            let message = format!("{path} has {} bytes; the limit is {}", entry.size, limits.bytes);
            let problem = Diagnostic::new(&codes::render::UNREADABLE, message).at_file(path.as_str());
            self.base.diagnostics.push(problem.clone());
            self.base.broken.push((path.to_string(), path.to_string()));
            self.base.platforms.push((path.to_string(), problem));
            return None;
        }
        match self.tree.read(path) {
            Ok(bytes) => Some(Arc::new(parse(path, &bytes, &limits))),
            Err(error) => {
                let problem = unreadable(path, &error, self.base);
                self.base.broken.push((path.to_string(), path.to_string()));
                self.base.platforms.push((path.to_string(), problem));
                None
            }
        }
    }
}

impl Folder {
    pub(crate) fn is_native(&self) -> bool {
        self.native
    }

    fn item(&self, name: &str) -> Option<&Item> {
        let at = self.items.binary_search_by(|(n, _)| n.as_bytes().cmp(name.as_bytes())).ok()?;
        Some(&self.items[at].1)
    }

    /// Everything that is declared, in the order of the files.
    pub(crate) fn gather(&self, path: &TreePath, declarations: &mut Declarations, base: &mut Base) {
        for (name, item) in self.items.iter().filter(|(_, item)| item.is_native()) {
            match item {
                Item::Folder(folder) => {
                    if let Ok(path) = path.join(name) {
                        folder.gather(&path, declarations, base);
                    }
                }
                Item::File { read, .. } => {
                    declarations.extend(&read.declared);
                    base.diagnostics.extend(read.diagnostics.iter().cloned());
                    if let (false, Ok(path)) = (read.broken.is_empty(), path.join(name)) {
                        base.broken.extend(read.broken.iter().map(|at| (path.to_string(), at.clone())));
                        base.platforms.extend(read.platform.iter().map(|at| (path.to_string(), at.clone())));
                    }
                }
            }
        }
    }

    pub(crate) fn native_files(&self, path: &TreePath, out: &mut BTreeSet<String>) {
        for (name, item) in self.items.iter().filter(|(_, item)| item.is_native()) {
            let Ok(path) = path.join(name) else { continue };
            match item {
                Item::Folder(folder) => folder.native_files(&path, out),
                Item::File { .. } => {
                    out.insert(path.to_string());
                }
            }
        }
    }
}

impl Item {
    fn is_native(&self) -> bool {
        match self {
            Self::Folder(folder) => folder.native,
            Self::File { read, .. } => read.native,
        }
    }
}

/// Only a file that names the API group can hold a native document.
fn parse(path: &TreePath, bytes: &[u8], limits: &Limits) -> File {
    let text = String::from_utf8_lossy(bytes);
    if !text.contains("mainstay.dev/") {
        return File::default();
    }
    let loaded = load(path.as_str(), bytes, limits);
    let (file, text): (Arc<str>, Arc<str>) = (path.as_str().into(), text.into());
    let mut out = File::default();
    let broken = !loaded.complete && text.contains("mainstay.dev/v");
    if broken {
        out.native = true;
        out.diagnostics = loaded.diagnostics;
        out.broken.push(path.to_string());
        out.platform = out.diagnostics.errors().next().filter(|_| names_platform(&text)).cloned();
    }
    for document in loaded.documents {
        let place = Place { file: file.clone(), text: text.clone(), root: Arc::new(document.root) };
        let api = place.root.get("apiVersion").and_then(|node| node.as_str()).unwrap_or_default();
        if !api.starts_with("mainstay.dev/") {
            continue;
        }
        out.native = true;
        if mainstay_native::read(&place, &mut out.declared, &mut out.diagnostics) == Read::Broken {
            out.broken.push(place.location("").to_string());
            if place.root.get("kind").and_then(|node| node.as_str()) == Some("Platform") {
                out.platform = out.diagnostics.errors().last().cloned();
            }
        }
    }
    if broken && !out.declared.platforms.is_empty() {
        // It stands before what can't be read.
        out.platform = None;
    }
    out
}

/// Whether a text that is no YAML looks as if it declared a Platform.
fn names_platform(text: &str) -> bool {
    let mut values = text.match_indices("kind").map(|(at, key)| &text[at + key.len()..]);
    values.any(|rest| rest.trim_start_matches(['"', '\'', ' ', '\t', ':']).starts_with("Platform"))
}
