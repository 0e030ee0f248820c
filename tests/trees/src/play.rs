//! Random trees, built by both; what differs is made as small as it gets.

use crate::compare::Outcome;
use crate::random::{self, Files};
use crate::{case, real};
use anyhow::{Context, Result};
use mainstay_harness::Pace;
use mainstay_kustomize::ParseCache;
use mainstay_unit::tree::{EntryKind, IndexedTree, TreePath};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub struct Asked {
    pub trees: u64,
    pub seed: u64,
    /// How often we may build a tree to find out which parts of it fail. If never, most of those that we refuse are
    /// skipped.
    pub builds: usize,
    /// Findings after which it ends.
    pub findings: usize,
    /// Every tree's outcome is told, with the reasons of both.
    pub loud: bool,
    /// Where trees that differ are kept.
    pub keep: PathBuf,
}

/// How many trees had which outcome.
pub type Counts = BTreeMap<Outcome, usize>;

/// A tree that the two build differently.
pub struct Finding {
    pub seed: u64,
    pub outcome: Outcome,
    pub folder: PathBuf,
    pub says: String,
}

/// False if anything was built to something else.
pub fn run(asked: &Asked) -> Result<bool> {
    let tool = real::kustomize().context("target/real/kustomize is not built: cargo xtask real")?;
    let (counts, findings) = play(asked, &tool)?;
    let shown: Vec<String> =
        counts.iter().map(|(outcome, count)| format!("{count} {}", outcome.word())).collect();
    for finding in &findings {
        println!(
            "seed {}: {}, kept in {}\n{}",
            finding.seed,
            finding.outcome.word(),
            finding.folder.display(),
            finding.says
        );
    }
    println!("{} random trees: {}", counts.values().sum::<usize>(), shown.join(", "));
    Ok(findings.is_empty())
}

pub fn play(asked: &Asked, tool: &Path) -> Result<(Counts, Vec<Finding>)> {
    let folder = asked.keep.join("now");
    let mut counts = Counts::new();
    let mut findings = Vec::new();
    let mut compared = 0;
    let mut pace = Pace::default();
    for seed in asked.seed.. {
        pace.says(|| {
            let found = findings.len();
            format!("{compared} of {} trees, {found} different, now seed {seed}", asked.trees)
        });
        if compared >= asked.trees {
            break;
        }
        if asked.builds == 0
            && seed % 50 != 0
            && ours(&random::tree(seed, &BTreeSet::new()).0, None)?.result.is_err()
        {
            continue;
        }
        compared += 1;
        let without =
            if seed % 5 == 0 || asked.builds == 0 { BTreeSet::new() } else { heal(seed, asked.builds)? };
        let (files, _) = random::tree(seed, &without);
        let (outcome, says) = judge(&files, tool, &folder)?;
        if asked.loud {
            println!("seed {seed}: {}\n{says}", outcome.word());
        }
        *counts.entry(outcome).or_default() += 1;
        if !differs(outcome) {
            continue;
        }
        let files = shrink(seed, without, outcome, tool, &folder)?;
        let (_, says) = judge(&files, tool, &folder)?;
        let kept = asked.keep.join(format!("seed-{seed}"));
        write(&files, &kept)?;
        findings.push(Finding { seed, outcome, folder: kept, says });
        if findings.len() >= asked.findings {
            break;
        }
    }
    Ok((counts, findings))
}

fn differs(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Equal | Outcome::BothErr | Outcome::Unsupported => false,
        Outcome::OursErrs | Outcome::TheirsErrs | Outcome::Different => true,
    }
}

/// What is to be left out so that we build the tree: most would fail for some small reason.
fn heal(seed: u64, builds: usize) -> Result<BTreeSet<String>> {
    let mut without = BTreeSet::new();
    let cache = ParseCache::new(10_000);
    let spent = Cell::new(0);
    while spent.get() < builds {
        let (files, mut places) = random::tree(seed, &without);
        let Err(reason) = ours(&files, Some(&cache))?.result else { break };
        // Small parts of the folder that the reason is about first.
        let folder = reason.first().map_or("", |(_, why)| why.split('/').next().unwrap_or_default());
        let folder = format!("/{folder}/");
        places.sort_by_key(|place| {
            (!place.starts_with(&folder), std::cmp::Reverse(place.matches('/').count()))
        });
        let less = |left_out: &[String]| -> Result<Option<BTreeSet<String>>> {
            let less: BTreeSet<String> = without.iter().chain(left_out).cloned().collect();
            let (files, _) = random::tree(seed, &less);
            spent.set(spent.get() + 1);
            let same = ours(&files, Some(&cache))?.result.is_err_and(|other| other == reason);
            Ok((!same).then_some(less))
        };
        // The first of them without which, and those before it, something else happens.
        let (mut low, mut high) = (0, places.len());
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            if less(&places[..middle])?.is_some() { high = middle } else { low = middle }
        }
        let mut count = 1;
        without = loop {
            match less(&places[high.saturating_sub(count)..high])? {
                Some(less) => break less,
                None if count >= high => return Ok(without),
                None => count *= 2,
            }
        };
    }
    Ok(without)
}

/// Leaves out what can be left out while the outcome stays.
fn shrink(
    seed: u64,
    mut without: BTreeSet<String>,
    outcome: Outcome,
    tool: &Path,
    folder: &Path,
) -> Result<Files> {
    let (mut files, mut places) = random::tree(seed, &without);
    let mut at = 0;
    while let Some(place) = places.get(at) {
        let mut less = without.clone();
        less.insert(place.clone());
        let (fewer, left) = random::tree(seed, &less);
        if judge(&fewer, tool, folder)?.0 == outcome {
            (files, places, without) = (fewer, left, less);
        } else {
            at += 1;
        }
    }
    Ok(files)
}

fn ours(files: &Files, cache: Option<&ParseCache>) -> Result<case::Ours> {
    let parsed: Result<Vec<_>, _> = files
        .iter()
        .map(|(path, text)| Ok((TreePath::parse(path)?, EntryKind::File, text.as_bytes().into())))
        .collect::<Result<_, mainstay_unit::tree::InvalidPath>>();
    case::ours(&IndexedTree::new(parsed?), "top", &[], cache)
}

fn judge(files: &Files, tool: &Path, folder: &Path) -> Result<(Outcome, String)> {
    write(files, folder)?;
    let ours = ours(files, None)?;
    let theirs = real::build(tool, &folder.join("top"), &[])?;
    let outcome = Outcome::of(&ours.result, &theirs.result);
    let says = match (&ours.result, &theirs.result) {
        (Ok(ours), Ok(theirs)) => difference(ours, theirs),
        (ours, theirs) => {
            let problems = ours.as_ref().err().into_iter().flatten();
            let mut says: String = problems.map(|(_, why)| format!("    ours: {why}\n")).collect();
            if let Err(why) = theirs {
                says.push_str(&format!("    theirs: {why}\n"));
            }
            says
        }
    };
    Ok((outcome, says))
}

/// The first lines that differ.
fn difference(ours: &str, theirs: &str) -> String {
    let mut pairs = ours.lines().zip(theirs.lines()).enumerate();
    match pairs.find(|(_, (ours, theirs))| ours != theirs) {
        Some((at, (ours, theirs))) => {
            format!("    line {}\n    ours:   {ours}\n    theirs: {theirs}\n", at + 1)
        }
        None => "    one is longer\n".to_owned(),
    }
}

fn write(files: &Files, folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().context("a folder")?)?;
        std::fs::write(path, text)?;
    }
    Ok(())
}
