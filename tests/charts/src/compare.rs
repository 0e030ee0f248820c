//! Folders of charts, each chart rendered by both with its own values and with those of its `ci` folder.

use crate::outcome::{Outcome, Printed};
use crate::{find, ours, real};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Default)]
pub struct Asked {
    pub folders: Vec<PathBuf>,
    /// A part of a chart's name.
    pub only: Option<String>,
    /// Where both outputs of what differs are written.
    pub save: Option<PathBuf>,
    /// How many differing lines are shown.
    pub lines: usize,
    pub kube_version: Option<String>,
}

/// False if anything was rendered to other objects, or by one of both only.
pub fn run(asked: &Asked) -> Result<bool> {
    let tool = real::helm().context("target/real/helm is not built: cargo xtask real")?;
    let mut all: BTreeMap<Outcome, usize> = BTreeMap::new();
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for folder in &asked.folders {
        let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
        for found in find::find(folder)? {
            if asked.only.as_ref().is_some_and(|only| !found.name.contains(only.as_str())) {
                continue;
            }
            let files = find::load(&found.folder)?;
            let version = asked.kube_version.as_deref();
            for values in &found.values {
                let values = values.as_deref();
                let file = values.and_then(|path| path.file_name()).map(|name| name.to_string_lossy());
                let name = file.map_or_else(|| found.name.clone(), |file| format!("{} ({file})", found.name));
                let ours = ours::build(&files, values, version)?;
                let theirs = real::build(&tool, &found.folder, values, version)?;
                let again = || {
                    // What depends on the time shows only once the second is over.
                    std::thread::sleep(Duration::from_millis(1100));
                    real::build(&tool, &found.folder, values, version).ok()?.result.ok()
                };
                let outcome = Outcome::of(&ours, &theirs, again);
                *counts.entry(outcome).or_default() += 1;
                our_times.push(ours.took);
                their_times.push(theirs.took);
                show(asked, &name, outcome, &ours, &theirs)?;
            }
        }
        println!("{}: {}", folder.display(), listed(&counts));
        for (outcome, count) in counts {
            *all.entry(outcome).or_default() += count;
        }
    }
    println!("all: {}", listed(&all));
    if let (Some(ours), Some(theirs)) = (median(our_times), median(their_times)) {
        println!("median: ours {} us, theirs {} us", ours.as_micros(), theirs.as_micros());
    }
    Ok(all.keys().all(|outcome| outcome.is_fine()))
}

fn listed(counts: &BTreeMap<Outcome, usize>) -> String {
    let shown: Vec<String> =
        counts.iter().map(|(outcome, count)| format!("{count} {}", outcome.word())).collect();
    format!("{} rendered: {}", counts.values().sum::<usize>(), shown.join(", "))
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}

fn show(asked: &Asked, name: &str, outcome: Outcome, ours: &Printed, theirs: &Printed) -> Result<()> {
    let (us, them) = (ours.took.as_micros(), theirs.took.as_micros());
    println!("{:<16} {us:>8} us {them:>9} us  {name}", outcome.word());
    if outcome == Outcome::EqualBytes {
        return Ok(());
    }
    for (whose, printed) in [("ours", ours), ("theirs", theirs)] {
        if let Err(why) = &printed.result {
            let short: String = why.chars().take(700).collect();
            println!("    {whose}: {short}");
        }
    }
    if let (Ok(ours), Ok(theirs)) = (&ours.result, &theirs.result) {
        let pairs = ours.lines().zip(theirs.lines()).enumerate().filter(|(_, (ours, theirs))| ours != theirs);
        let shown = if outcome == Outcome::EqualButChance { 0 } else { asked.lines };
        for (line, (ours, theirs)) in pairs.take(shown) {
            println!("    {}: ours   {ours}\n    {}: theirs {theirs}", line + 1, line + 1);
        }
        if let Some(save) = &asked.save {
            std::fs::create_dir_all(save)?;
            let file = |whose: &str| save.join(format!("{}.{whose}.yaml", name.replace(['/', ' '], "_")));
            std::fs::write(file("ours"), ours)?;
            std::fs::write(file("theirs"), theirs)?;
        }
    }
    Ok(())
}
