//! What is built: a root in a tree on disk.

use anyhow::{Context, Result};
use mainstay_kustomize::{Build, Options, Order, ParseCache};
use mainstay_unit::tree::{EntryKind, IndexedTree, TreePath};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Roots that share a tree.
pub struct Group {
    pub tree: PathBuf,
    /// Relative to the tree, each with the flags of the real tool.
    pub roots: Vec<(String, Vec<String>)>,
    pub name: String,
}

/// What is in a folder: with a `case.json` (`root` and `flags`, beside `tree`), that case; with such folders directly
/// in it, those; else the folder is one tree, and every kustomization in it that is no component a root.
pub fn find(folder: &Path) -> Result<Vec<Group>> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(group) = described(folder, &name)? {
        return Ok(vec![group]);
    }
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.join("case.json").exists() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            inside.extend(described(&path, &name)?);
        }
    }
    if !inside.is_empty() {
        inside.sort_by(|a, b| a.name.cmp(&b.name));
        return Ok(inside);
    }
    let mut roots = Vec::new();
    kustomizations(folder, folder, &mut roots)?;
    roots.sort();
    let roots = roots.into_iter().map(|root| (root, Vec::new())).collect();
    Ok(vec![Group { tree: folder.to_owned(), roots, name }])
}

fn described(folder: &Path, name: &str) -> Result<Option<Group>> {
    let Ok(text) = std::fs::read(folder.join("case.json")) else { return Ok(None) };
    let read: Value = serde_json::from_slice(&text).with_context(|| format!("{name}/case.json"))?;
    let root = read["root"].as_str().unwrap_or_default().to_owned();
    let flags = read["flags"].as_array().into_iter().flatten();
    let flags = flags.filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Some(Group { tree: folder.join("tree"), roots: vec![(root, flags)], name: name.to_owned() }))
}

fn kustomizations(tree: &Path, folder: &Path, found: &mut Vec<String>) -> Result<()> {
    for name in ["kustomization.yaml", "kustomization.yml", "Kustomization"] {
        if let Ok(text) = std::fs::read_to_string(folder.join(name)) {
            if !text.lines().any(|line| line.trim_end() == "kind: Component") {
                found.push(folder.strip_prefix(tree)?.to_string_lossy().into_owned());
            }
            break;
        }
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name() != ".git" {
            kustomizations(tree, &entry.path(), found)?;
        }
    }
    Ok(())
}

/// Everything below a folder.
pub fn load(root: &Path) -> Result<IndexedTree> {
    let mut files = Vec::new();
    below(root, root, &mut files)?;
    Ok(IndexedTree::new(files))
}

fn below(root: &Path, folder: &Path, files: &mut Vec<(TreePath, EntryKind, Arc<[u8]>)>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        let Ok(at) = TreePath::parse(&path.strip_prefix(root)?.to_string_lossy()) else { continue };
        if kind.is_symlink() {
            let target = std::fs::read_link(&path)?;
            files.push((at, EntryKind::Symlink, target.to_string_lossy().as_bytes().into()));
        } else if kind.is_dir() {
            if entry.file_name() != ".git" {
                below(root, &path, files)?;
            }
        } else {
            files.push((at, EntryKind::File, std::fs::read(&path)?.into()));
        }
    }
    Ok(())
}

/// What we build.
pub struct Ours {
    /// What is printed, or why nothing is, each with its code.
    pub result: Result<String, Vec<(&'static str, String)>>,
    pub took: Duration,
}

pub fn ours(tree: &IndexedTree, root: &str, flags: &[String], cache: Option<&ParseCache>) -> Result<Ours> {
    let root = TreePath::parse(root)?;
    let request = Build { options: options(flags), cache, ..Build::new(tree, &root) };
    let started = Instant::now();
    let result = match mainstay_kustomize::print(&request) {
        Ok(printed) => Ok(printed.text),
        Err(failed) => Err(failed.diagnostics.iter().map(|d| (d.code.id, d.to_string())).collect()),
    };
    Ok(Ours { result, took: started.elapsed() })
}

fn options(flags: &[String]) -> Options {
    let mut options = Options::default();
    let mut flags = flags.iter().map(String::as_str);
    while let Some(flag) = flags.next() {
        match flag {
            "--reorder" => {
                options.order = match flags.next() {
                    Some("none") => Some(Order::Fifo),
                    Some("legacy") => Some(Order::Legacy),
                    _ => None,
                }
            }
            "--load-restrictor" => options.anywhere = flags.next() == Some("LoadRestrictionsNone"),
            "--enable-managedby-label" => options.managed_by_label = true,
            _ => {}
        }
    }
    options
}
