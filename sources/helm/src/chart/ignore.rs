//! `.helmignore`.
use mainstay_package::path_match;

pub(super) struct Rules(Vec<Rule>);

struct Rule {
    pattern: String,
    /// What does not match is ignored.
    negated: bool,
    folders_only: bool,
    /// The whole path must match, not the last part of it.
    whole: bool,
}

impl Default for Rules {
    fn default() -> Self {
        let hidden =
            Rule { pattern: "templates/.?*".into(), negated: false, folders_only: false, whole: true };
        Self(vec![hidden])
    }
}

impl Rules {
    pub(super) fn read(&mut self, text: &str) -> Result<(), String> {
        for line in text.lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.contains("**") {
                return Err("double-star (**) syntax is not supported".into());
            }
            path_match(line, "abc").ok_or_else(|| format!("syntax error in pattern {line:?}"))?;
            let (negated, rule) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
            let (folders_only, rule) = rule.strip_suffix('/').map_or((false, rule), |rest| (true, rest));
            let whole = rule.contains('/');
            let pattern = rule.strip_prefix('/').unwrap_or(rule).to_owned();
            self.0.push(Rule { pattern, negated, folders_only, whole });
        }
        Ok(())
    }

    /// Whether a file, or a folder above it, is left out.
    pub(super) fn ignores(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| (&path[..at], true));
        folders.chain([(path, false)]).any(|(path, folder)| self.ignores_one(path, folder))
    }

    fn ignores_one(&self, path: &str, folder: bool) -> bool {
        for rule in &self.0 {
            let name = if rule.whole { path } else { path.rsplit('/').next().unwrap_or(path) };
            let matches = path_match(&rule.pattern, name).unwrap_or(false);
            if rule.negated {
                if (rule.folders_only && !folder) || !matches {
                    return true;
                }
            } else if matches && (folder || !rule.folders_only) {
                return true;
            }
        }
        false
    }
}
