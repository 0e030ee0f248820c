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

use anyhow::{Result, bail};
use mainstay_harness::Options;
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
    let mut options = Options::given();
    match options.take().as_deref() {
        Some("compare") => {
            let mut asked = compare::Asked::default();
            while let Some(option) = options.take() {
                match option.as_str() {
                    "--only" => asked.only = Some(options.text()?),
                    "--save" => asked.save = Some(options.path()?),
                    "--lines" => asked.lines = options.number()?,
                    "--kube-version" => asked.kube_version = Some(options.text()?),
                    option if option.starts_with('-') => return Err(options.unknown().into()),
                    folder => asked.folders.push(PathBuf::from(folder)),
                }
            }
            compare::run(&asked)
        }
        Some("random") => {
            let folder = std::env::temp_dir().join(format!("mainstay-charts-{}", std::process::id()));
            let mut asked = random::Asked { count: 500, seed: 1, findings: 10, folder, loud: false };
            while let Some(option) = options.take() {
                match option.as_str() {
                    "--count" => asked.count = options.number()?,
                    "--seed" => asked.seed = options.number()?,
                    "--findings" => asked.findings = options.number()?,
                    "--loud" => asked.loud = options.truth()?,
                    _ => return Err(options.unknown().into()),
                }
            }
            random::run(&asked)
        }
        Some("record") => cases::record().map(|()| true),
        other => bail!("no such command: {}", other.unwrap_or_default()),
    }
}
