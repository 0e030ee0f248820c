//! Reading revisions one after the other, and those before the first that the state machine has to know.

use crate::ports::Sources;
use crate::reader::{Answers, read_at, read_once};
use crate::run::Stopped;
use mainstay_cluster::Cluster;
use mainstay_reconcile::{Record, is_recorded};
use mainstay_render::Cache;
use mainstay_unit::tree::TreePath;
use mainstay_unit::{Reading, RenderState};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use tokio::sync::mpsc;

/// What a reader tells.
pub enum Read {
    Newest(Arc<Reading>),
    /// One that earlier runs applied, told before the newest.
    Past(Arc<Reading>),
    Failed(String),
}

/// Earlier revisions that are read again at the start, at most.
const PAST: usize = 8;

pub struct Reader<S> {
    sources: S,
    entry: TreePath,
    cache: Cache,
    /// What earlier runs recorded, until the first reading.
    records: Option<Vec<Record>>,
}

impl<S: Sources> Reader<S> {
    pub fn new(sources: S, entry: TreePath, records: Vec<Record>) -> Self {
        Self { sources, entry, cache: Cache::default(), records: Some(records) }
    }

    /// The newest revision; at the first time it comes last.
    pub fn next(&mut self, answers: &Answers<'_>) -> Vec<Read> {
        let newest = match read_once(&mut self.sources, answers, &self.entry, &mut self.cache) {
            Ok(newest) => newest,
            Err(why) => return vec![Read::Failed(why)],
        };
        let past = self.records.take().map(|records| revisions(&records, &newest)).unwrap_or_default();
        let mut out = Vec::new();
        for revision in past {
            let Some(checkout) = self.sources.past(&revision) else { continue };
            // With a cache of its own: the other one keeps what the last reading used.
            let reading = read_at(checkout, &mut self.sources, answers, &self.entry, &mut Cache::default());
            out.push(Read::Past(Arc::new(reading)));
        }
        out.push(Read::Newest(Arc::new(newest)));
        out
    }
}

/// On a thread of its own: sources block.
pub(crate) fn start(
    mut reader: Reader<impl Sources + Send + 'static>,
    management: Cluster,
    handle: tokio::runtime::Handle,
    interval: Duration,
    triggers: std::sync::mpsc::Receiver<()>,
) -> Result<mpsc::Receiver<Read>, Stopped> {
    let (tell, reads) = mpsc::channel(1);
    let work = move || {
        loop {
            for read in reader.next(&Answers::Live(&management, &handle)) {
                if tell.blocking_send(read).is_err() {
                    return;
                }
            }
            match triggers.recv_timeout(interval) {
                Ok(()) => while triggers.try_recv().is_ok() {},
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(interval),
            }
        }
    };
    std::thread::Builder::new().name("reader".into()).spawn(work).map_err(|_| Stopped::Reader)?;
    Ok(reads)
}

/// The revisions at which those units were last applied whose objects are others now: the commonest first.
fn revisions(records: &[Record], newest: &Reading) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in records.iter().filter(|record| !record.revision.is_empty()) {
        let Some(unit) = newest.units.get(&record.id) else { continue };
        if let RenderState::Rendered(rendered) = &unit.state
            && !is_recorded(rendered, record)
        {
            *counts.entry(record.revision.as_str()).or_default() += 1;
        }
    }
    let mut out: Vec<_> = counts.into_iter().filter(|(revision, _)| *revision != newest.revision).collect();
    out.sort_by_key(|(revision, count)| (std::cmp::Reverse(*count), *revision));
    out.into_iter().take(PAST).map(|(revision, _)| revision.to_owned()).collect()
}
