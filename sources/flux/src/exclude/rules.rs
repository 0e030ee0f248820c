use super::pattern::Pattern;
use mainstay_unit::tree::{Entry, EntryKind, Tree, TreePath};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) const IGNORE_FILE: &str = ".sourceignore";
const GIT: [&str; 4] = [".git/", ".gitignore", ".gitmodules", ".gitattributes"];
/// What source-controller leaves out where nobody says what is left out.
const DEFAULT: [&str; 20] = [
    "*.jpg",
    "*.jpeg",
    "*.gif",
    "*.png",
    "*.wmv",
    "*.flv",
    "*.tar.gz",
    "*.zip",
    ".github/",
    ".circleci/",
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
    "**/.goreleaser.yml",
    "**/.sops.yaml",
    "**/.flux.yaml",
];

/// Of an ignore file, and of all of them together: every pattern is tried on every path.
const BYTES: u64 = 1 << 16;
const PATTERNS: usize = 1000;
const PATTERN: usize = 4096;
const FOLDERS: usize = 500_000;
const DEPTH: usize = 64;
/// Folders that are remembered.
const REMEMBERED: usize = 200_000;

/// Ordered by priority, the last one wins.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<Pattern>);

impl Rules {
    pub(super) fn git() -> Self {
        let mut rules = Self::default();
        rules.add(&GIT.join("\n"), &TreePath::root());
        rules
    }

    pub(super) fn defaults(&mut self) {
        self.add(&DEFAULT.join("\n"), &TreePath::root());
    }

    pub(super) fn add(&mut self, text: &str, folder: &TreePath) {
        self.0.extend(text.lines().filter_map(|line| Pattern::parse(line, folder)));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.0.len() > PATTERNS {
            return Err(format!("more than {PATTERNS} patterns leave files out"));
        }
        if self.0.iter().any(|pattern| pattern.bytes() > PATTERN) {
            return Err(format!("a pattern of what is left out has more than {PATTERN} bytes"));
        }
        Ok(())
    }

    pub(super) fn leave_out(&self, path: &[&str], folder: bool) -> bool {
        self.0
            .iter()
            .rev()
            .find(|pattern| pattern.matches(path, folder))
            .is_some_and(|found| !found.inclusion)
    }

    /// Whether something below a folder that is left out may be let in again.
    pub(super) fn may_include_below(&self, folder: &[&str]) -> bool {
        self.0.iter().any(|pattern| pattern.inclusion && pattern.may_match_below(folder))
    }
}

/// Where ignore files are, by the digests of folders: of the next revision only what changed is looked through.
#[derive(Default)]
pub struct IgnoreFiles {
    known: HashMap<String, Arc<[TreePath]>>,
    folders: usize,
}

impl IgnoreFiles {
    /// The ignore files of a tree, those of a folder before those below it.
    pub(super) fn find(&mut self, tree: &dyn Tree) -> Result<Arc<[TreePath]>, String> {
        if self.known.len() > REMEMBERED {
            self.known.clear();
        }
        self.folders = 0;
        self.below(tree, &TreePath::root(), &tree.id(), 0)
    }

    /// Paths are relative to the folder.
    fn below(
        &mut self,
        tree: &dyn Tree,
        folder: &TreePath,
        id: &str,
        depth: usize,
    ) -> Result<Arc<[TreePath]>, String> {
        if let Some(known) = self.known.get(id).filter(|_| !id.is_empty()) {
            return Ok(known.clone());
        }
        self.folders += 1;
        if depth > DEPTH || self.folders > FOLDERS {
            return Err(format!("{folder}: more than {DEPTH} folders deep, or more than {FOLDERS} folders"));
        }
        let mut found = Vec::new();
        let listed = tree.list(folder).map_err(|error| error.to_string())?;
        if listed.iter().any(|(name, entry)| name == IGNORE_FILE && entry.kind != EntryKind::Folder) {
            found.push(TreePath::root().join(IGNORE_FILE).map_err(|error| error.to_string())?);
        }
        for (name, Entry { kind, id, .. }) in listed {
            // What is no path can be neither read nor named by a unit.
            let Some(inner) = folder.join(&name).ok().filter(|_| kind == EntryKind::Folder) else { continue };
            for path in self.below(tree, &inner, &id, depth + 1)?.iter() {
                found.push(
                    TreePath::root().join(&format!("{name}/{path}")).map_err(|error| error.to_string())?,
                );
            }
        }
        let found: Arc<[TreePath]> = found.into();
        if !id.is_empty() {
            self.known.insert(id.to_owned(), found.clone());
        }
        Ok(found)
    }
}

/// The text of an ignore file.
pub(super) fn text(tree: &dyn Tree, path: &TreePath) -> Result<String, String> {
    let entry = tree.entry(path).map_err(|error| error.to_string())?;
    match entry {
        Some(entry) if entry.kind.is_file() && entry.size <= BYTES => {}
        Some(entry) if entry.kind.is_file() => {
            return Err(format!("{path} has {} bytes; the limit is {BYTES}", entry.size));
        }
        Some(_) | None => return Err(format!("{path} is no file, and links are not followed")),
    }
    let bytes = tree.read(path).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
