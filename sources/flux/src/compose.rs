//! Artifacts composed out of trees, with the meaning of `cp` that Flux's source-watcher gives to copies.
use crate::glob::Glob;
use crate::{Artifact, Copy, CopyStrategy};
use mainstay_diagnostic::Location;
use mainstay_object::{Map, Value};
use mainstay_unit::tree::{EntryKind, IndexedTree, Tree, TreeError, TreePath};
use mainstay_yaml::{Limits, emit, load};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files that one artifact may hold.
const FILES: usize = 50_000;
/// Folders within folders.
const DEPTH: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposeError {
    pub message: String,
    pub location: Location,
}

/// An artifact's files, and the file of an alias that each was copied from: the last one where files were merged.
pub struct Composed {
    pub tree: IndexedTree,
    pub origins: BTreeMap<TreePath, (String, TreePath)>,
}

/// The artifact's tree, from the trees of its aliases.
pub fn compose(
    artifact: &Artifact,
    sources: &BTreeMap<String, Arc<dyn Tree>>,
) -> Result<Composed, ComposeError> {
    let mut staged = BTreeMap::new();
    for copy in &artifact.copies {
        let fail = |message: String| ComposeError { message, location: copy.location.clone() };
        let source = sources
            .get(&copy.alias)
            .ok_or_else(|| fail(format!("the source with the alias {} is not there", copy.alias)))?;
        apply(copy, source.as_ref(), &mut staged).map_err(fail)?;
        if staged.len() > FILES {
            return Err(fail(format!("the artifact holds more than {FILES} files")));
        }
    }
    let files = staged.iter().map(|(path, (bytes, _))| (path.clone(), EntryKind::File, bytes.clone()));
    let tree = IndexedTree::new(files).with_folder_ids();
    let origins = staged.into_iter().map(|(path, (_, origin))| (path, origin)).collect();
    Ok(Composed { tree, origins })
}

type Staged = BTreeMap<TreePath, (Arc<[u8]>, (String, TreePath))>;

fn apply(copy: &Copy, source: &dyn Tree, staged: &mut Staged) -> Result<(), String> {
    if copy.strategy == CopyStrategy::Extract {
        return Err("strategy Extract is not supported yet".to_owned());
    }
    let excludes: Vec<(Glob, bool)> = copy
        .exclude
        .iter()
        .filter_map(|pattern| Some((Glob::parse(pattern)?, !pattern.contains('/'))))
        .collect();
    let base = selection_root(&copy.from);
    let keep = |path: &TreePath| !excluded(path, &base, &excludes);
    if Glob::is_literal(&copy.from) {
        return copy_one(copy, source, staged, &keep);
    }
    let glob = Glob::parse(&copy.from).ok_or_else(|| format!("{:?} is not a valid pattern", copy.from))?;
    let start = TreePath::parse(&base).map_err(|e| e.to_string())?;
    let mut found = Vec::new();
    if source.entry(&start).map_err(|e| e.to_string())?.is_some_and(|e| e.kind == EntryKind::Folder) {
        walk(source, &start, 0, &mut |path| found.push(path.clone())).map_err(|e| e.to_string())?;
    }
    let mut any = false;
    let stripped = copy.from.strip_suffix("/**").or_else(|| (copy.from == "**").then_some(""));
    for path in found {
        if !glob.matches(path.as_str()) {
            continue;
        }
        any = true;
        if !keep(&path) {
            continue;
        }
        let relative = match stripped {
            Some(prefix) => path.as_str().strip_prefix(prefix).unwrap_or(path.as_str()),
            None => path.as_str(),
        };
        let to = copy.to.join(relative.trim_start_matches('/')).map_err(|e| e.to_string())?;
        put(copy, copy.strategy, source, &path, to, staged)?;
    }
    if any { Ok(()) } else { Err(format!("nothing matches {:?}", copy.from)) }
}

