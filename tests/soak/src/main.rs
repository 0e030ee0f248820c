//! Hours of random commits, faults, edits and kills against a real daemon: `cargo xtask soak --minutes 120`.
//!
//! The API server is the embedded control plane in this process, asked by the daemon through a proxy that cuts, delays
//! and loses. Every few minutes all trouble ends, and what is there has to be what the newest commit says. A run that is
//! stopped goes on where it was with the same folder: time and figures add up.

mod daemon;
mod memory;
mod plane;
mod plot;
mod repository;
mod story;
#[cfg(test)]
mod tests;
mod weather;

use anyhow::{Context, Result, ensure};
use mainstay_harness::Options;
use memory::Samples;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use story::{Setting, Story};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let (mut minutes, mut units, mut seed) = (120_u64, 200_usize, 1_u64);
    let mut folder = PathBuf::from("target/soak");
    let (mut binary, mut plot) = (None, None);
    let mut options = Options::given();
    while let Some(option) = options.take() {
        match option.as_str() {
            "--minutes" => minutes = options.number()?,
            "--units" => units = options.number()?,
            "--seed" => seed = options.number()?,
            "--folder" => folder = options.path()?,
            "--plot" => plot = Some(options.path()?),
            "--mainstay" => binary = Some(options.path()?),
            _ => return Err(options.unknown().into()),
        }
    }
    let binary = binary.context("--mainstay says which binary to run")?;
    ensure!(binary.exists(), "{} is not there", binary.display());
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut samples = Samples::open(&folder.join("memory.csv"))?;
    let whole = Duration::from_secs(minutes * 60);
    if samples.seconds() < whole.as_secs_f64() {
        println!(
            "{:.0} of {minutes} minutes are done; {units} units, {}",
            samples.seconds() / 60.0,
            binary.display()
        );
        let setting = Setting { binary, folder: folder.clone(), units, seed: seed + samples.lives() };
        let mut story = Story::begin(&setting)?;
        story.play(whole, &mut samples)?;
        println!("{}", story.total());
    }
    if let Some(file) = &plot {
        std::fs::write(file, plot::draw(&samples))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    println!("{}", samples.summary());
    ensure!(samples.is_flat(), "memory grows: see {}", folder.join("memory.csv").display());
    Ok(())
}
