use super::authority::Authority;
use super::builder::Builder;
use super::clusters::Clusters;
use super::error::Error;
use super::identity::Identity;
use super::kubeconfig::kubeconfig;
use super::service::InProcess;
use crate::core::User;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The logical cluster that is always there, served at `/` and at `/clusters/root`.
pub const ROOT: &str = "root";

/// Logical clusters in this process. Clones are the same control plane; it stops with `shutdown`, or when the last
/// clone and the last in-process service are dropped.
#[derive(Clone)]
pub struct ControlPlane {
    pub(super) shared: Arc<Clusters>,
    inner: Arc<Inner>,
}

struct Inner {
    clusters: Arc<Clusters>,
    authority: Arc<Authority>,
    listening: Option<Arc<Listening>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

pub(super) struct Listening {
    pub(super) address: SocketAddr,
    /// What clients are told to connect to.
    pub(super) host: String,
}

impl Listening {
    pub(super) fn url(&self, name: &str) -> String {
        let base = format!("https://{}:{}", self.host, self.address.port());
        if name == ROOT { base } else { format!("{base}/clusters/{name}") }
    }
}

impl ControlPlane {
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(super) fn new(
        clusters: Arc<Clusters>,
        authority: Arc<Authority>,
        listening: Option<Arc<Listening>>,
        tasks: Vec<JoinHandle<()>>,
    ) -> Self {
        let inner = Inner { clusters: clusters.clone(), authority, listening, tasks: Mutex::new(tasks) };
        Self { shared: clusters, inner: Arc::new(inner) }
    }

    /// Makes an empty logical cluster, named by a DNS label, with the namespaces and roles that every cluster has.
    pub async fn create_cluster(&self, name: &str) -> Result<(), Error> {
        self.shared.create(name).await
    }

    /// Removes a logical cluster with everything in it. Its watches end, and its certificates are worth nothing any
    /// more, even if the name is used again.
    pub async fn drop_cluster(&self, name: &str) -> Result<(), Error> {
        self.shared.remove(name).await
    }

    /// The names of all logical clusters, sorted.
    pub fn clusters(&self) -> Vec<String> {
        self.shared.names()
    }

    /// Was this cluster made because a `LogicalCluster` on the root cluster asks for it? Then that object's end is its
    /// own.
    pub fn is_asked_for(&self, name: &str) -> bool {
        self.shared.is_asked_for(name)
    }

    /// Changes its value whenever `clusters` does.
    pub fn cluster_changes(&self) -> watch::Receiver<u64> {
        self.shared.changes()
    }

    /// The address that is listened on.
    pub fn address(&self) -> Option<SocketAddr> {
        self.inner.listening.as_ref().map(|l| l.address)
    }

    /// The URL of a logical cluster, as kubeconfigs have it.
    pub fn url(&self, name: &str) -> Result<String, Error> {
        self.shared.get(name)?;
        let listening = self.inner.listening.as_ref().ok_or(Error::NotListening)?;
        Ok(listening.url(name))
    }

    /// The certificate that every server certificate is signed with, PEM.
    pub fn certificate_authority(&self) -> &str {
        &self.inner.authority.certificate_pem
    }

    /// A kubeconfig of the cluster's administrator: user `admin` in group `system:masters`.
    pub fn kubeconfig(&self, name: &str) -> Result<String, Error> {
        self.kubeconfig_for(name, "admin", &["system:masters"])
    }

    /// A kubeconfig with a new client certificate, good for a year, for this user on this logical cluster only.
    pub fn kubeconfig_for(&self, name: &str, user: &str, groups: &[&str]) -> Result<String, Error> {
        let url = self.url(name)?;
        let identity = Identity {
            cluster: self.shared.get(name)?.uid.to_string(),
            user: user.to_owned(),
            groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        };
        let pair = self.inner.authority.client(&identity)?;
        Ok(kubeconfig(name, &url, self.certificate_authority(), user, &pair))
    }

    /// The logical cluster as a service in this process; every request is made as `user`.
    pub fn service(&self, name: &str, user: User) -> Result<InProcess, Error> {
        Ok(InProcess { plane: self.clone(), hosted: self.shared.get(name)?, user })
    }

    /// A client for the logical cluster, without a socket; every request is made as `user`.
    #[cfg(feature = "client")]
    pub fn client(&self, name: &str, user: User) -> Result<kube::Client, Error> {
        Ok(kube::Client::new(self.service(name, user)?, "default"))
    }

    /// Stops accepting, ends the watches, lets requests in flight end, and closes the storage.
    pub async fn shutdown(&self) {
        self.shared.stop.send_replace(true);
        let tasks = std::mem::take(&mut *self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::warn!(%error, "a task of the control plane failed");
            }
        }
        let disk = self.shared.disk.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || disk.close()).await {
            tracing::warn!(%error, "closing the control plane's storage failed");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.clusters.stop.send_replace(true);
    }
}

impl std::fmt::Debug for ControlPlane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControlPlane")
            .field("clusters", &self.clusters().len())
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}
