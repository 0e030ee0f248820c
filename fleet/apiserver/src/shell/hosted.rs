use super::answer::Refusal;
use super::clock::{System, now};
use super::disk::{Disk, Position, Write};
use crate::core::{Calls, Cluster, Entropy, Now, Polled, Reply, Request, Response, User, Watch};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// One logical cluster in its place: the core behind a lock that is held for single calls only, and what must happen
/// around each call.
pub(super) struct Hosted {
    pub(super) name: Arc<str>,
    /// Never used twice: keys on disk and client certificates carry it, so that a name can be reused.
    pub(super) uid: Arc<str>,
    state: Mutex<State>,
    revision: watch::Sender<u64>,
    disk: Arc<Disk>,
    /// How long the past is kept for watches and pages.
    history: Duration,
    wakes: mpsc::UnboundedSender<Arc<Hosted>>,
    woken: AtomicBool,
}

struct State {
    cluster: Cluster,
    /// The place of this cluster's last write in the line to the disk.
    position: Position,
    dropped: bool,
    /// When the past up to this revision is forgotten.
    forget: Option<(Now, u64)>,
}

impl Hosted {
    pub(super) fn new(
        name: &str,
        uid: &str,
        cluster: Cluster,
        disk: Arc<Disk>,
        history: Duration,
        wakes: mpsc::UnboundedSender<Arc<Hosted>>,
    ) -> Arc<Self> {
        let revision = watch::Sender::new(cluster.revision());
        let state = State { cluster, position: Position::default(), dropped: false, forget: None };
        let woken = AtomicBool::new(false);
        let state = Mutex::new(state);
        Arc::new(Self { name: name.into(), uid: uid.into(), state, revision, disk, history, wakes, woken })
    }

    /// A reply, and what must be called before the real one.
    pub(super) async fn handle(
        self: &Arc<Self>,
        request: &Request,
    ) -> Result<(Reply, Option<Calls>), Refusal> {
        let (reply, position, wrote) =
            self.call(|c, now, entropy| (c.handle_in_pieces(request, now, entropy), c.take_calls()))?;
        if wrote {
            self.wake();
        }
        self.durable(position).await?;
        Ok(reply)
    }

    /// The next frames of a watch, once they are durable; `None` when the cluster is gone.
    pub(super) async fn poll(&self, watch: &mut Watch, limit: usize) -> Option<Polled> {
        let (polled, position) = {
            let state = self.lock();
            if state.dropped {
                return None;
            }
            let polled = catch_unwind(AssertUnwindSafe(|| state.cluster.poll_watch(watch, limit, now())));
            (polled.ok()?, state.position)
        };
        self.durable(position).await.ok()?;
        Some(polled)
    }

    /// A bookmark, if the watch wants any and has seen all that there was.
    pub(super) fn bookmark(&self, watch: &mut Watch) -> Option<Vec<u8>> {
        let state = self.lock();
        if state.dropped { None } else { state.cluster.bookmark(watch, now()) }
    }

    pub(super) fn authenticate_token(&self, token: &str) -> Option<User> {
        self.lock().cluster.authenticate_token(token, now())
    }

    /// The refusal of a request that the cluster does not answer itself, if its user may not make it.
    pub(super) fn authorize(&self, request: &Request) -> Result<Option<Response>, Refusal> {
        Ok(self.call(|cluster, _, _| cluster.refusal(request))?.0)
    }

    pub(super) fn uid_of(&self, group: &str, plural: &str, name: &str) -> Option<String> {
        self.lock().cluster.uid_of(group, plural, name)
    }

    /// Marks a change of the revision as seen by nobody: a watcher's receiver.
    pub(super) fn revisions(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Does what is due in the cluster; gives the time of the next thing that will be.
    pub(super) fn tick(&self) -> Option<Now> {
        self.woken.store(false, Ordering::Release);
        let (next, _, _) = self.call(|c, now, entropy| c.tick(now, entropy)).ok()?;
        next.into_iter().chain(self.forget()).min()
    }

    #[cfg(test)]
    pub(super) fn has_history(&self) -> bool {
        self.lock().cluster.has_history()
    }

    /// Forgets what is older than the history may be, at the latest when it is twice as old. Gives the time to ask
    /// again; none while there is nothing to forget.
    fn forget(&self) -> Option<Now> {
        let mut state = self.lock();
        let now = now();
        if let Some((due, revision)) = state.forget
            && due <= now
        {
            state.cluster.compact(revision);
            state.forget = None;
        }
        if !state.cluster.has_history() {
            state.forget = None;
            return None;
        }
        let nanos = i64::try_from(self.history.as_nanos()).unwrap_or(i64::MAX);
        let next = (Now(now.0.saturating_add(nanos)), state.cluster.revision());
        Some(state.forget.get_or_insert(next).0)
    }

    /// Asks for a tick; several askings before it are one.
    pub(super) fn wake(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::AcqRel) && self.wakes.send(self.clone()).is_err() {
            tracing::debug!(cluster = %self.name, "no tick: the control plane is shutting down");
        }
    }

    /// Puts the cluster's own creation, and what it was created with, in line for the disk.
    pub(super) fn persist_creation(&self) -> Position {
        let mut state = self.lock();
        let changes = state.cluster.take_changes();
        state.position =
            self.disk.enqueue(Write::Create { name: self.name.clone(), uid: self.uid.clone(), changes });
        state.position
    }

    /// Refuses everything from now on, ends the watches and forgets what is on disk.
    pub(super) fn end(&self) -> Position {
        let mut state = self.lock();
        state.dropped = true;
        state.position = self.disk.enqueue(Write::Drop { name: self.name.clone(), uid: self.uid.clone() });
        self.revision.send_modify(|r| *r += 1);
        state.position
    }

    async fn durable(&self, position: Position) -> Result<(), Refusal> {
        self.disk.durable(position).await.map_err(|error| Refusal::storage(&error.to_string()))
    }

    /// One synchronous call into the core. A panic in there costs the request that caused it, not the cluster.
    fn call<T>(
        &self,
        f: impl FnOnce(&mut Cluster, Now, &mut dyn Entropy) -> T,
    ) -> Result<(T, Position, bool), Refusal> {
        let mut state = self.lock();
        if state.dropped {
            return Err(Refusal::no_cluster());
        }
        let result = catch_unwind(AssertUnwindSafe(|| f(&mut state.cluster, now(), &mut System::new())));
        let changes = state.cluster.take_changes();
        let wrote = !changes.is_empty();
        if wrote {
            state.position = self.disk.enqueue(Write::Change { uid: self.uid.clone(), changes });
        }
        let (position, revision) = (state.position, state.cluster.revision());
        drop(state);
        self.revision.send_if_modified(|seen| {
            let moved = *seen < revision;
            *seen = revision.max(*seen);
            moved
        });
        match result {
            Ok(value) => Ok((value, position, wrote)),
            Err(_) => {
                tracing::error!(cluster = %self.name, "a request made the API server's core panic");
                Err(Refusal::panicked())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
