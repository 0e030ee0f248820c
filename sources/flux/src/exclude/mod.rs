//! What of a repository is its artifact: source-controller's `.sourceignore`, `spec.ignore`, `spec.sparseCheckout` and the
//! files that it leaves out by itself.

mod pattern;
mod rules;
#[cfg(test)]
mod tests;
mod view;

use mainstay_object::Digest;
use mainstay_unit::tree::{Tree, TreePath};
use rules::{Rules, text};
use std::sync::Arc;
use view::View;

pub use rules::IgnoreFiles;

/// What a `GitRepository` leaves out of its repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Exclusion {
    /// Patterns, over those of the repository's ignore files.
    pub ignore: Option<String>,
    /// Only paths that begin with one of these; none: all.
    pub sparse: Option<Vec<String>>,
}

/// What source-controller would make the artifact of a repository. The error says what can't be told.
pub fn artifact_of(
    tree: &Arc<dyn Tree>,
    exclusion: &Exclusion,
    files: &mut IgnoreFiles,
) -> Result<Arc<dyn Tree>, String> {
    let sparse = exclusion.sparse.as_deref().filter(|paths| !paths.is_empty());
    let sparse: Option<Vec<String>> = sparse.map(|paths| paths.iter().map(|path| plain(path)).collect());
    let checkout: Arc<dyn Tree> = match &sparse {
        Some(paths) => {
            let checkout: Arc<dyn Tree> = Arc::new(View::sparse(tree.clone(), paths.clone()));
            for path in paths {
                present(checkout.as_ref(), path)?;
            }
            checkout
        }
        None => tree.clone(),
    };
    let mut rules = Rules::git();
    let own = from_files(tree.as_ref(), checkout.as_ref(), files, &mut rules)?;
    match &exclusion.ignore {
        Some(patterns) => rules.add(patterns, &TreePath::root()),
        None if own => {}
        None => rules.defaults(),
    }
    rules.check()?;
    Ok(Arc::new(View::without(checkout, rules)))
}

/// The platform repository as it is read first, before anything says what is left out: but for what its ignore files say,
/// everything.
pub fn without_ignored(tree: &Arc<dyn Tree>, files: &mut IgnoreFiles) -> Result<Arc<dyn Tree>, String> {
    let mut rules = Rules::default();
    if !from_files(tree.as_ref(), tree.as_ref(), files, &mut rules)? {
        return Ok(tree.clone());
    }
    rules.check()?;
    Ok(Arc::new(View::without(tree.clone(), rules)))
}

/// Adds what the ignore files say; whether there is one that says anything.
fn from_files(
    whole: &dyn Tree,
    checkout: &dyn Tree,
    files: &mut IgnoreFiles,
    rules: &mut Rules,
) -> Result<bool, String> {
    let before = rules.len();
    for path in files.find(whole)?.iter() {
        if checkout.entry(path).map_err(|error| error.to_string())?.is_some() {
            let folder = path.parent().unwrap_or_default();
            rules.add(&text(checkout, path)?, &folder);
            rules.check()?;
        }
    }
    Ok(rules.len() > before)
}

/// `./` before a path is nothing.
fn plain(path: &str) -> String {
    path.strip_prefix("./").unwrap_or(path).to_owned()
}

fn present(checkout: &dyn Tree, path: &str) -> Result<(), String> {
    let at = TreePath::parse(path).map_err(|error| format!("sparseCheckout: {error}"))?;
    match checkout.entry(&at).map_err(|error| error.to_string())? {
        Some(_) => Ok(()),
        None => Err(format!("sparseCheckout: the folder {path} does not exist in the repository")),
    }
}

/// Folders are known by what lies in them and by what is left out.
fn mixed(id: &str, by: &Digest) -> String {
    Digest::of_bytes(format!("{id}\0{}", by.hex()).as_bytes()).hex()
}
