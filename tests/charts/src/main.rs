//! Charts rendered by us and by the real `helm`, which must print the same bytes or both refuse.
//! `cargo xtask helm-compare` runs it on folders of charts; `cargo xtask goldens charts` records what the real one
//! prints for our own.

mod cases;
mod compare;
mod find;
mod ours;
mod outcome;
mod random;
mod real;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Templates may call each other deeper than the first thread's stack.
    let worker = std::thread::Builder::new().stack_size(256 << 20).spawn(run);
    let result = worker.map_err(anyhow::Error::from).and_then(|worker| match worker.join() {
        Ok(result) => result,
        Err(_) => bail!("the comparison panicked"),
    });
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// False if anything was rendered to other objects.
fn run() -> Result<bool> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("compare") => {
            let mut asked = compare::Asked::default();
            while let Some(argument) = arguments.next() {
                let mut value = || arguments.next().with_context(|| format!("{argument} takes a value"));
                match argument.as_str() {
                    "--only" => asked.only = Some(value()?),
                    "--save" => asked.save = Some(PathBuf::from(value()?)),
                    "--lines" => asked.lines = value()?.parse().context("--lines takes a number")?,
                    "--kube-version" => asked.kube_version = Some(value()?),
                    option if option.starts_with('-') => bail!("no such option: {option}"),
                    folder => asked.folders.push(PathBuf::from(folder)),
                }
            }
            compare::run(&asked)
        }
        Some("random") => {
            let folder = std::env::temp_dir().join(format!("mainstay-charts-{}", std::process::id()));
            let mut asked = random::Asked { count: 500, seed: 1, findings: 10, folder, loud: false };
            while let Some(argument) = arguments.next() {
                let value = arguments.next().with_context(|| format!("{argument} takes a value"))?;
                let number = || value.parse::<u64>().with_context(|| format!("{argument} takes a number"));
                match argument.as_str() {
                    "--count" => asked.count = usize::try_from(number()?)?,
                    "--seed" => asked.seed = number()?,
                    "--findings" => asked.findings = usize::try_from(number()?)?,
                    "--loud" => asked.loud = value.parse().context("--loud takes true or false")?,
                    _ => bail!("no such option: {argument}"),
                }
            }
            random::run(&asked)
        }
        Some("record") => cases::record().map(|()| true),
        other => bail!("no such command: {}", other.unwrap_or_default()),
    }
}
