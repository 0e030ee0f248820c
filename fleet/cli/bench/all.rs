//! Every figure that has a target, in one table.

use super::beside::own;
use super::figures::Figures;
use super::progress;
use crate::exit::{Exit, Failure};
use crate::output::Format;
use std::process::{Command, Stdio};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Exit with 1 if a target is missed
    #[arg(long)]
    check: bool,
    #[arg(short, long, value_enum, default_value = "table")]
    output: Format,
}

const BENCHES: [&str; 7] = ["plan", "kustomize", "helm", "chain", "apply", "flux", "fleet"];

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut all = Figures::default();
    for bench in BENCHES {
        progress(&format!("bench {bench}"));
        all.append(other(&[bench])?, &format!("{bench}: "));
    }
    all.show(args.output, args.check)
}

/// The figures of another bench, in a process of its own: its memory is one of them.
pub(super) fn other(arguments: &[&str]) -> Result<Figures, Failure> {
    let output = Command::new(own()?)
        .args(["--log", "warn", "bench"])
        .args(arguments)
        .args(["--output", "json"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| Failure::environment(format!("a process can't be started: {e}")))?;
    let failed =
        || Failure::environment(format!("bench {} ended with {}", arguments.join(" "), output.status));
    if !output.status.success() {
        return Err(failed());
    }
    serde_json::from_slice(&output.stdout).map_err(|_| failed())
}
