//! Plays seeds, on every processor, and says which failed.

use anyhow::{Context, Result};
use mainstay_harness::Options;
use mainstay_simulation::{Outcome, play};
use std::collections::BTreeSet;
use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    let mut options = Options::given();
    while let Some(option) = options.take() {
        match option.as_str() {
            "--trace" => trace = true,
            "--seed" => first = options.number()?,
            "--seeds" => seeds = options.number()?,
            "--findings" => most = options.number()?,
            "--resume" => progress = Some(options.path()?),
            _ => return Err(options.unknown().into()),
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
    let (started, begun) = (Instant::now(), next);
    let (mut failed, mut total) = (Vec::new(), Total::default());
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (upcoming, enough) = (AtomicU64::new(next), AtomicBool::new(false));
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| -> Result<()> {
        for _ in 0..workers {
            let (tell, upcoming, enough) = (tell.clone(), &upcoming, &enough);
            scope.spawn(move || {
                while !enough.load(Ordering::Relaxed) {
                    let seed = upcoming.fetch_add(1, Ordering::Relaxed);
                    if seed >= last || tell.send((seed, play(seed))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        let mut early = BTreeSet::new();
        for (seed, outcome) in told {
            total.add(&outcome);
            if trace {
                say(format_args!(
                    "seed {seed}: trace {:016x}, {} requests",
                    outcome.digest, outcome.requests
                ))?;
            }
            if let Some((violation, tail)) = outcome.violation {
                say(format_args!(
                    "seed {seed}: {violation}{}",
                    if trace { format!("\n{tail}") } else { String::new() }
                ))?;
                failed.push(seed);
                enough.store(failed.len() >= most, Ordering::Relaxed);
            }
            early.insert(seed);
            while early.remove(&next) {
                next += 1;
                if next.is_multiple_of(100) {
                    let seconds = started.elapsed().as_secs_f64();
                    say(format_args!("up to seed {next}: {} failed, {seconds:.0} s", failed.len()))?;
                }
            }
            if let Some(file) = progress.as_ref().filter(|_| failed.is_empty()) {
                std::fs::write(file, format!("{next}\n"))
                    .with_context(|| format!("cannot write {}", file.display()))?;
            }
        }
        Ok(())
    })?;
    failed.sort_unstable();
    println!(
        "{} seeds, {} failed: {total}, {:.0} s",
        next - begun,
        failed.len(),
        started.elapsed().as_secs_f64()
    );
    for seed in &failed {
        println!("again: cargo xtask simulate --seed {seed} --seeds 1 --trace");
    }
    Ok(failed.is_empty())
}

/// A line at once: a run may be long, or be stopped.
fn say(line: std::fmt::Arguments<'_>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

#[derive(Default)]
struct Total {
    commits: usize,
    kills: usize,
    requests: usize,
    writes: usize,
}

impl Total {
    fn add(&mut self, outcome: &Outcome) {
        self.commits += outcome.commits;
        self.kills += outcome.kills;
        self.requests += outcome.requests;
        self.writes += outcome.writes;
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { commits, kills, requests, writes } = self;
        write!(f, "{commits} commits, {kills} kills, {requests} requests, {writes} writes of units' objects")
    }
}
