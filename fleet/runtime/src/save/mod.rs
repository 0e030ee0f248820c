//! The only writer of `Unit` objects: one write at a time per unit, later records replacing earlier ones that wait.

mod queue;
mod unit;

pub use unit::records;
pub(crate) use unit::{Found, forget, found, recorded, resource_version};

use crate::ports::Stored;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use mainstay_clock::{Instant, sleep, timeout};
use mainstay_cluster::{Cluster, ClusterError};
use mainstay_reconcile::Record;
use mainstay_unit::UnitId;
use queue::{Job, Queue};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{mpsc, oneshot};
use unit::{Kept, Known, save};

/// What is to become of a unit's record.
pub(crate) enum Write {
    Save(Box<Record>, Option<oneshot::Sender<Result<(), String>>>),
    Forget(UnitId),
    /// Everything, and nothing is put off from now on.
    Flush(oneshot::Sender<()>),
}

#[derive(Clone)]
pub(crate) struct Saver {
    queue: UnboundedSender<Write>,
}

impl Saver {
    /// `found` is what earlier runs recorded; `told` hears of every record that is stored.
    pub fn start(management: Cluster, found: &[Found], told: Option<UnboundedSender<Stored>>) -> Self {
        let (queue, inbox) = mpsc::unbounded_channel();
        let kept = found.iter().map(|found| (found.record.id.clone(), found.kept())).collect();
        mainstay_clock::spawn(work(management, inbox, kept, told));
        Self { queue }
    }

    pub fn send(&self, write: Write) {
        if self.queue.send(write).is_err() {
            tracing::error!("the writer of units has stopped");
        }
    }

    /// Returns once the record is stored: what follows may rely on it.
    pub async fn save(&self, record: Box<Record>) -> Result<(), String> {
        let (done, answer) = oneshot::channel();
        self.send(Write::Save(record, Some(done)));
        answer.await.map_err(|_| "the writer of units has stopped".to_owned())?
    }

    /// Returns once everything is stored, or when that takes too long.
    pub async fn flush(&self, patience: Duration) {
        let (done, emptied) = oneshot::channel();
        self.send(Write::Flush(done));
        if timeout(patience, emptied).await.is_err() {
            tracing::warn!(
                "not every unit's record was written; what is missing is found out at the next start"
            );
        }
    }
}

async fn work(
    management: Cluster,
    mut inbox: mpsc::UnboundedReceiver<Write>,
    mut kept: BTreeMap<UnitId, Kept>,
    told: Option<UnboundedSender<Stored>>,
) {
    let mut queue = Queue::default();
    let mut writes = FuturesUnordered::new();
    loop {
        let rest = queue.due().map(|due| due.since(Instant::now()));
        tokio::select! {
            biased;
            write = inbox.recv() => match write {
                None => return,
                Some(write) => queue.add(write, Instant::now()),
            },
            Some((id, parts, failed)) = writes.next() => {
                let (id, parts, failed): (UnitId, Kept, Option<Job>) = (id, parts, failed);
                if !matches!(parts.version, Known::New) {
                    kept.insert(id.clone(), parts);
                }
                queue.done(id, failed, Instant::now());
            }
            () = sleep(rest.unwrap_or_default()), if rest.is_some() => {}
        }
        while let Some((id, mut job)) = queue.next(Instant::now()) {
            let mut parts = kept.remove(&id).unwrap_or_default();
            let (management, told) = (management.clone(), told.clone());
            writes.push(async move {
                let result = carry_out(&management, &id, &job, &mut parts).await;
                match (&result, &job.record, told) {
                    (Err(error), ..) => {
                        tracing::warn!(unit = %id, %error, "the unit's record could not be written; it is tried again");
                    }
                    (Ok(()), Some(record), Some(told)) => {
                        let stored = Stored { unit: id.clone(), phase: record.phase.clone() };
                        // Whoever listened may have gone.
                        drop(told.send(stored));
                    }
                    (Ok(()), ..) => {}
                }
                for waiting in job.waiting.drain(..) {
                    drop(waiting.send(result.clone()));
                }
                (id, parts, result.is_err().then_some(job))
            });
        }
    }
}

async fn carry_out(management: &Cluster, id: &UnitId, job: &Job, kept: &mut Kept) -> Result<(), String> {
    let mut pause = Duration::from_millis(100);
    let mut attempt = 0;
    loop {
        let result = match (&job.record, job.forget) {
            (Some(record), _) => save(management, record, kept).await,
            (None, true) => {
                kept.version = Known::Unknown;
                let forgotten = forget(management, id).await;
                if forgotten.is_ok() {
                    *kept = Kept::default();
                }
                forgotten
            }
            (None, false) => Ok(()),
        };
        match result {
            Ok(()) => return Ok(()),
            Err(error)
                if attempt >= 6
                    || matches!(error, ClusterError::Invalid { .. } | ClusterError::Forbidden { .. }) =>
            {
                return Err(error.to_string());
            }
            Err(_) => {
                attempt += 1;
                mainstay_clock::sleep(pause).await;
                pause *= 2;
            }
        }
    }
}
