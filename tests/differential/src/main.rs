//! The embedded control plane against a real kube-apiserver: random sequences of writes, of which every answer must be
//! the same. `cargo xtask differential` runs it; `--only 7,19` plays these sequences of a seed alone,
//! `--loud true` tells every answer.
//!
//! Compared are status codes, messages, causes, warnings, objects and the record of their owners; not compared are
//! identifiers, times, and the addresses and ports that a server chooses, nor what a server leaves to the order of a hash
//! map: which of several errors comes first, how it draws a difference of two structs, in which order it quotes the
//! fields of a document. Where the real server hangs up (some strategic patches make it panic) a sequence ends. The same
//! seed gives the same sequences.
//!
//! Not made up: whole numbers with a fraction (1.0), which the embedded core reads as the integers that they are shown as,
//! and items of keyed lists without any key, which the real server's merge loses.

mod chosen;
mod compare;
mod dice;
mod run;
mod schema;
mod sequence;
mod servers;
mod shrink;
mod step;
mod subject;
#[cfg(test)]
mod tests;
mod value;
mod wire;

use anyhow::{Context, Result, bail};
use mainstay_harness::Options;
use run::{Plan, Tally};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
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

/// False if the servers differ.
fn run() -> Result<bool> {
    let mut plan =
        Plan { seed: 1, sequences: 2_000, most: 10, custom: 60, kind: None, only: Vec::new(), loud: false };
    let mut progress: Option<PathBuf> = None;
    let mut options = Options::given();
    while let Some(option) = options.take() {
        match option.as_str() {
            "--sequences" => plan.sequences = options.number()?,
            "--seed" => plan.seed = options.number()?,
            "--findings" => plan.most = options.number()?,
            "--custom" => plan.custom = options.number()?,
            "--kind" => plan.kind = Some(options.text()?.leak()),
            "--only" => {
                plan.only = options.numbers()?;
                plan.sequences = plan.only.iter().max().map_or(0, |last| last + 1);
            }
            "--loud" => plan.loud = options.truth()?,
            "--resume" => progress = Some(options.path()?),
            _ => return Err(options.unknown().into()),
        }
    }
    let (mut done, earlier) = match &progress {
        Some(file) => finished(file, &plan)?,
        None => (0, 0),
    };
    let started = Instant::now();
    let tally = Mutex::new(Tally::default());
    let mut ended = Ok(());
    while done < run::batches(&plan) {
        if !run::concerns(&plan, done) {
            done += 1;
            continue;
        }
        ended = run::batch(&plan, done, &tally);
        if ended.is_err() {
            break;
        }
        done += 1;
        let tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        println!("{}", summary(&tally, started));
        std::io::Write::flush(&mut std::io::stdout())?;
        if tally.findings.len() >= plan.most {
            break;
        }
        if let Some(file) = &progress {
            let differences = earlier + differences(&tally);
            std::fs::write(file, format!("seed {} batches {done} differences {differences}\n", plan.seed))
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (signature, (count, text)) in &tally.findings {
        println!("\n== {signature} ({count} times)\n{text}");
    }
    ended.map(|()| tally.findings.is_empty() && earlier == 0)
}

/// The batches that an earlier run with this file has finished, and the differences that it found in them.
fn finished(file: &std::path::Path, plan: &Plan) -> Result<(u64, u64)> {
    let Ok(text) = std::fs::read_to_string(file) else { return Ok((0, 0)) };
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["seed", seed, "batches", batches, "differences", differences] if seed.parse() == Ok(plan.seed) => {
            let number = |text: &str| {
                text.parse().with_context(|| format!("{} is no record of a run", file.display()))
            };
            Ok((number(batches)?, number(differences)?))
        }
        _ => bail!("{} is no record of a run with seed {}", file.display(), plan.seed),
    }
}

fn differences(tally: &Tally) -> u64 {
    tally.findings.values().map(|(count, _)| count).sum()
}

fn summary(tally: &Tally, started: Instant) -> String {
    let seconds = started.elapsed().as_secs_f64();
    let differences = differences(tally);
    format!(
        "{} sequences, {} requests, {differences} differences, {} fleeting, {} cut short, {seconds:.0} s",
        tally.sequences, tally.requests, tally.fleeting, tally.hung_up
    )
}
