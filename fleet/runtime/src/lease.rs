//! One Lease decides who acts. A holder stops before its Lease expires, less one request's time; the sole one that can hold
//! it only writes nothing until it is renewed.

use crate::install::SYSTEM_NAMESPACE;
use mainstay_clock::{Instant, timeout};
use mainstay_cluster::{Cluster, ClusterError, Fence, Identity};
use mainstay_object::{Object, ObjectKey, Value};
use serde_json::json;
use std::time::Duration;

const NAME: &str = "mainstay";

#[derive(Clone)]
pub(crate) struct Lease {
    cluster: Cluster,
    holder: String,
    duration: Duration,
    fence: Fence,
}

impl Lease {
    /// The fence opens for as long as the Lease is surely ours.
    pub fn new(cluster: Cluster, holder: String, duration: Duration, fence: Fence) -> Self {
        Self { cluster, holder, duration, fence }
    }

    /// Waits until the Lease is ours. Another holder's Lease counts as expired only when it has not changed for its whole
    /// duration by our own clock: clocks of two machines are never compared.
    pub async fn acquire(&self, sole: bool) -> Result<(), String> {
        let mut seen: Option<(String, Instant)> = None;
        let mut told = false;
        let mut refused: Option<String> = None;
        loop {
            let live = match self.read().await {
                Ok(live) => live,
                Err(error) => {
                    tracing::warn!(%error, "the Lease can't be read");
                    mainstay_clock::sleep(self.duration / 5).await;
                    continue;
                }
            };
            let version = text(live.as_ref(), "/metadata/resourceVersion");
            let holder = text(live.as_ref(), "/spec/holderIdentity");
            let length = live
                .as_ref()
                .and_then(|l| l.pointer("/spec/leaseDurationSeconds")?.as_u64())
                .map_or(self.duration, Duration::from_secs);
            let since = match &seen {
                Some((old, since)) if *old == version => *since,
                _ => Instant::now(),
            };
            seen = Some((version.clone(), since));
            let free = holder.is_empty() || holder == self.holder || sole || since.elapsed() >= length;
            let sent = Instant::now();
            if free {
                match self.write(live.as_ref()).await {
                    Ok(()) => {
                        self.hold_from(sent);
                        return Ok(());
                    }
                    // Another replica was faster.
                    Err(ClusterError::Conflict { .. }) => {}
                    Err(error) => {
                        let error = error.to_string();
                        if refused.as_ref() != Some(&error) {
                            tracing::warn!(%error, "the Lease can't be written; trying again");
                            refused = Some(error);
                        }
                    }
                }
            }
            if !free && !told {
                told = true;
                tracing::info!(%holder, "another replica holds the Lease; waiting");
            }
            mainstay_clock::sleep((self.duration / 10).min(Duration::from_secs(1))).await;
        }
    }

    /// Returns when the Lease is lost or could not be renewed in time. Who is the sole one that can hold it goes on after
    /// a machine that stood still: nothing is written until it is renewed.
    pub async fn keep(&self, sole: bool) -> String {
        let mut renewed = Instant::now();
        loop {
            mainstay_clock::sleep(self.duration / 4).await;
            let sent = Instant::now();
            // A request that hangs must not outlast the Lease.
            let limit = if sole { self.sure() } else { self.sure().saturating_sub(renewed.elapsed()) };
            let outcome = match timeout(limit, self.renew()).await {
                Ok(Ok(Some(other))) => return format!("the Lease is held by {other}"),
                Ok(Ok(None)) => Ok(()),
                Ok(Err(error)) => Err(error),
                Err(_) => Err(ClusterError::Timeout(limit)),
            };
            match outcome {
                Ok(()) => {
                    renewed = sent;
                    self.hold_from(sent);
                }
                Err(error) if renewed.elapsed() >= self.sure() && !sole => {
                    return format!("the Lease could not be renewed in time: {error}");
                }
                Err(error) => tracing::warn!(%error, "the Lease could not be renewed; trying again"),
            }
        }
    }

    /// Who else holds it, if it is not ours any more.
    async fn renew(&self) -> Result<Option<String>, ClusterError> {
        let live = self.read().await?;
        let holder = text(live.as_ref(), "/spec/holderIdentity");
        if holder == self.holder {
            return self.write(live.as_ref()).await.map(|()| None);
        }
        Ok(Some(holder))
    }

    /// For so long after a renewal was sent nobody else can have taken it, with a third to spare.
    fn sure(&self) -> Duration {
        self.duration * 2 / 3
    }

    fn hold_from(&self, sent: Instant) {
        self.fence.open_until(sent + self.sure());
    }

    pub async fn release(&self) {
        if let Ok(Some(live)) = self.read().await
            && text(Some(&live), "/spec/holderIdentity") == self.holder
        {
            let patch = json!({"metadata": {"resourceVersion": text(Some(&live), "/metadata/resourceVersion")},
                               "spec": {"holderIdentity": ""}});
            if let Err(error) = self.cluster.merge_patch(&key(), "v1", None, &patch, &Identity::Own).await {
                tracing::debug!(%error, "the Lease was not released; it will expire");
            }
        }
    }

    async fn read(&self) -> Result<Option<Value>, ClusterError> {
        match self.cluster.get(&key(), "v1", &Identity::Own).await {
            Ok(live) => Ok(Some(live)),
            Err(ClusterError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn write(&self, live: Option<&Value>) -> Result<(), ClusterError> {
        let now = crate::timestamp();
        let spec = json!({
            "holderIdentity": self.holder,
            "leaseDurationSeconds": self.duration.as_secs().max(1),
            "renewTime": format!("{now:.6}"),
        });
        match live {
            None => {
                let lease = json!({
                    "apiVersion": "coordination.k8s.io/v1",
                    "kind": "Lease",
                    "metadata": {"name": NAME, "namespace": SYSTEM_NAMESPACE},
                    "spec": spec,
                });
                let lease =
                    Object::new(lease).map_err(|e| ClusterError::Unreadable { message: e.to_string() })?;
                self.cluster.create(&lease, false, &Identity::Own).await.map(|_| ())
            }
            Some(live) => {
                let version = text(Some(live), "/metadata/resourceVersion");
                let patch = json!({"metadata": {"resourceVersion": version}, "spec": spec});
                self.cluster.merge_patch(&key(), "v1", None, &patch, &Identity::Own).await.map(|_| ())
            }
        }
    }
}

pub(crate) fn key() -> ObjectKey {
    ObjectKey::new("coordination.k8s.io", "Lease", SYSTEM_NAMESPACE, NAME)
}

fn text(value: Option<&Value>, pointer: &str) -> String {
    value.and_then(|v| v.pointer(pointer)?.as_str()).unwrap_or_default().to_owned()
}