fn copy_one(
    copy: &Copy,
    source: &dyn Tree,
    staged: &mut Staged,
    keep: &dyn Fn(&TreePath) -> bool,
) -> Result<(), String> {
    let from = TreePath::parse(&copy.from).map_err(|e| e.to_string())?;
    let entry = source.entry(&from).map_err(|e| e.to_string())?;
    let Some(entry) = entry else { return Err(format!("{from} does not exist in the source")) };
    let inside = |name: &str| copy.to.join(name).map_err(|e| e.to_string());
    if entry.kind != EntryKind::Folder {
        let existing_folder = staged.keys().any(|path| *path != copy.to && path.is_within(&copy.to));
        let to = if copy.into || existing_folder { inside(from.file_name())? } else { copy.to.clone() };
        return put(copy, copy.strategy, source, &from, to, staged);
    }
    let root = if from.is_root() { copy.to.clone() } else { inside(from.file_name())? };
    let mut found = Vec::new();
    walk(source, &from, 0, &mut |path| found.push(path.clone())).map_err(|e| e.to_string())?;
    for path in found.into_iter().filter(|path| keep(path)) {
        let relative = path.as_str().get(from.as_str().len()..).unwrap_or_default().trim_start_matches('/');
        let to = root.join(relative).map_err(|e| e.to_string())?;
        put(copy, CopyStrategy::Overwrite, source, &path, to, staged)?;
    }
    Ok(())
}

fn put(
    copy: &Copy,
    strategy: CopyStrategy,
    source: &dyn Tree,
    from: &TreePath,
    to: TreePath,
    staged: &mut Staged,
) -> Result<(), String> {
    let bytes = source.read(from).map_err(|e| e.to_string())?;
    let merged = match (strategy, staged.get(&to)) {
        (CopyStrategy::Merge, Some((existing, _))) => merge(parse(&to, existing)?, parse(from, &bytes)?),
        (CopyStrategy::Merge | CopyStrategy::Overwrite | CopyStrategy::Extract, _) => {
            staged.insert(to, (bytes, (copy.alias.clone(), from.clone())));
            return Ok(());
        }
    };
    let bytes = emit(&Value::Object(merged)).into_bytes();
    staged.insert(to, (bytes.into(), (copy.alias.clone(), from.clone())));
    Ok(())
}

fn parse(path: &TreePath, bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let loaded = load(path.as_str(), bytes, &Limits::default());
    if let Some(error) = loaded.diagnostics.errors().next() {
        return Err(format!("{path} can't be merged: {}", error.message));
    }
    let mut out = Map::new();
    for document in loaded.documents {
        match document.root.into_json() {
            Value::Object(map) => out = merge(out, map),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(format!("{path} can't be merged: it is not a map"));
            }
        }
    }
    Ok(out)
}

/// Maps merge, everything else is replaced.
fn merge(mut base: Map<String, Value>, over: Map<String, Value>) -> Map<String, Value> {
    for (key, value) in over {
        let value = match (base.remove(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => Value::Object(merge(old, new)),
            (_, new) => new,
        };
        base.insert(key, value);
    }
    base
}

/// Every file below a folder, in the order of their names. Symlinks are not followed, and not copied.
fn walk(
    tree: &dyn Tree,
    folder: &TreePath,
    depth: usize,
    each: &mut dyn FnMut(&TreePath),
) -> Result<(), TreeError> {
    if depth > DEPTH {
        let why = format!("more than {DEPTH} folders deep");
        return Err(TreeError::Broken { path: folder.clone(), why });
    }
    for (name, entry) in tree.list(folder)? {
        let path =
            folder.join(&name).map_err(|e| TreeError::Broken { path: folder.clone(), why: e.to_string() })?;
        match entry.kind {
            EntryKind::Folder => walk(tree, &path, depth + 1, each)?,
            EntryKind::File | EntryKind::Executable => each(&path),
            EntryKind::Symlink | EntryKind::Submodule => {}
        }
    }
    Ok(())
}

/// The parts before the first that holds a wildcard.
fn selection_root(pattern: &str) -> String {
    let literal: Vec<&str> = pattern.split('/').take_while(|part| Glob::is_literal(part)).collect();
    literal.join("/")
}

/// Excludes see the path from the source's root and from the selection's; without a slash, the name too.
fn excluded(path: &TreePath, base: &str, excludes: &[(Glob, bool)]) -> bool {
    let whole = path.as_str();
    let relative = whole.strip_prefix(base).map(|rest| rest.trim_start_matches('/'));
    excludes.iter().any(|(glob, name_only)| {
        glob.matches(whole)
            || relative.is_some_and(|relative| glob.matches(relative))
            || (*name_only && glob.matches(path.file_name()))
    })
}
