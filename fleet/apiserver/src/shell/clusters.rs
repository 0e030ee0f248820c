use super::ROOT;
use super::clock::{System, now};
use super::disk::{Disk, Found};
use super::error::Error;
use super::hosted::Hosted;
use super::limits::Limits;
use crate::core::{Cluster, Settings};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};

/// The logical clusters of a process.
pub(super) struct Clusters {
    pub(super) limits: Limits,
    pub(super) stop: watch::Sender<bool>,
    pub(super) disk: Arc<Disk>,
    settings: Settings,
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
            limits,
            stop: watch::Sender::new(false),
            disk,
            settings,
            hosted: Mutex::default(),
            changes: watch::Sender::new(0),
            wakes,
        }
    }

    /// Takes over what was found on disk at `path`.
    pub(super) fn restore(&self, path: &Path, found: BTreeMap<String, Found>) -> Result<(), Error> {
        for (name, Found { uid, records }) in found {
            let cluster = Cluster::load(self.settings.clone(), records).map_err(|error| {
                super::error::StorageError::Damaged {
                    path: path.to_path_buf(),
                    why: format!("cluster {name}: {error}").into(),
                }
            })?;
            let hosted = Hosted::new(&name, &uid, cluster, self.disk.clone(), self.wakes.clone());
            hosted.wake();
            self.lock().insert(name, hosted);
        }
        self.changes.send_modify(|n| *n += 1);
        Ok(())
    }

    /// Makes a cluster; returns when it is durable.
    pub(super) async fn create(&self, name: &str) -> Result<(), Error> {
        if !is_dns_label(name) {
            let why = "it must be a lowercase RFC 1123 label of at most 63 characters".to_owned();
            return Err(Error::ClusterName { name: name.to_owned(), why });
        }
        let mut entropy = System::new();
        let uid = entropy.hex::<16>();
        let cluster = Cluster::new(self.settings.clone(), now(), &mut entropy);
        let hosted = Hosted::new(name, &uid, cluster, self.disk.clone(), self.wakes.clone());
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
