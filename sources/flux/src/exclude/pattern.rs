use mainstay_package::path_match;
use mainstay_unit::tree::TreePath;

/// A line of an ignore file, as source-controller reads it (fluxcd/pkg, sourceignore/gitignore): Git's syntax, with what
/// is its own: a pattern that matches a folder matches everything below it, and what a later line lets in again is in,
/// whatever became of the folder.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// The folder of the ignore file.
    domain: Vec<String>,
    parts: Vec<String>,
    pub(super) inclusion: bool,
    folders_only: bool,
    /// A slash within: the path is matched from the ignore file's folder on, else any of its names.
    anchored: bool,
}

const ANY_DEPTH: &str = "**";

impl Pattern {
    /// Nothing for comments and blank lines.
    pub(super) fn parse(line: &str, domain: &TreePath) -> Option<Self> {
        if line.starts_with('#') || line.trim().is_empty() {
            return None;
        }
        let (inclusion, mut text) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        if !text.ends_with("\\ ") {
            text = text.trim_end_matches(' ');
        }
        let (folders_only, text) = text.strip_suffix('/').map_or((false, text), |rest| (true, rest));
        let parts: Vec<String> = text.split('/').map(str::to_owned).collect();
        let domain = domain.parts().map(str::to_owned).collect();
        Some(Self { domain, anchored: parts.len() > 1, parts, inclusion, folders_only })
    }

    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.len() + 1).sum()
    }

    pub(super) fn matches(&self, path: &[&str], folder: bool) -> bool {
        let Some((above, within)) = path.split_at_checked(self.domain.len()) else { return false };
        if within.is_empty() || above != self.domain {
            return false;
        }
        if self.anchored { self.matches_path(within, folder) } else { self.matches_name(within, folder) }
    }

    fn matches_name(&self, path: &[&str], folder: bool) -> bool {
        let Some(pattern) = self.parts.first() else { return false };
        for (at, name) in path.iter().enumerate() {
            match one_matches(pattern, name) {
                None => return false,
                Some(true) => return !self.folders_only || folder || at + 1 < path.len(),
                Some(false) => {}
            }
        }
        false
    }

    fn matches_path(&self, mut path: &[&str], folder: bool) -> bool {
        let (mut matched, mut any_depth) = (false, false);
        for (at, pattern) in self.parts.iter().enumerate() {
            match pattern.as_str() {
                "" => {
                    any_depth = false;
                    continue;
                }
                ANY_DEPTH if at + 1 == self.parts.len() => break,
                ANY_DEPTH => {
                    any_depth = true;
                    continue;
                }
                other if other.contains(ANY_DEPTH) || path.is_empty() => return false,
                _ => {}
            }
            loop {
                let Some((name, rest)) = path.split_first() else {
                    matched = false;
                    break;
                };
                path = rest;
                match one_matches(pattern, name) {
                    Some(true) => {
                        matched = true;
                        break;
                    }
                    Some(false) if any_depth => {}
                    Some(false) | None => return false,
                }
            }
            any_depth = false;
        }
        matched && !(self.folders_only && !folder && path.is_empty())
    }

    /// Whether anything below a folder could match: false only where nothing can.
    pub(super) fn may_match_below(&self, folder: &[&str]) -> bool {
        let shared = self.domain.len().min(folder.len());
        if !self.domain.iter().take(shared).map(String::as_str).eq(folder.iter().copied().take(shared)) {
            return false;
        }
        let Some(inner) = folder.get(self.domain.len()..).filter(|_| self.anchored) else { return true };
        let parts = self.parts.iter().filter(|part| !part.is_empty());
        for (part, name) in parts.zip(inner) {
            if part.contains(ANY_DEPTH) {
                return true;
            }
            if one_matches(part, name) != Some(true) {
                return false;
            }
        }
        true
    }
}

/// Most patterns are plain names, and every one is tried on every path.
fn one_matches(pattern: &str, name: &str) -> Option<bool> {
    if pattern.contains(['*', '?', '[', '\\']) { path_match(pattern, name) } else { Some(pattern == name) }
}
