//! Figures that the README and the notes quote, measured by anyone.

mod all;
mod apiserver;
mod apply;
mod beside;
mod chain;
mod daemon;
mod figures;
mod fleet;
mod flux;
mod growth;
mod helm;
mod kustomize;
mod plan;
mod plot;
mod revision;
mod tools;

use crate::exit::{Exit, Failure};
use crate::management::block_on;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Every figure that has a target, one bench after the other, in one table
    All(all::Args),
    /// The embedded control plane beside the real API server: throughput, lists, watches, memory, logical clusters
    Apiserver(apiserver::Args),
    /// Applying units with all that is recorded of them, beside a bare loop of the same requests
    Apply(apply::Args),
    /// How long after a gate opened the dependent's first object is sent: a chain of four units across two clusters
    Chain(chain::Args),
    /// One-object units on simulated clusters, from the commit until all are ready; and how that grows
    Fleet(fleet::Args),
    /// Flux's published workload on a real API server and controller manager, beside what these two take for it
    Flux(flux::Args),
    /// Rendering charts, beside the real helm
    Helm(helm::Args),
    /// Building kustomize trees, beside the real kustomize
    Kustomize(kustomize::Args),
    /// How long a revision takes from its commit to what is to be done, cold and after a commit that touches one unit
    Plan(plan::Args),
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.what {
        What::All(args) => all::run(args),
        What::Apiserver(args) => apiserver::run(args),
        What::Apply(args) => apply::run(args),
        What::Chain(args) => chain::run(args),
        What::Fleet(args) => fleet::run(args),
        What::Flux(args) => flux::run(args),
        What::Helm(args) => helm::run(args),
        What::Kustomize(args) => kustomize::run(args),
        What::Plan(args) => plan::run(args),
    }
}

/// Works in a new folder, which is gone afterwards.
fn in_folder<T>(work: impl FnOnce(&Path) -> Result<T, Failure>) -> Result<T, Failure> {
    work(&Folder::new()?.0)
}

/// The same for what starts servers and daemons: who is told to end takes them along.
fn beside_servers<T>(work: impl AsyncFnOnce(&Path) -> Result<T, Failure>) -> Result<T, Failure> {
    block_on(async {
        let told = interruption()?;
        let folder = Folder::new()?;
        tokio::select! {
            outcome = work(&folder.0) => outcome,
            failure = told => Err(failure),
        }
    })
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("mainstay-bench-{}", std::process::id()));
        std::fs::create_dir(&folder)
            .map_err(|e| Failure::environment(format!("{} can't be made: {e}", folder.display())))?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "the bench's folder could not be removed");
        }
    }
}

/// Comes once it is told to end, from now on: by Ctrl-C, by SIGTERM, by a terminal that is closed.
fn interruption() -> Result<impl Future<Output = Failure>, Failure> {
    let listen =
        |kind| signal(kind).map_err(|e| Failure::environment(format!("signals can't be listened to: {e}")));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
        Failure::user("interrupted")
    })
}

/// On standard error, so that the figures can be piped.
fn progress(text: &str) {
    eprintln!("{text}");
}

/// What of many small things is done: a line every few seconds.
struct Pace(Instant);

impl Pace {
    const OFTEN: Duration = Duration::from_secs(5);

    fn new() -> Self {
        Self(Instant::now())
    }

    fn says(&mut self, text: impl FnOnce() -> String) {
        if self.0.elapsed() >= Self::OFTEN {
            self.0 = Instant::now();
            progress(&text());
        }
    }
}
