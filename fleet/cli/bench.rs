//! Figures that the README and the notes quote, measured by anyone.

mod apiserver;
mod chain;
mod figures;
mod plan;

use crate::exit::{Exit, Failure};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// The embedded control plane beside the real API server: throughput, lists, watches, memory, logical clusters
    Apiserver(apiserver::Args),
    /// How long after a gate opened the dependent's first object is sent: a chain of four units across two clusters
    Chain(chain::Args),
    /// How long a revision takes from its commit to what is to be done, cold and after a commit that touches one unit
    Plan(plan::Args),
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.what {
        What::Apiserver(args) => apiserver::run(args),
        What::Chain(args) => chain::run(args),
        What::Plan(args) => plan::run(args),
    }
}
