//! Trees built by us and by the real `kustomize`, which must print the same bytes or both refuse.
//! `cargo xtask kustomize-compare` runs it on folders, `cargo xtask kustomize-random` on trees made up from a seed.

mod case;
mod compare;
mod play;
mod random;
mod real;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::ExitCode;

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

/// False if anything was built to something else.
fn run() -> Result<bool> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("compare") => {
            let mut asked = compare::Asked::default();
            while let Some(argument) = arguments.next() {
                let mut value = || arguments.next().with_context(|| format!("{argument} takes a value"));
                match argument.as_str() {
                    "-o" if value()? == "json" => asked.json = true,
                    "--only" => asked.only = Some(value()?),
                    "--save" => asked.save = Some(PathBuf::from(value()?)),
                    option if option.starts_with('-') => bail!("no such option: {option}"),
                    folder => asked.folders.push(PathBuf::from(folder)),
                }
            }
            compare::run(&asked)
        }
        Some("random") => {
            let keep = std::env::temp_dir().join(format!("mainstay-trees-{}", std::process::id()));
            let mut asked = play::Asked { trees: 300, seed: 1, builds: 400, findings: 10, loud: false, keep };
            while let Some(argument) = arguments.next() {
                let value = arguments.next().with_context(|| format!("{argument} takes a value"))?;
                let number = || value.parse::<u64>().with_context(|| format!("{argument} takes a number"));
                match argument.as_str() {
                    "--trees" => asked.trees = number()?,
                    "--seed" => asked.seed = number()?,
                    "--builds" => asked.builds = number()? as usize,
                    "--findings" => asked.findings = number()? as usize,
                    "--loud" => asked.loud = value.parse().context("--loud takes true or false")?,
                    "--keep" => asked.keep = PathBuf::from(&value),
                    _ => bail!("no such option: {argument}"),
                }
            }
            play::run(&asked)
        }
        other => bail!("no such command: {}", other.unwrap_or_default()),
    }
}
