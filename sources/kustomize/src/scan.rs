//! A folder without a kustomization file: all manifests in it and below it are its resources. A folder below it that has
//! a kustomization is one of them, as a whole.
use crate::document;
use crate::loader::Loader;
use crate::problem::Problem;
use crate::target::find;
use mainstay_diagnostic::Diagnostics;
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_unit::tree::{EntryKind, TreePath};
use serde_json::{Map, Value};

/// The kustomization that such a folder gets.
pub(crate) fn generate(loader: &Loader<'_>, folder: &TreePath) -> Result<Map<String, Value>, Diagnostics> {
    let mut found = Vec::new();
    scan(loader, folder, folder, 0, &mut found)?;
    let mut map = Map::new();
    map.insert("apiVersion".into(), "kustomize.config.k8s.io/v1beta1".into());
    map.insert("kind".into(), "Kustomization".into());
    if found.is_empty() {
        // A kustomization must not be empty.
        map.insert("namespace".into(), "_placeholder".into());
    } else {
        map.insert("resources".into(), found.into_iter().map(Value::from).collect());
    }
    Ok(map)
}

fn scan(
    loader: &Loader<'_>,
    root: &TreePath,
    folder: &TreePath,
    depth: usize,
    found: &mut Vec<String>,
) -> Result<(), Diagnostics> {
    let here = |p: Problem| crate::build::at_file(p, folder.as_str());
    if depth > loader.limits.depth || found.len() > loader.limits.objects {
        let message = "the folder holds too many manifests, or nests them too deeply";
        return Err(here(Problem::new(&codes::LIMIT, message)));
    }
    for (name, entry) in loader.list(folder).map_err(here)? {
        let path = match folder.join(&name) {
            Ok(path) => path,
            Err(_) if entry.kind != EntryKind::Folder && !is_yaml(&name) => continue,
            // Left out, its objects would seem to have been deleted.
            Err(error) => return Err(here(Problem::new(&codes::INVALID, error.to_string()))),
        };
        let relative = path.as_str().get(root.as_str().len()..).unwrap_or_default().trim_start_matches('/');
        match entry.kind {
            EntryKind::Folder => match find(loader, &path).map_err(here)? {
                Some(_) => found.push(relative.to_owned()),
                None => scan(loader, root, &path, depth + 1, found)?,
            },
            EntryKind::File | EntryKind::Executable => {
                if !is_yaml(&name) {
                    continue;
                }
                let parsed = loader.documents(&path, &entry).map_err(here)?;
                let objects = match &*parsed {
                    Ok(read) => document::resources(read, path.as_str()),
                    Err(problem) => Err(problem.clone()),
                };
                if let Err(problem) = objects {
                    let bytes = loader.bytes(&path, &entry).map_err(here)?;
                    return Err(problem
                        .hint("a folder without a kustomization.yaml must hold nothing but manifests")
                        .in_file(path.as_str(), &bytes));
                }
                found.push(relative.to_owned());
            }
            EntryKind::Symlink | EntryKind::Submodule => {}
        }
    }
    Ok(())
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}
