use super::ROOT;
use super::clock::{System, now};
use super::disk::{Disk, Found};
use super::error::Error;
use super::fair::Fair;
use super::hosted::Hosted;
use super::limits::Limits;
use super::logical::{self, Mint};
use crate::core::{Cluster, Corrupt, Now, Seeds, Settings};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::{mpsc, watch};

/// A logical cluster as it was when its process ended.
pub(super) struct Restored {
    name: String,
    uid: String,
    cluster: Cluster,
}

impl Restored {
    pub(super) fn new(found: Found, settings: &Settings) -> Result<Self, Corrupt> {
        let Found { name, uid, records } = found;
        Ok(Self { cluster: Cluster::load(settings.clone(), records)?, name, uid })
    }
}

/// The logical clusters of a process.
pub(super) struct Clusters {
    pub(super) limits: Limits,
    pub(super) stop: watch::Sender<bool>,
    pub(super) disk: Arc<Disk>,
    pub(super) fair: Arc<Fair>,
    settings: Settings,
    /// There if logical clusters may be asked for by API.
    pub(super) mint: OnceLock<Mint>,
    /// Of the second in which a cluster was last made.
    seeds: Mutex<Option<Arc<Seeds>>>,
    hosted: Mutex<BTreeMap<String, Arc<Hosted>>>,
    changes: watch::Sender<u64>,
    wakes: mpsc::UnboundedSender<Arc<Hosted>>,
}

impl Clusters {
    pub(super) fn new(
        limits: Limits,
        settings: Settings,
        disk: Arc<Disk>,
        wakes: mpsc::UnboundedSender<Arc<Hosted>>,
    ) -> Self {
        Self {
            fair: Fair::new(&limits),
            limits,
            stop: watch::Sender::new(false),
            disk,
            settings,
            mint: OnceLock::new(),
            seeds: Mutex::default(),
            hosted: Mutex::default(),
            changes: watch::Sender::new(0),
            wakes,
        }
    }

    /// Takes over what was found on disk.
    pub(super) fn restore(&self, found: Vec<Restored>) {
        for Restored { name, uid, cluster } in found {
            let hosted = self.host(&name, &uid, cluster);
            hosted.wake();
            self.lock().insert(name, hosted);
        }
        self.changes.send_modify(|n| *n += 1);
    }

    fn seeds(&self, now: Now) -> Arc<Seeds> {
        let mut kept = self.seeds.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(seeds) if seeds.are_of(now) => seeds.clone(),
            Some(_) | None => kept.insert(Arc::new(Seeds::new(now, &mut System::new()))).clone(),
        }
    }

    fn host(&self, name: &str, uid: &str, cluster: Cluster) -> Arc<Hosted> {
        let (disk, wakes) = (self.disk.clone(), self.wakes.clone());
        Hosted::new(name, uid, cluster, disk, self.limits.history, wakes)
    }

    /// Makes a cluster; returns when it is durable.
    pub(super) async fn create(&self, name: &str) -> Result<(), Error> {
        self.create_as(name, &System::new().hex::<16>()).await
    }

    /// Makes a cluster with a UID that no other one ever had.
    pub(super) async fn create_as(&self, name: &str, uid: &str) -> Result<(), Error> {
        if !is_dns_label(name) {
            let why = "it must be a lowercase RFC 1123 label of at most 63 characters".to_owned();
            return Err(Error::ClusterName { name: name.to_owned(), why });
        }
        let mut entropy = System::new();
        let now = now();
        let cluster = Cluster::seeded(self.settings.clone(), &self.seeds(now), now, &mut entropy);
        let hosted = self.host(name, uid, cluster);
        let position = {
            let mut all = self.lock();
            if all.contains_key(name) {
                return Err(Error::ClusterExists(name.to_owned()));
            }
            if all.len() >= self.limits.clusters {
                return Err(Error::TooManyClusters(all.len()));
            }
            all.insert(name.to_owned(), hosted.clone());
            hosted.persist_creation()
        };
        self.disk.durable(position).await?;
        hosted.wake();
        self.changes.send_modify(|n| *n += 1);
        Ok(())
    }

    /// Removes a cluster with all that is in it; returns when that is durable.
    pub(super) async fn remove(&self, name: &str) -> Result<(), Error> {
        if name == ROOT {
            return Err(Error::RootStays);
        }
        let position = {
            let mut all = self.lock();
            let hosted = all.remove(name).ok_or_else(|| Error::NoCluster(name.to_owned()))?;
            hosted.end()
        };
        self.changes.send_modify(|n| *n += 1);
        Ok(self.disk.durable(position).await?)
    }

    pub(super) fn get(&self, name: &str) -> Result<Arc<Hosted>, Error> {
        self.lock().get(name).cloned().ok_or_else(|| Error::NoCluster(name.to_owned()))
    }

    /// Where clients reach a cluster, if they can.
    pub(super) fn url(&self, name: &str) -> Option<String> {
        let listening = self.mint.get()?.listening.as_ref()?;
        Some(listening.url(name))
    }

    /// Was this cluster asked for by a `LogicalCluster`?
    pub(super) fn is_asked_for(&self, name: &str) -> bool {
        let (Ok(root), Ok(hosted)) = (self.get(ROOT), self.get(name)) else { return false };
        let uid = root.uid_of(logical::GROUP, "logicalclusters", name);
        uid.is_some_and(|uid| *uid.replace('-', "") == *hosted.uid)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Hosted>>> {
        self.hosted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_dns_label(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty()
        && name.len() <= 63
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}
