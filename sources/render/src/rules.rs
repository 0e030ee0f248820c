//! What the Platform decides for everybody: the files of health rules, and what kustomizations may do.
use crate::entry::{DEPTH, closest, is_yaml};
use crate::outside::{Allowed, Permissions};
use mainstay_diagnostic::{Diagnostic, Diagnostics, codes};
use mainstay_health::{Limits, Rules};
use mainstay_native::kinds::PlatformSpec;
use mainstay_native::{Declarations, Document, tenant_of};
use mainstay_unit::tree::{Entry, EntryKind, Tree, TreePath};
use mainstay_unit::{HealthRules, RuleFiles};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was made of files of these ids.
pub(crate) struct Kept {
    ids: Vec<(TreePath, String)>,
    rules: Result<Arc<RuleFiles>, Vec<Diagnostic>>,
}

/// Why it is not known what the Platform says. What lies in a tenant's paths can't be it.
pub(crate) fn unread_platform<'a>(
    declarations: &Declarations,
    unread: &'a [(String, Diagnostic)],
) -> Option<&'a Diagnostic> {
    unread.iter().find(|(file, _)| tenant_of(declarations, file).is_none()).map(|(_, problem)| problem)
}

/// The one Platform, if there is one; or why it is not known what it says. `unread` are files and folders that might
/// declare it.
fn platform<'a>(
    declarations: &'a Declarations,
    unread: &[(String, Diagnostic)],
) -> Result<Option<&'a Document<PlatformSpec>>, String> {
    if let Some(problem) = unread_platform(declarations, unread) {
        return Err(format!("the Platform can't be read: {}", in_a_line(problem)));
    }
    let mut platforms = declarations.platforms();
    let first = platforms.next();
    match platforms.next() {
        Some(second) => Err(format!("there is a second Platform at {}", second.place.location(""))),
        None => Ok(first.map(|platform| &**platform)),
    }
}

/// What kustomizations and charts may, and what is decrypted with.
pub(crate) fn allowed(declarations: &Declarations, unread: &[(String, Diagnostic)]) -> Allowed {
    match platform(declarations, unread) {
        Ok(platform) => {
            let known = platform.map(|p| Permissions {
                kustomize: p.spec.kustomize.clone(),
                helm: p.spec.helm,
                decryption: p.spec.decryption.clone(),
            });
            Allowed::Known(known.unwrap_or_default())
        }
        Err(why) => Allowed::Unknown(why),
    }
}

/// The health rules.
pub(crate) fn read(
    tree: &dyn Tree,
    declarations: &Declarations,
    unread: &[(String, Diagnostic)],
    kept: &mut Option<Kept>,
    diagnostics: &mut Diagnostics,
) -> HealthRules {
    let unknown = |why: String| HealthRules::Unknown { why };
    let platform = match platform(declarations, unread) {
        Ok(Some(platform)) => platform,
        Ok(None) => return HealthRules::default(),
        Err(why) => return unknown(why),
    };
    let mut named = Named { tree, declarations, platform, files: BTreeMap::new(), problems: Vec::new() };
    for (index, path) in platform.spec.health_rules.iter().enumerate() {
        named.path(index, path);
    }
    let Named { files, mut problems, .. } = named;
    if problems.is_empty() {
        match whole(tree, &files, kept) {
            Ok(rules) => return HealthRules::Known(rules),
            Err(wrong) => problems = wrong,
        }
    }
    let why = problems.iter().find(|problem| problem.is_error()).map(in_a_line);
    diagnostics.extend(problems);
    unknown(why.unwrap_or_else(|| "they can't be read".to_owned()))
}

fn in_a_line(problem: &Diagnostic) -> String {
    match &problem.location {
        Some(at) => format!("{at}: {}", problem.message),
        None => problem.message.clone(),
    }
}

/// The texts of files that are in accord.
fn whole(
    tree: &dyn Tree,
    files: &BTreeMap<TreePath, Entry>,
    kept: &mut Option<Kept>,
) -> Result<Arc<RuleFiles>, Vec<Diagnostic>> {
    let ids: Vec<(TreePath, String)> =
        files.iter().map(|(path, entry)| (path.clone(), entry.id.clone())).collect();
    if let Some(kept) = kept.as_ref().filter(|kept| kept.ids == ids) {
        return kept.rules.clone();
    }
    let mut texts: Vec<(String, Arc<str>)> = Vec::new();
    for path in files.keys() {
        let unreadable =
            |why: String| vec![Diagnostic::new(&codes::render::UNREADABLE, why).at_file(path.as_str())];
        let bytes = tree.read(path).map_err(|error| unreadable(error.to_string()))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| unreadable(format!("{path} is not UTF-8")))?;
        texts.push((path.to_string(), text.into()));
    }
    let files = RuleFiles::of(texts);
    let rules = Rules::of_files(files.iter(), &Limits::default()).map(|_| Arc::new(files));
    *kept = Some(Kept { ids, rules: rules.clone() });
    rules
}

