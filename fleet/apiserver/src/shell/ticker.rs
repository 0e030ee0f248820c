use super::clock::now;
use super::hosted::Hosted;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// Gives every cluster its ticks: soon after a write, and at the time that the last tick asked for.
pub(super) async fn run(mut wakes: mpsc::UnboundedReceiver<Arc<Hosted>>, mut stop: watch::Receiver<bool>) {
    let mut wheel = Wheel::default();
    loop {
        let next = wheel.next();
        let wait = async {
            match next {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let due = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            woken = wakes.recv() => match woken {
                Some(hosted) => hosted,
                None => return,
            },
            () = wait => match wheel.pop() {
                Some(hosted) => hosted,
                None => continue,
            },
        };
        let at = due.tick().map(|at| {
            let nanos = u64::try_from(at.0.saturating_sub(now().0)).unwrap_or(0);
            Instant::now() + Duration::from_nanos(nanos)
        });
        wheel.set(due, at);
        // A cluster that always has something due must not keep the worker from the others.
        tokio::task::yield_now().await;
    }
}

/// At most one time per cluster.
#[derive(Default)]
struct Wheel {
    times: BTreeSet<(Instant, Arc<str>)>,
    clusters: BTreeMap<Arc<str>, (Instant, Arc<Hosted>)>,
}

impl Wheel {
    fn next(&self) -> Option<Instant> {
        self.times.first().map(|(at, _)| *at)
    }

    fn pop(&mut self) -> Option<Arc<Hosted>> {
        let (_, uid) = self.times.pop_first()?;
        self.clusters.remove(&uid).map(|(_, hosted)| hosted)
    }

    fn set(&mut self, hosted: Arc<Hosted>, at: Option<Instant>) {
        let uid = hosted.uid.clone();
        if let Some((old, _)) = self.clusters.remove(&uid) {
            self.times.remove(&(old, uid.clone()));
        }
        if let Some(at) = at {
            self.times.insert((at, uid.clone()));
            self.clusters.insert(uid, (at, hosted));
        }
    }
}
