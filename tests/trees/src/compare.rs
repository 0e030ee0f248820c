//! Folders on disk, each root of them built by both.

use crate::{case, real};
use anyhow::{Context, Result};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Default)]
pub struct Asked {
    pub folders: Vec<PathBuf>,
    pub json: bool,
    /// A part of a case's name.
    pub only: Option<String>,
    /// Where both results of what differs are written.
    pub save: Option<PathBuf>,
}

/// How two results compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Equal,
    BothErr,
    /// We refuse what we say we don't support.
    Unsupported,
    OursErrs,
    TheirsErrs,
    Different,
}

impl Outcome {
    pub fn of(ours: &Result<String, Vec<(&'static str, String)>>, theirs: &Result<String, String>) -> Self {
        use mainstay_diagnostic::codes::kustomize::{REMOTE, UNSUPPORTED};
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) if ours == theirs => Outcome::Equal,
            (Ok(_), Ok(_)) => Outcome::Different,
            (Err(_), Err(_)) => Outcome::BothErr,
            (Ok(_), Err(_)) => Outcome::TheirsErrs,
            (Err(problems), Ok(_)) => {
                let known = |(code, _): &(&str, String)| *code == UNSUPPORTED.id || *code == REMOTE.id;
                if problems.iter().all(known) { Outcome::Unsupported } else { Outcome::OursErrs }
            }
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Outcome::Equal => "equal",
            Outcome::BothErr => "both err",
            Outcome::Unsupported => "not supported",
            Outcome::OursErrs => "ours errs",
            Outcome::TheirsErrs => "theirs errs",
            Outcome::Different => "different",
        }
    }
}

/// False if anything was built to something else, or by one of both only.
pub fn run(asked: &Asked) -> Result<bool> {
    let tool = real::kustomize().context("target/real/kustomize is not built: cargo xtask real")?;
    let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
    for folder in &asked.folders {
        for group in case::find(folder)? {
            let tree = case::load(&group.tree)?;
            for (root, flags) in &group.roots {
                let name =
                    if root.is_empty() { group.name.clone() } else { format!("{}:{root}", group.name) };
                if asked.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
                    continue;
                }
                let ours = case::ours(&tree, root, flags, None)?;
                let theirs = real::build(&tool, &group.tree.join(root), flags)?;
                let outcome = Outcome::of(&ours.result, &theirs.result);
                *counts.entry(outcome).or_default() += 1;
                let reasons: Vec<&str> =
                    ours.result.as_ref().err().into_iter().flatten().map(|(_, why)| why.as_str()).collect();
                let theirs_say = theirs.result.as_ref().err().map(String::as_str).unwrap_or_default();
                let (us, them) = (ours.took.as_micros(), theirs.took.as_micros());
                if asked.json {
                    let line = json!({
                        "case": name, "outcome": outcome.word(), "oursMicroseconds": us, "theirsMicroseconds": them,
                        "oursSays": reasons.join("\n"), "theirsSays": theirs_say,
                    });
                    println!("{line}");
                } else {
                    println!("{:<13} {us:>8} us {them:>9} us  {name}", outcome.word());
                    if !matches!(outcome, Outcome::Equal | Outcome::BothErr) {
                        for reason in
                            reasons.iter().copied().chain((!theirs_say.is_empty()).then_some(theirs_say))
                        {
                            println!("    {reason}");
                        }
                    }
                }
                if let (Some(save), Outcome::Different | Outcome::TheirsErrs) = (&asked.save, outcome) {
                    std::fs::create_dir_all(save)?;
                    let file = |whose: &str| save.join(format!("{}.{whose}.yaml", name.replace('/', "_")));
                    std::fs::write(file("ours"), ours.result.as_deref().unwrap_or_default())?;
                    std::fs::write(file("theirs"), theirs.result.as_deref().unwrap_or_default())?;
                }
            }
        }
    }
    let shown: Vec<String> =
        counts.iter().map(|(outcome, count)| format!("{count} {}", outcome.word())).collect();
    let total: usize = counts.values().sum();
    if asked.json {
        let map: BTreeMap<&str, usize> = counts.iter().map(|(o, n)| (o.word(), *n)).collect();
        println!("{}", json!({"total": total, "counts": map}));
    } else {
        println!("{total} built: {}", shown.join(", "));
    }
    Ok(counts.keys().all(|o| matches!(o, Outcome::Equal | Outcome::BothErr | Outcome::Unsupported)))
}
