//! The files of a chart in a tree. Links are followed, as Helm does, within the tree.
use mainstay_object::Value;
use mainstay_unit::tree::{EntryKind, Tree, TreePath};
use std::collections::BTreeMap;

pub(crate) type Files = BTreeMap<String, Vec<u8>>;
/// What can't be read, and why.
pub(crate) type Unreadable = (TreePath, String);
/// Where a link leads, what is there, and its size.
type Target = (TreePath, EntryKind, u64);

/// What is looked at, at most.
const FILES: usize = 20_000;
const BYTES: u64 = 128 << 20;
const DEPTH: usize = 64;
const LINKS: usize = 16;

/// By path within the folder. An error names what can't be read, and why.
pub(crate) fn collect(tree: &dyn Tree, folder: &TreePath) -> Result<Files, Unreadable> {
    let mut walk = Walk { tree, files: BTreeMap::new(), bytes: 0, seen: 0 };
    walk.folder(folder, "", 0)?;
    walk.dependencies(folder, "", 0)?;
    Ok(walk.files)
}

/// Charts beside the chart that want further ones beside them.
const BESIDE: usize = 8;

struct Walk<'a> {
    tree: &'a dyn Tree,
    files: Files,
    bytes: u64,
    seen: usize,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &TreePath, within: &str, depth: usize) -> Result<(), Unreadable> {
        if depth > DEPTH {
            return Err((folder.clone(), format!("the chart is more than {DEPTH} folders deep")));
        }
        let entries = self.tree.list(folder).map_err(|error| (folder.clone(), error.to_string()))?;
        for (name, entry) in entries {
            self.seen += 1;
            if self.seen > FILES {
                return Err((folder.clone(), format!("the chart has more than {FILES} files")));
            }
            let path = folder.join(&name).map_err(|error| (folder.clone(), error.to_string()))?;
            let (path, kind, size) = match entry.kind {
                EntryKind::Symlink => {
                    let Some((path, kind, size)) = self.follow(&path)? else { continue };
                    (path, kind, size)
                }
                kind => (path, kind, entry.size),
            };
            let within = if within.is_empty() { name } else { format!("{within}/{name}") };
            match kind {
                EntryKind::Folder => self.folder(&path, &within, depth + 1)?,
                EntryKind::File | EntryKind::Executable => self.file(&path, within, size)?,
                // Nobody has fetched what is in a submodule; a link never ends in a link.
                EntryKind::Submodule | EntryKind::Symlink => {}
            }
        }
        Ok(())
    }

    /// Charts that are named as `file://../other` and are not in `charts/`, as `helm dependency build` puts them there.
    fn dependencies(&mut self, folder: &TreePath, within: &str, depth: usize) -> Result<(), Unreadable> {
        let mut wanted = Vec::new();
        for name in ["Chart.yaml", "requirements.yaml"] {
            let Some(bytes) = self.files.get(&format!("{within}{name}")) else { continue };
            // What is wrong with it is told by whoever renders it.
            let Ok(chart) = super::values::map_of(name, bytes) else { continue };
            for dependency in chart.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
                let text = |field: &str| dependency.get(field).and_then(Value::as_str).unwrap_or_default();
                if let Some(path) = text("repository").strip_prefix("file://") {
                    wanted.push((text("name").to_owned(), path.to_owned()));
                }
            }
        }
        for (name, path) in wanted {
            let place = format!("{within}charts/{name}/");
            let packed = format!("{within}charts/{name}-");
            if name.is_empty()
                || name.contains('/')
                || self.files.keys().any(|file| file.starts_with(&place) || file.starts_with(&packed))
            {
                continue;
            }
            let beside = folder.join(&path).map_err(|error| (folder.clone(), error.to_string()))?;
            let found = self.tree.entry(&beside).map_err(|error| (beside.clone(), error.to_string()))?;
            if found.is_none_or(|entry| entry.kind != EntryKind::Folder) {
                continue;
            }
            if depth == BESIDE {
                return Err((beside, format!("charts name charts beside them more than {BESIDE} deep")));
            }
            self.folder(&beside, place.trim_end_matches('/'), depth)?;
            self.dependencies(&beside, &place, depth + 1)?;
        }
        Ok(())
    }

    fn file(&mut self, path: &TreePath, within: String, size: u64) -> Result<(), Unreadable> {
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > BYTES {
            return Err((path.clone(), format!("the chart has more than {} MiB", BYTES >> 20)));
        }
        let bytes = self.tree.read(path).map_err(|error| (path.clone(), error.to_string()))?;
        self.files.insert(within, bytes.to_vec());
        Ok(())
    }

    /// Where a link leads in the end; nothing for a submodule.
    fn follow(&self, link: &TreePath) -> Result<Option<Target>, Unreadable> {
        let fail = |why: String| (link.clone(), why);
        let mut at = link.clone();
        for _ in 0..LINKS {
            let target = self.tree.read(&at).map_err(|error| fail(error.to_string()))?;
            let target = String::from_utf8_lossy(&target).into_owned();
            let folder = at.parent().unwrap_or_default();
            at = folder.join(&target).map_err(|error| fail(format!("the link leads nowhere: {error}")))?;
            match self.tree.entry(&at).map_err(|error| fail(error.to_string()))? {
                None => return Err(fail(format!("the link leads to {at}, which does not exist"))),
                Some(entry) if entry.kind == EntryKind::Submodule => return Ok(None),
                Some(entry) if entry.kind == EntryKind::Symlink => {}
                Some(entry) => return Ok(Some((at, entry.kind, entry.size))),
            }
        }
        Err(fail(format!("the link leads through more than {LINKS} others")))
    }
}
