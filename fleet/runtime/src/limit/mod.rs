//! How many requests are under way at one API server, and whose turn it is.
//!
//! The number follows the server: it grows while answers come as fast as they used to, shrinks when they take longer, and
//! falls at once when the server says that it is busy or does not answer. Tenants take turns, so that one who has a
//! thousand objects to apply delays another who has one by one request. Of a tenant's units the one that began first goes
//! first, so that units become ready one after another instead of all at the end; a large one lets others pass.

mod pace;
#[cfg(test)]
mod tests;

use mainstay_clock::{Instant, sleep, spawn};
use mainstay_cluster::ClusterError;
use pace::Pace;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// A server that asks for more patience than this is asked again sooner.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Where a busy server names no time.
const PAUSE: Duration = Duration::from_millis(250);
/// So many requests of a unit go before those of the unit that began after it.
const AHEAD: u64 = 32;

/// Of one API server; clones share it.
#[derive(Clone)]
pub(crate) struct Limiter(Arc<Mutex<State>>);

struct State {
    pace: Pace,
    under_way: usize,
    /// By tenant, then by turn; what has the same turn comes as it asked.
    waiting: BTreeMap<String, BTreeMap<(u64, u64), oneshot::Sender<Slot>>>,
    asked: u64,
    begun: u64,
    /// Who was served last.
    last: String,
    /// Nothing is sent before.
    paused: Option<Instant>,
}

/// What one unit has to do there: its requests have turns of their own.
pub(crate) struct Work {
    limiter: Limiter,
    tenant: String,
    turn: AtomicU64,
}

/// One request under way.
pub(crate) struct Slot {
    limiter: Option<Limiter>,
    started: Instant,
}

impl Limiter {
    /// Never more than `most` at once.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            pace: Pace::new(most),
            under_way: 0,
            waiting: BTreeMap::new(),
            asked: 0,
            begun: 0,
            last: String::new(),
            paused: None,
        })))
    }

    /// A unit of the tenant begins.
    pub fn work(&self, tenant: &str) -> Work {
        let mut state = self.lock();
        let turn = AtomicU64::new(state.begun);
        state.begun += AHEAD;
        Work { limiter: self.clone(), tenant: tenant.to_owned(), turn }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets in whoever may go.
    fn serve(&self) {
        let mut state = self.lock();
        if state.paused.is_some_and(|until| until > Instant::now()) {
            return;
        }
        state.paused = None;
        while state.under_way < state.pace.limit() {
            let Some(sender) = state.next() else { return };
            let slot = Slot { limiter: Some(self.clone()), started: Instant::now() };
            match sender.send(slot) {
                Ok(()) => state.under_way += 1,
                // Who waited has gone; the slot was never taken.
                Err(mut slot) => slot.limiter = None,
            }
        }
    }

    fn pause(&self, asked: Option<Duration>) {
        let rest = asked.unwrap_or(PAUSE).min(LONGEST_PAUSE);
        let until = Instant::now() + rest;
        {
            let mut state = self.lock();
            if state.paused.is_some_and(|known| known >= until) {
                return;
            }
            state.paused = Some(until);
        }
        let limiter = self.clone();
        spawn(async move {
            sleep(rest).await;
            limiter.serve();
        });
    }
}

impl Work {
    /// Waits for its turn.
    pub async fn acquire(&self) -> Slot {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        loop {
            let (sender, given) = oneshot::channel();
            self.limiter.lock().wait(&self.tenant, turn, sender);
            self.limiter.serve();
            // The sender is never dropped unused; if it were, asking again is right.
            if let Ok(mut slot) = given.await {
                slot.started = Instant::now();
                return slot;
            }
        }
    }
}

impl State {
    fn wait(&mut self, tenant: &str, turn: u64, sender: oneshot::Sender<Slot>) {
        let place = (turn, self.asked);
        self.asked += 1;
        self.waiting.entry(tenant.to_owned()).or_default().insert(place, sender);
    }

    /// The first who waits, of the tenant that comes after the one who was served last.
    fn next(&mut self) -> Option<oneshot::Sender<Slot>> {
        let after = (Bound::Excluded(self.last.clone()), Bound::Unbounded);
        let tenant = self.waiting.range(after).next().or_else(|| self.waiting.iter().next())?.0.clone();
        let queue = self.waiting.get_mut(&tenant)?;
        let sender = queue.pop_first().map(|(_, sender)| sender);
        if queue.is_empty() {
            self.waiting.remove(&tenant);
        }
        self.last = tenant;
        sender
    }
}

impl Slot {
    /// The server has answered, and what that says of it.
    pub fn answered<T>(self, answer: &Result<T, ClusterError>) {
        let Some(limiter) = &self.limiter else { return };
        match answer {
            Err(ClusterError::Throttled { retry_after, .. }) => {
                limiter.lock().pace.busy(Instant::now());
                limiter.pause(*retry_after);
            }
            Err(ClusterError::Timeout(_) | ClusterError::Unreachable { .. }) => {
                limiter.lock().pace.busy(Instant::now());
            }
            Ok(_) | Err(_) => {
                let mut state = limiter.lock();
                let under_way = state.under_way;
                state.pace.answered(self.started.elapsed(), under_way);
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(limiter) = self.limiter.take() else { return };
        {
            let mut state = limiter.lock();
            state.under_way = state.under_way.saturating_sub(1);
        }
        limiter.serve();
    }
}
