//! Figures that the README and the notes quote, measured by anyone.

mod apiserver;
mod chain;

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
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.what {
        What::Apiserver(args) => apiserver::run(args),
        What::Chain(args) => chain::run(args),
    }
}
