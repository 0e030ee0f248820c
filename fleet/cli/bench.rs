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

use crate::exit::{Exit, Failure};
use std::path::Path;

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
    let folder = std::env::temp_dir().join(format!("mainstay-bench-{}", std::process::id()));
    std::fs::create_dir(&folder)
        .map_err(|e| Failure::environment(format!("{} can't be made: {e}", folder.display())))?;
    let outcome = work(&folder);
    if let Err(error) = std::fs::remove_dir_all(&folder) {
        tracing::warn!(%error, folder = %folder.display(), "the bench's folder could not be removed");
    }
    outcome
}

/// On standard error, so that the figures can be piped.
fn progress(text: &str) {
    eprintln!("{text}");
}
