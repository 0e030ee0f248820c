//! Charts rendered by us and by the real `helm`, which must print the same bytes or both refuse.
//! `cargo xtask helm-compare` runs it on folders of charts.

mod compare;
mod find;
mod ours;
mod outcome;
mod real;

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
        other => bail!("no such command: {}", other.unwrap_or_default()),
    }
}