/// Problems with what the Platform names that are told, at most.
const PROBLEMS: usize = 50;

struct Named<'a> {
    tree: &'a dyn Tree,
    declarations: &'a Declarations,
    platform: &'a Document<PlatformSpec>,
    files: BTreeMap<TreePath, Entry>,
    problems: Vec<Diagnostic>,
}

impl Named<'_> {
    fn problem(&mut self, index: usize, message: impl Into<String>) {
        let pointer = format!("/spec/healthRules/{index}");
        self.problems.push(self.platform.place.diagnostic(&codes::native::HEALTH_RULES, message, &pointer));
    }

    fn path(&mut self, index: usize, text: &str) {
        let path = match TreePath::parse(text) {
            Ok(path) => path,
            Err(error) => return self.problem(index, error.to_string()),
        };
        match self.tree.entry(&path) {
            Ok(Some(entry)) if entry.kind == EntryKind::Folder => {
                let before = self.files.len() + self.problems.len();
                self.folder(index, &path, 0);
                if self.files.len() + self.problems.len() == before && !self.covers(&path) {
                    self.problem(index, format!("the folder {path} holds no YAML file"));
                }
            }
            Ok(Some(entry)) if entry.kind.is_file() && !is_yaml(path.file_name()) => {
                self.problem(
                    index,
                    format!("{path} is no YAML file: its name ends neither in .yaml nor in .yml"),
                );
            }
            Ok(Some(entry)) => self.file(index, path, entry),
            Ok(None) => {
                self.problem(index, format!("{path} does not exist"));
                let told = self.problems.pop();
                self.problems.extend(told.map(|problem| problem.hint(closest(self.tree, &path))));
            }
            Err(error) => self.problem(index, error.to_string()),
        }
    }

    /// Whether a file below has been taken already, by another path.
    fn covers(&self, folder: &TreePath) -> bool {
        self.files.keys().any(|file| file.is_within(folder))
    }

    fn folder(&mut self, index: usize, folder: &TreePath, depth: usize) {
        if depth > DEPTH {
            self.problem(index, format!("{folder}: more than {DEPTH} folders deep"));
            return;
        }
        let entries = match self.tree.list(folder) {
            Ok(entries) => entries,
            Err(error) => return self.problem(index, error.to_string()),
        };
        for (name, entry) in entries {
            if name.starts_with('.') {
                continue;
            }
            let path = match folder.join(&name) {
                Ok(path) => path,
                Err(_) if entry.kind != EntryKind::Folder && !is_yaml(&name) => continue,
                Err(error) => {
                    self.problem(index, format!("{folder} holds what can't be read: {error}"));
                    continue;
                }
            };
            if self.problems.len() >= PROBLEMS {
                return;
            }
            match entry.kind {
                EntryKind::Folder => self.folder(index, &path, depth + 1),
                EntryKind::File | EntryKind::Executable | EntryKind::Symlink if is_yaml(&name) => {
                    self.file(index, path, entry);
                }
                EntryKind::File | EntryKind::Executable | EntryKind::Symlink | EntryKind::Submodule => {}
            }
        }
    }

    fn file(&mut self, index: usize, path: TreePath, entry: Entry) {
        let limits = Limits::default();
        let all: u64 = self.files.values().map(|entry| entry.size).sum();
        let why = if !entry.kind.is_file() {
            Some(format!("{path} is no regular file; links are not followed"))
        } else if let Some(tenant) = tenant_of(self.declarations, path.as_str()) {
            Some(format!(
                "{path} lies in the paths of tenant {tenant}, which decides about its own objects alone"
            ))
        } else if entry.size > limits.bytes as u64 {
            Some(format!("{path} has {} bytes; the limit is {}", entry.size, limits.bytes))
        } else if all.saturating_add(entry.size) > limits.all_bytes as u64 {
            Some(format!("files of health rules have more than {} bytes together", limits.all_bytes))
        } else if self.files.len() >= limits.files && !self.files.contains_key(&path) {
            Some(format!("there are more than {} files of health rules", limits.files))
        } else {
            None
        };
        match why {
            Some(why) => self.problem(index, why),
            None => drop(self.files.insert(path, entry)),
        }
    }
}
