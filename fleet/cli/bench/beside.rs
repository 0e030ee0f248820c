//! The real tool beside us: what it prints, how long it takes.

use crate::exit::Failure;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What three ways of doing the same took, in seconds.
pub(super) struct Took {
    pub(super) inside: f64,
    pub(super) process: f64,
    pub(super) real: f64,
}

/// What a program prints; nothing where it fails.
pub(super) fn process(program: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<Option<Vec<u8>>, Failure> {
    output(Command::new(program).args(arguments))
}

pub(super) fn output(command: &mut Command) -> Result<Option<Vec<u8>>, Failure> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().map_err(|e| {
        let program = Path::new(command.get_program());
        Failure::environment(format!("{} can't be started: {e}", program.display()))
    })?;
    Ok(output.status.success().then_some(output.stdout))
}

pub(super) fn seconds<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<f64, Failure> {
    let begun = Instant::now();
    let done = work();
    let took = begun.elapsed().as_secs_f64();
    done.map(|_| took)
}

/// What all but one in a hundred reach.
pub(super) fn lowest(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 100).copied().unwrap_or_default()
}

/// What all but one in a hundred stay below.
pub(super) fn highest(values: Vec<f64>) -> f64 {
    -lowest(values.into_iter().map(|value| -value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_may_be_slower() {
        let values: Vec<f64> = (0..200).map(f64::from).collect();
        assert_eq!(lowest(values.clone()), 2.0);
        assert_eq!(highest(values), 197.0);
        assert_eq!((lowest(vec![7.0]), highest(vec![7.0])), (7.0, 7.0));
    }
}
