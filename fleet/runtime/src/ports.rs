//! What the runtime asks of the outside besides API servers.

use mainstay_render::{Checkout, Followed, Supply};
use mainstay_unit::{
    ArtifactRequest, ChartArchive, ChartCredentials, ChartRequest, GitCredentials, HelmRun, Need,
    OciArtifact, UnitId, WebFile,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Repositories. Calls block: they are made on a thread of their own.
pub trait Sources {
    /// The newest state of the platform repository.
    fn platform(&mut self) -> Result<Checkout, String>;
    /// An earlier state of it, if that is at hand without asking anybody.
    fn past(&mut self, revision: &str) -> Option<Checkout>;
    /// Where the platform repository comes from, if it is a remote one.
    fn followed(&self) -> Option<Followed>;
    /// A further repository that a unit names, with the content of the Secrets it refers to; one without the signature that
    /// is asked for is refused.
    fn git(&mut self, need: &Need, credentials: GitCredentials<'_>) -> Supply<Checkout>;
    /// A chart of a registry, with the content of the Secrets that the request refers to. A chart or version that the
    /// registry does not have is absent; a registry that can't be asked, and was never, is not evaluated.
    fn chart(
        &mut self,
        request: &ChartRequest,
        credentials: ChartCredentials<'_>,
    ) -> Supply<Arc<ChartArchive>>;
    /// The files of an artifact in an OCI registry, alike; one without the proof that is asked for is refused.
    fn artifact(
        &mut self,
        request: &ArtifactRequest,
        credentials: ChartCredentials<'_>,
    ) -> Supply<Arc<OciArtifact>>;
    /// A file of the web, where it is what it must be; one with another content is refused.
    fn file(&mut self, file: &WebFile) -> Supply<Arc<[u8]>>;
    /// What the real Helm prints for a chart. Absent is its own refusal, which will be the same next time.
    fn helm(&mut self, run: &HelmRun) -> Supply<Arc<str>>;
}

/// A unit's record was stored.
#[derive(Debug, Clone)]
pub struct Stored {
    pub unit: UnitId,
    pub phase: String,
}

/// How a daemon runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Told for every gate that opened: how long until the dependent's first object was sent.
    pub gates: Option<UnboundedSender<Duration>>,
    /// Told for every record that was stored.
    pub stored: Option<UnboundedSender<Stored>>,
    /// The repository's place without credentials, for people.
    pub repository: String,
    /// The folder of the platform repository that is read.
    pub entry: mainstay_unit::tree::TreePath,
    /// How often the repository is asked for news.
    pub interval: Duration,
    /// Nothing is written.
    pub observe: bool,
    /// Who this replica is in the Lease.
    pub holder: String,
    pub lease: Duration,
    /// Nobody else can hold the Lease: the control plane lives in this process.
    pub sole: bool,
    /// Requests under way at one API server, at most.
    pub concurrency: usize,
}
