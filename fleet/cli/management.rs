//! Which management cluster a command talks to.

use crate::exit::Failure;
use crate::progress::Progress;
use crate::state::StateArgs;
use mainstay_cluster::Cluster;
use mainstay_plan::Plan;
use mainstay_runtime::{Answers, RecordedRules};
use mainstay_unit::{Reading, UnitId};
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

/// A management cluster that a command without asynchronous parts of its own looks at.
pub(crate) struct Live {
    runtime: tokio::runtime::Runtime,
    management: Cluster,
}

impl Live {
    pub fn connect(cluster: &ClusterArgs) -> Result<Self, Failure> {
        let runtime = threads()?;
        let management = runtime.block_on(cluster.connect())?;
        Ok(Self { runtime, management })
    }

    pub fn management(&self) -> &Cluster {
        &self.management
    }

    pub fn block_on<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        self.runtime.block_on(work)
    }

    pub fn answers(&self) -> Answers<'_> {
        Answers::Live(&self.management, self.runtime.handle())
    }

    pub fn plan(&self, reading: &Reading, progress: &Progress) -> Result<Plan, Failure> {
        self.plan_of(reading, None, progress)
    }

    /// Of one unit, if it is named: what the others declare is no deletion.
    pub fn plan_of(
        &self,
        reading: &Reading,
        only: Option<&UnitId>,
        progress: &Progress,
    ) -> Result<Plan, Failure> {
        let total = only.map_or(reading.units.len(), |_| 1);
        let told = |done: usize| progress.says(format!("planning {done} of {total} units"));
        let planned = self.runtime.block_on(mainstay_runtime::plan(&self.management, reading, only, &told));
        planned.map(|planned| planned.plan).map_err(Failure::environment)
    }

    /// Which health rules are in force, if any were ever; nothing where that can't be read.
    pub fn rules(&self) -> Option<Option<RecordedRules>> {
        let recorded = self.runtime.block_on(mainstay_runtime::recorded_rules(&self.management));
        recorded.inspect_err(|error| tracing::debug!(%error, "which health rules hold can't be read")).ok()
    }
}

/// Runs a command's asynchronous part.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    threads()?.block_on(work)
}

fn threads() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::environment(format!("no threads can be started: {e}")))
}
