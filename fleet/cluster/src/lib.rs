//! One client for every API server, the embedded one included.
//!
//! Absent by design: decisions. Nothing here knows units' states or plans; a request is made, its answer is told with
//! whose fault it is. Nothing is retried here either: pace is the executor's business.

mod answered;
mod capabilities;
mod connect;
mod connections;
mod discovery;
mod error;
mod fence;
mod network;
mod request;
#[cfg(test)]
mod tests;
mod watch;
mod write;

use kube::Client;
use mainstay_unit::ServiceAccount;
use std::sync::Arc;
use std::time::Duration;

pub use connect::{ConnectError, KubeconfigFault};
pub use discovery::Resource;
pub use error::{ClusterError, FieldConflict};
pub use fence::Fence;
pub use network::{Answer, Network, Sent};
pub use watch::{Selection, WatchEvent};
pub use write::{Apply, Preconditions};

/// The field manager of everything that Mainstay writes.
pub const FIELD_MANAGER: &str = "mainstay";

/// A connection to one API server.
#[derive(Clone)]
pub struct Cluster {
    transport: network::Transport,
    discovery: Arc<discovery::Cache>,
    fence: Option<Fence>,
    answered: Arc<answered::Answered>,
    /// How often a watch lists everything again, give or take a quarter.
    relist: Duration,
}

/// Who a request is made as.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Identity {
    /// The identity of the connection.
    #[default]
    Own,
    /// Impersonates a service account, with the groups that its token would carry.
    ServiceAccount(ServiceAccount),
}

impl Cluster {
    /// Over any transport that speaks the Kubernetes API; in process too.
    pub fn from_client(client: Client) -> Self {
        Self::over(network::Transport::Client(client))
    }

    /// Over a network that is simulated; `server` names the API server in it.
    pub fn on_network(network: Arc<dyn Network>, server: &str) -> Self {
        Self::over(network::Transport::Network { network, server: server.to_owned() })
    }

    fn over(transport: network::Transport) -> Self {
        Self {
            transport,
            discovery: Arc::default(),
            fence: None,
            answered: Arc::default(),
            relist: watch::RELIST,
        }
    }

    /// Writes only while the fence is open, and so does every sibling.
    pub fn fenced(self, fence: Fence) -> Self {
        Self { fence: Some(fence), ..self }
    }

    pub fn relisting(self, every: Duration) -> Self {
        Self { relist: every, ..self }
    }
}
