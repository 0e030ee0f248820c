use super::pattern::Pattern;
use mainstay_unit::tree::{Entry, EntryKind, Tree, TreePath};
use std::collections::{BTreeMap, HashMap};
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

/// Of an ignore file: each of its patterns is tried on every path below its folder.
const BYTES: u64 = 1 << 16;
const PATTERNS: usize = 1000;
const PATTERN: usize = 4096;
const FOLDERS: usize = 500_000;
const DEPTH: usize = 64;
/// Folders that are remembered.
const REMEMBERED: usize = 200_000;

/// What leaves files out, by priority.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Of nobody's.
    base: Vec<Pattern>,
    /// Of the ignore file of a folder: deeper ones count for more.
    folders: BTreeMap<TreePath, Vec<Pattern>>,
    /// Of the source.
    source: Vec<Pattern>,
    /// Folders of whose files it can't be told. Others have nothing to do with that: they may be somebody else's.
    broken: BTreeMap<TreePath, String>,
}

impl Rules {
    pub(super) fn git(&mut self) {
        self.base = patterns(&GIT.join("\n"), &TreePath::root());
    }

    pub(super) fn defaults(&mut self) {
        self.base.extend(patterns(&DEFAULT.join("\n"), &TreePath::root()));
    }

    pub(super) fn source(&mut self, text: &str) -> Result<(), String> {
        self.source = checked(text, &TreePath::root())?;
        Ok(())
    }

    /// Adds an ignore file's text.
    pub(super) fn file(&mut self, folder: TreePath, text: &str) {
        match checked(text, &folder) {
            Ok(patterns) if patterns.is_empty() => {}
            Ok(patterns) => {
                self.folders.insert(folder, patterns);
            }
            Err(why) => self.broken(folder, why),
        }
    }

    pub(super) fn broken(&mut self, folder: TreePath, why: String) {
        self.broken.insert(folder, why);
    }

    /// Whether a file of the repository says anything.
    pub(super) fn are_of_files(&self) -> bool {
        !self.folders.is_empty() || !self.broken.is_empty()
    }

    /// The folder at or above a path of which it can't be told what is left out, and why.
    pub(super) fn why_broken(&self, path: &TreePath) -> Option<(&TreePath, &str)> {
        if self.broken.is_empty() {
            return None;
        }
        above(path)
            .find_map(|folder| self.broken.get_key_value(&folder))
            .map(|(folder, why)| (folder, &**why))
    }

    pub(super) fn leave_out(&self, path: &TreePath, folder: bool) -> bool {
        let parts: Vec<&str> = path.parts().collect();
        let last = |patterns: &[Pattern]| {
            patterns
                .iter()
                .rev()
                .find(|pattern| pattern.matches(&parts, folder))
                .map(|found| !found.inclusion)
        };
        let of_files = || above(path).find_map(|folder| last(self.folders.get(&folder)?));
        last(&self.source).or_else(of_files).or_else(|| last(&self.base)).unwrap_or(false)
    }

    /// Whether something below a folder that is left out may be let in again.
    pub(super) fn may_include_below(&self, folder: &TreePath) -> bool {
        let parts: Vec<&str> = folder.parts().collect();
        let may = |pattern: &Pattern| pattern.inclusion && pattern.may_match_below(&parts);
        self.source.iter().any(may)
            || self.folders.iter().any(|(at, patterns)| {
                (folder.is_within(at) || at.is_within(folder)) && patterns.iter().any(may)
            })
    }
}

/// A path and what lies above it, up to the root.
fn above(path: &TreePath) -> impl Iterator<Item = TreePath> {
    std::iter::successors(Some(path.clone()), TreePath::parent)
}

fn patterns(text: &str, folder: &TreePath) -> Vec<Pattern> {
    text.lines().filter_map(|line| Pattern::parse(line, folder)).collect()
}

fn checked(text: &str, folder: &TreePath) -> Result<Vec<Pattern>, String> {
    let patterns = patterns(text, folder);
    if patterns.len() > PATTERNS {
        return Err(format!("more than {PATTERNS} patterns leave files out"));
    }
    if patterns.iter().any(|pattern| pattern.bytes() > PATTERN) {
        return Err(format!("a pattern of what is left out has more than {PATTERN} bytes"));
    }
    Ok(patterns)
}

/// What there is in a folder.
#[derive(Debug, Clone)]
pub(super) enum Mark {
    IgnoreFile,
    /// Whether there is one can't be told.
    Unknown(String),
}

/// By folder, relative to the one that was looked through; those above come first.
type Marks = Arc<[(TreePath, Mark)]>;

/// Where ignore files are, by the digests of folders: of the next revision only what changed is looked through.
#[derive(Default)]
pub struct IgnoreFiles {
    known: HashMap<String, Marks>,
    folders: usize,
}

impl IgnoreFiles {
    pub(super) fn find(&mut self, tree: &dyn Tree) -> Marks {
        if self.known.len() > REMEMBERED {
            self.known.clear();
        }
        self.folders = 0;
        self.below(tree, &TreePath::root(), &tree.id(), 0)
    }

    fn below(&mut self, tree: &dyn Tree, folder: &TreePath, id: &str, depth: usize) -> Marks {
        if let Some(known) = self.known.get(id).filter(|_| !id.is_empty()) {
            return known.clone();
        }
        self.folders += 1;
        let unknown = |why: String| Arc::from([(TreePath::root(), Mark::Unknown(why))]);
        if depth > DEPTH || self.folders > FOLDERS {
            return unknown(format!("more than {DEPTH} folders deep, or more than {FOLDERS} folders"));
        }
        let listed = match tree.list(folder) {
            Ok(listed) => listed,
            Err(error) => return unknown(error.to_string()),
        };
        let mut found = Vec::new();
        if listed.iter().any(|(name, entry)| name == IGNORE_FILE && entry.kind != EntryKind::Folder) {
            found.push((TreePath::root(), Mark::IgnoreFile));
        }
        for (name, Entry { kind, id, .. }) in listed {
            // What is no path can be neither read nor named by a unit.
            let Some(inner) = folder.join(&name).ok().filter(|_| kind == EntryKind::Folder) else { continue };
            let marks = self.below(tree, &inner, &id, depth + 1);
            found.extend(marks.iter().filter_map(|(path, mark)| {
                Some((TreePath::root().join(&format!("{name}/{path}")).ok()?, mark.clone()))
            }));
        }
        let sure = found.iter().all(|(_, mark)| matches!(mark, Mark::IgnoreFile));
        let found: Marks = found.into();
        if sure && !id.is_empty() {
            self.known.insert(id.to_owned(), found.clone());
        }
        found
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
