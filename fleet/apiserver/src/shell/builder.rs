use super::authority::Authority;
use super::clusters::{Clusters, Restored};
use super::disk::Disk;
use super::error::{Error, StorageError};
use super::limits::Limits;
use super::listen::{self, Front, Token};
use super::logical::{self, Mint};
use super::plane::{ControlPlane, Listening, ROOT};
use super::serve::private_folder;
use super::ticker;
use crate::core::Settings;
use mainstay_object::{Kinds, Minor};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Where the objects live.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Storage {
    /// Gone when the process ends.
    #[default]
    Memory,
    /// In this folder, which is created if need be. One process at a time; it holds Secrets and the authority's key.
    Folder(PathBuf),
}

/// How a control plane is set up. Without `listen` it is reached in process only.
#[derive(Debug, Default)]
pub struct Builder {
    storage: Storage,
    listen: Option<SocketAddr>,
    hosts: Vec<String>,
    token: Option<Token>,
    logical_clusters: bool,
    limits: Limits,
    minor: Minor,
}

impl Builder {
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = storage;
        self
    }

    /// Serves HTTPS on this address; port 0 takes a free one.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// A further DNS name or IP address of this machine, for the server's certificate. The first one is what
    /// kubeconfigs connect to.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// A bearer token that makes its holder administrator of every logical cluster. Only a digest of it is kept.
    pub fn admin_token(mut self, token: &str) -> Self {
        self.token = Some(Token::new(token));
        self
    }

    /// Lets those who may create a `LogicalCluster` on the root cluster have logical clusters of their own. Off unless
    /// asked for: it adds a kind to the root cluster.
    pub fn logical_clusters(mut self) -> Self {
        self.logical_clusters = true;
        self
    }

    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Serves the kinds and fields of this minor version of Kubernetes, and says so. How they are defaulted and
    /// validated beyond their schemas is the newest version's.
    pub fn kubernetes(mut self, minor: Minor) -> Self {
        self.minor = minor;
        self
    }

    /// Opens the storage, restores the clusters found there and starts to serve. Needs a tokio runtime.
    pub async fn build(self) -> Result<ControlPlane, Error> {
        let Opened { disk, found, authority } = open(&self.storage, self.minor).await?;
        let authority = Arc::new(authority);
        let (wakes, woken) = mpsc::unbounded_channel();
        let clusters =
            Arc::new(Clusters::new(self.limits, settings(&authority, self.minor), Arc::new(disk), wakes));
        clusters.restore(found);
        if clusters.get(ROOT).is_err() {
            clusters.create(ROOT).await?;
        }
        let mut tasks = vec![tokio::spawn(ticker::run(woken, clusters.stop.subscribe()))];
        let mut listening = None;
        if let Some(asked) = self.listen {
            let failed = |source| Error::Listen { address: asked, source };
            let listener = TcpListener::bind(asked).await.map_err(failed)?;
            let address = listener.local_addr().map_err(failed)?;
            let tls = Arc::new(authority.server(address, &self.hosts)?);
            let issued = authority.issued()?;
            let front = Front { clusters: clusters.clone(), token: self.token, issued };
            tasks.push(tokio::spawn(listen::run(listener, tls.into(), front)));
            let host = self.hosts.into_iter().next().unwrap_or_else(|| reachable(address.ip()));
            listening = Some(Arc::new(Listening { address, host }));
        }
        if self.logical_clusters {
            let (authority, listening) = (authority.clone(), listening.clone());
            // Set once, here.
            clusters.mint.get_or_init(|| Mint { authority, listening });
            tasks.push(tokio::spawn(logical::run(clusters.clone(), clusters.stop.subscribe())));
        }
        Ok(ControlPlane::new(clusters, authority, listening, tasks))
    }
}

struct Opened {
    disk: Disk,
    found: Vec<Restored>,
    authority: Authority,
}

async fn open(storage: &Storage, minor: Minor) -> Result<Opened, Error> {
    match storage {
        Storage::Memory => {
            Ok(Opened { disk: Disk::memory(), found: Vec::new(), authority: Authority::generate()? })
        }
        Storage::Folder(folder) => {
            let folder = folder.clone();
            match tokio::task::spawn_blocking(move || open_folder(&folder, minor)).await {
                Ok(opened) => opened,
                Err(_) => Err(StorageError::Closed.into()),
            }
        }
    }
}

/// The authority is written last: where it is, the database must be too, and is never made anew.
fn open_folder(folder: &Path, minor: Minor) -> Result<Opened, Error> {
    private_folder(folder)?;
    let (authority_path, path) = (folder.join("authority.pem"), folder.join("objects.redb"));
    let known = Authority::load(&authority_path)?;
    let is_new = known.is_none();
    let authority = known.map_or_else(Authority::generate, Ok)?;
    let settings = settings(&authority, minor);
    let (mut found, mut failed) = (Vec::new(), None);
    let disk = Disk::open(&path, !is_new, &mut |cluster| {
        let name = cluster.name.clone();
        match Restored::new(cluster, &settings) {
            Ok(restored) => found.push(restored),
            Err(error) => failed = failed.take().or(Some(format!("cluster {name}: {error}"))),
        }
    })?;
    if let Some(why) = failed {
        return Err(StorageError::Damaged { path, why: why.into() }.into());
    }
    if is_new {
        authority.save(&authority_path)?;
    }
    Ok(Opened { disk, found, authority })
}

fn settings(authority: &Authority, minor: Minor) -> Settings {
    let version = Kinds::of_minor(minor).release.as_str().into();
    Settings { ca: authority.certificate_pem.as_str().into(), version, ..Settings::default() }
}

/// Where a client on this machine reaches a listener.
fn reachable(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
        IpAddr::V6(ip) if ip.is_unspecified() => "[::1]".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}
