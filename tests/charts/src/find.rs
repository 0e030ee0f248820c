//! Charts on disk.

use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A chart with the files of values to render it with: none, then each of `ci/*-values.yaml`.
pub struct Found {
    pub name: String,
    pub folder: PathBuf,
    pub values: Vec<Option<PathBuf>>,
}

/// Every chart below a folder that lies in no other chart.
pub fn find(folder: &Path) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        if at.join("Chart.yaml").is_file() {
            let name = at.strip_prefix(folder).unwrap_or(&at).display().to_string();
            let name = if name.is_empty() { at.display().to_string() } else { name };
            let mut values = vec![None];
            let ci = at.join("ci");
            if ci.is_dir() {
                let is_values = |path: &PathBuf| path.to_string_lossy().ends_with("values.yaml");
                values.extend(entries(&ci)?.into_iter().filter(is_values).map(Some));
            }
            found.push(Found { name, folder: at, values });
            continue;
        }
        open.extend(entries(&at)?.into_iter().rev().filter(|path| path.is_dir()));
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = read.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

/// All files of a chart by their paths within it; links are followed, as helm does.
pub fn load(chart: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut open = vec![chart.to_owned()];
    while let Some(at) = open.pop() {
        for path in entries(&at)? {
            if path.is_dir() {
                open.push(path);
            } else if path.is_file() {
                let bytes =
                    std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                files.insert(path.strip_prefix(chart)?.to_string_lossy().into_owned(), bytes);
            }
        }
    }
    Ok(files)
}
