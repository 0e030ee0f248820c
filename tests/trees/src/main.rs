//! Trees built by us and by the real `kustomize`, which must print the same bytes or both refuse.
//! `cargo xtask kustomize-compare` runs it on folders, `cargo xtask kustomize-random` on trees made up from a seed.

mod case;
mod compare;
mod play;
mod random;
mod real;
#[cfg(test)]
mod tests;

use anyhow::{Result, bail};
use mainstay_harness::Options;
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
    let mut options = Options::given();
    match options.take().as_deref() {
        Some("compare") => {
            let mut asked = compare::Asked::default();
            while let Some(option) = options.take() {
                match option.as_str() {
                    "-o" if options.text()? == "json" => asked.json = true,
                    "--only" => asked.only = Some(options.text()?),
                    "--save" => asked.save = Some(options.path()?),
                    option if option.starts_with('-') => return Err(options.unknown().into()),
                    folder => asked.folders.push(PathBuf::from(folder)),
                }
            }
            compare::run(&asked)
        }
        Some("random") => {
            let keep = std::env::temp_dir().join(format!("mainstay-trees-{}", std::process::id()));
            let mut asked = play::Asked { trees: 300, seed: 1, builds: 400, findings: 10, loud: false, keep };
            while let Some(option) = options.take() {
                match option.as_str() {
                    "--trees" => asked.trees = options.number()?,
                    "--seed" => asked.seed = options.number()?,
                    "--builds" => asked.builds = options.number()?,
                    "--findings" => asked.findings = options.number()?,
                    "--loud" => asked.loud = options.truth()?,
                    "--keep" => asked.keep = options.path()?,
                    _ => return Err(options.unknown().into()),
                }
            }
            play::run(&asked)
        }
        other => bail!("no such command: {}", other.unwrap_or_default()),
    }
}
