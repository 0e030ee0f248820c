//! Files of rules that hold together: those of a platform repository.

use super::{KindRule, Limits, Rules};
use mainstay_diagnostic::Diagnostic;
use mainstay_diagnostic::codes::apply::HEALTH_RULE;
use mainstay_object::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

type Kinds = BTreeMap<String, BTreeMap<String, Arc<KindRule>>>;

impl Rules {
    /// Every problem of the files, or all that they say together. None of them wins over another: a kind has its rule in
    /// one of them. Each comes with its name, which is only shown.
    pub fn of_files<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
        limits: &Limits,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut all = Self::default();
        let mut problems = Vec::new();
        let (mut count, mut bytes) = (0usize, 0usize);
        for (file, text) in files {
            count += 1;
            bytes = bytes.saturating_add(text.len());
            let too_much = if count > limits.files {
                Some(format!("there are more than {} files of health rules", limits.files))
            } else if bytes > limits.all_bytes {
                Some(format!("files of health rules have more than {} bytes together", limits.all_bytes))
            } else {
                None
            };
            if let Some(message) = too_much {
                problems.push(Diagnostic::new(&HEALTH_RULE, message).at_file(file));
                break;
            }
            match Self::parse_within(file, text, limits) {
                Ok(rules) => {
                    let known = all.len();
                    if known.saturating_add(rules.len()) > limits.all_kinds {
                        let message =
                            format!("files of health rules name at most {} kinds together", limits.all_kinds);
                        problems.push(Diagnostic::new(&HEALTH_RULE, message).at_file(file));
                        break;
                    }
                    join(&mut all.exact, rules.exact, "", text, &mut problems);
                    join(&mut all.ending, rules.ending, "*", text, &mut problems);
                }
                Err(wrong) => problems.extend(wrong),
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(problems) }
    }

    /// The kinds of which others say something else, sorted by their names.
    pub fn changes(&self, others: &Self) -> Vec<String> {
        let mut out = Vec::new();
        for (star, ours, theirs) in [("", &self.exact, &others.exact), ("*", &self.ending, &others.ending)] {
            let groups: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
            for group in groups {
                let said = |all: &Kinds| -> BTreeMap<String, Digest> {
                    let kinds = all.get(group).into_iter().flatten();
                    kinds.map(|(kind, rule)| (kind.clone(), rule.digest)).collect()
                };
                let (ours, theirs) = (said(ours), said(theirs));
                let kinds: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
                let changed = kinds.into_iter().filter(|kind| ours.get(*kind) != theirs.get(*kind));
                out.extend(changed.map(|kind| named(kind, &format!("{star}{group}"))));
            }
        }
        out.sort();
        out
    }
}

fn named(kind: &str, group: &str) -> String {
    let kind = if kind.is_empty() { "every kind" } else { kind };
    if group.is_empty() { kind.to_owned() } else { format!("{kind} of {group}") }
}

fn join(all: &mut Kinds, new: Kinds, star: &str, text: &str, problems: &mut Vec<Diagnostic>) {
    for (group, kinds) in new {
        let known = all.entry(group.clone()).or_default();
        for (kind, rule) in kinds {
            match known.get(&kind) {
                None => {
                    known.insert(kind, rule);
                }
                Some(first) => {
                    let kind = if kind.is_empty() { "every kind".to_owned() } else { format!("`{kind}`") };
                    let message = format!("{kind} of `{star}{group}` has a rule already, at {}", first.at);
                    problems.push(
                        Diagnostic::new(&HEALTH_RULE, message).at(rule.at.clone()).with_snippet_of(text),
                    );
                }
            }
        }
    }
}
