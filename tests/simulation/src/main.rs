//! The whole daemon in a simulated world: its clock, its network, its API servers and everybody else's doings follow from
//! a seed. `cargo xtask simulate` runs it.
//!
//! No async runtime is there: tasks are polled one at a time by `machine`, and time moves when all of them wait. What
//! runs is the code of the daemon, its client and its executor, against the core of the embedded control plane.
//! The same seed gives the same trace.

mod machine;
mod network;
mod people;
mod play;
mod repository;
#[cfg(test)]
mod tests;
mod verdict;
mod witness;

use anyhow::{Context, Result, bail};
use play::play;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// False if a seed failed.
fn run() -> Result<bool> {
    let (mut first, mut seeds, mut most) = (1_u64, 300_u64, 5_usize);
    let mut progress: Option<PathBuf> = None;
    let mut trace = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        if option == "--trace" {
            trace = true;
            continue;
        }
        let value = arguments.next().with_context(|| format!("{option} takes a value"))?;
        let number = || value.parse::<u64>().with_context(|| format!("{option} takes a number"));
        match option.as_str() {
            "--seed" => first = number()?,
            "--seeds" => seeds = number()?,
            "--findings" => most = usize::try_from(number()?)?,
            "--resume" => progress = Some(PathBuf::from(&value)),
            _ => bail!("no such option: {option}"),
        }
    }
    let last = first + seeds;
    let mut next = match &progress {
        Some(file) if file.exists() => {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            text.trim().parse().with_context(|| format!("{} holds no seed", file.display()))?
        }
        _ => first,
    };
    let (started, mut failed) = (Instant::now(), Vec::new());
    let (mut requests, mut writes, mut kills, mut commits) = (0, 0, 0, 0);
    while next < last && failed.len() < most {
        let outcome = play(next);
        requests += outcome.requests;
        writes += outcome.writes;
        kills += outcome.kills;
        commits += outcome.commits;
        if trace {
            println!("seed {next}: trace {:016x}, {} requests", outcome.digest, outcome.requests);
        }
        if let Some((violation, tail)) = outcome.violation {
            println!("seed {next}: {violation}");
            if trace {
                println!("{tail}");
            }
            failed.push(next);
        }
        next += 1;
        if next.is_multiple_of(100) {
            println!("up to seed {next}: {} failed, {:.0} s", failed.len(), started.elapsed().as_secs_f64());
        }
        if let Some(file) = progress.as_ref().filter(|_| failed.is_empty()) {
            std::fs::write(file, format!("{next}\n"))
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    println!(
        "{} seeds, {} failed: {commits} commits, {kills} kills, {requests} requests, {writes} writes of units' objects, {:.0} s",
        next.saturating_sub(first),
        failed.len(),
        started.elapsed().as_secs_f64()
    );
    for seed in &failed {
        println!("again: cargo xtask simulate --seed {seed} --seeds 1 --trace");
    }
    Ok(failed.is_empty())
}
