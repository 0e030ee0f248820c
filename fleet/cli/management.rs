//! Which management cluster a command talks to.

use crate::exit::Failure;
use crate::state::StateArgs;
use mainstay_cluster::Cluster;
use std::future::Future;
use std::path::PathBuf;

#[derive(clap::Args, Debug, Clone)]
pub(crate) struct ClusterArgs {
    /// Kubeconfig of the management cluster [default: the embedded control plane's if it was started from this state
    /// folder, else what kubectl would use]
    #[arg(long, env = "MAINSTAY_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig
    #[arg(long, env = "MAINSTAY_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,
    #[command(flatten)]
    pub state: StateArgs,
}

impl ClusterArgs {
    pub async fn connect(&self) -> Result<Cluster, Failure> {
        let context = self.context.as_deref();
        let embedded = self.state.open()?.kubeconfig();
        let connected = match &self.kubeconfig {
            Some(path) => Cluster::from_file(path, context).await,
            None if embedded.is_file() => Cluster::from_file(&embedded, context).await,
            None => Cluster::from_environment(context).await,
        };
        connected.map_err(|e| {
            Failure::environment(e.to_string())
                .hint("start one with `mainstay run --embedded`, or name a cluster with --kubeconfig")
        })
    }
}

/// Runs a command's asynchronous part.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::environment(format!("no threads can be started: {e}")))?
        .block_on(work)
}
