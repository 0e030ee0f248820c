//! What of a repository is its artifact: source-controller's `.sourceignore`, `spec.ignore`, `spec.sparseCheckout` and the
//! files that it leaves out by itself.

mod pattern;
mod rules;
#[cfg(test)]
mod tests;
mod view;

use mainstay_object::Digest;
use mainstay_unit::tree::{Tree, TreePath};
use rules::{IGNORE_FILE, Mark, Rules, text};
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
    let mut rules = Rules::default();
    rules.git();
    from_files(tree.as_ref(), checkout.as_ref(), files, &mut rules);
    match &exclusion.ignore {
        Some(patterns) => rules.source(patterns)?,
        None if rules.are_of_files() => {}
        None => rules.defaults(),
    }
    Ok(Arc::new(View::without(checkout, rules)))
}

/// The platform repository as it is read first, before anything says what is left out: but for what its ignore files say,
/// everything.
pub fn without_ignored(tree: &Arc<dyn Tree>, files: &mut IgnoreFiles) -> Arc<dyn Tree> {
    let mut rules = Rules::default();
    from_files(tree.as_ref(), tree.as_ref(), files, &mut rules);
    if rules.are_of_files() { Arc::new(View::without(tree.clone(), rules)) } else { tree.clone() }
}

/// Adds what the ignore files say that are in a checkout of the whole repository.
fn from_files(whole: &dyn Tree, checkout: &dyn Tree, files: &mut IgnoreFiles, rules: &mut Rules) {
    for (folder, mark) in files.find(whole).iter() {
        let said =
            match mark {
                Mark::Unknown(why) => Err(why.clone()),
                Mark::IgnoreFile => folder.join(IGNORE_FILE).map_err(|error| error.to_string()).and_then(
                    |path| match checkout.entry(&path) {
                        Ok(Some(_)) => text(checkout, &path).map(Some),
                        Ok(None) => Ok(None),
                        Err(error) => Err(error.to_string()),
                    },
                ),
            };
        match said {
            Ok(Some(text)) => rules.file(folder.clone(), &text),
            Ok(None) => {}
            Err(why) => rules.broken(folder.clone(), why),
        }
    }
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
