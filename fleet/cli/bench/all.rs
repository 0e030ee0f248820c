//! Every figure that has a target, in one table.

use super::figures::Figures;
use super::tools::own;
use super::{interruption, progress};
use crate::exit::{Exit, Failure};
use crate::management::block_on;
use crate::output::Format;
use rustix::process::{Pid, Signal, kill_process};
use std::process::Stdio;
use tokio::process::Command;

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

/// The figures of another bench, in a process of its own: its memory is one of them. Told to end, so is that one.
pub(super) fn other(arguments: &[&str]) -> Result<Figures, Failure> {
    block_on(async {
        let told = interruption()?;
        let mut command = Command::new(own()?);
        command.args(["--log", "warn", "bench"]).args(arguments).args(["--output", "json"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let child =
            command.spawn().map_err(|e| Failure::environment(format!("a process can't be started: {e}")))?;
        let id = child.id();
        let mut ended = std::pin::pin!(child.wait_with_output());
        let output = tokio::select! {
            output = &mut ended => output,
            failure = told => {
                // It has servers of its own to end.
                end(id)?;
                return ended.await.map_err(lost).and(Err(failure));
            }
        };
        let output = output.map_err(lost)?;
        let failed =
            || Failure::environment(format!("bench {} ended with {}", arguments.join(" "), output.status));
        if !output.status.success() {
            return Err(failed());
        }
        serde_json::from_slice(&output.stdout).map_err(|_| failed())
    })
}

fn lost(error: std::io::Error) -> Failure {
    Failure::environment(format!("the end of a process can't be waited for: {error}"))
}

fn end(id: Option<u32>) -> Result<(), Failure> {
    let Some(id) = id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) else { return Ok(()) };
    match kill_process(id, Signal::TERM) {
        // It has ended meanwhile.
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(Failure::environment(format!("a process can't be ended: {error}"))),
    }
}
