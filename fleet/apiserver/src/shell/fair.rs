//! A share for everyone: so many requests are handled at a time, the others wait, and who has waited is served in turn,
//! client by client. A client that has many waiting delays itself.
//!
//! Absent by design: priorities, and anything that a client could claim for itself. A client is a user of a logical
//! cluster. What the cluster itself runs on is exempt: administrators and `system:` users other than service accounts
//! and anonymous ones.

use super::answer::Refusal;
use super::limits::Limits;
use crate::core::User;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

pub(super) struct Fair {
    seats: usize,
    queue: usize,
    wait: Duration,
    watches: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    taken: usize,
    /// Who waits, by client; no queue is empty.
    queues: BTreeMap<String, VecDeque<oneshot::Sender<Seat>>>,
    /// Whose turn it is: every client that waits, once.
    turns: VecDeque<String>,
    watches: BTreeMap<String, usize>,
}

/// The right to be handled; dropping it lets the next one in.
#[derive(Debug)]
pub(super) struct Seat(Option<Arc<Fair>>);

/// A watch that counts; dropping it ends the count.
#[derive(Debug)]
pub(super) struct Watched(Option<(Arc<Fair>, String)>);

impl Fair {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            seats: limits.requests.max(1),
            queue: limits.queue,
            wait: limits.queue_wait,
            watches: limits.watches,
            state: Mutex::default(),
        })
    }

    /// Waits for a seat.
    pub(super) async fn seat(self: &Arc<Self>, cluster: &str, user: &User) -> Result<Seat, Refusal> {
        if is_exempt(user) {
            return Ok(Seat(None));
        }
        let waiting = {
            let mut state = self.lock();
            if state.taken < self.seats {
                state.taken += 1;
                return Ok(Seat(Some(self.clone())));
            }
            let client = client(cluster, user);
            let queue = state.queues.entry(client.clone()).or_default();
            if queue.len() >= self.queue {
                if queue.is_empty() {
                    state.queues.remove(&client);
                }
                return Err(Refusal::too_many_requests());
            }
            let (sender, receiver) = oneshot::channel();
            queue.push_back(sender);
            if queue.len() == 1 {
                state.turns.push_back(client);
            }
            receiver
        };
        match tokio::time::timeout(self.wait, waiting).await {
            Ok(Ok(seat)) => Ok(seat),
            Ok(Err(_)) | Err(_) => Err(Refusal::too_many_requests()),
        }
    }

    /// Counts a watch, unless the client has too many.
    pub(super) fn watch(self: &Arc<Self>, cluster: &str, user: &User) -> Result<Watched, Refusal> {
        if is_exempt(user) {
            return Ok(Watched(None));
        }
        let client = client(cluster, user);
        let mut state = self.lock();
        let count = state.watches.entry(client.clone()).or_default();
        if *count >= self.watches {
            return Err(Refusal::too_many_requests());
        }
        *count += 1;
        Ok(Watched(Some((self.clone(), client))))
    }

    /// Passes a seat on to whoever's turn it is and still waits.
    fn pass(self: Arc<Self>, mut seat: Seat) {
        loop {
            let next = {
                let mut state = self.lock();
                match state.next() {
                    Some(next) => next,
                    None => {
                        state.taken = state.taken.saturating_sub(1);
                        seat.0 = None;
                        return;
                    }
                }
            };
            match next.send(seat) {
                Ok(()) => return,
                // It gave up; its seat goes to the next one.
                Err(back) => seat = back,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> Option<oneshot::Sender<Seat>> {
        let client = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&client)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&client);
        } else {
            self.turns.push_back(client);
        }
        next
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(fair) = self.0.take() {
            fair.clone().pass(Self(Some(fair)));
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let Some((fair, client)) = self.0.take() else { return };
        let mut state = fair.lock();
        if let Some(count) = state.watches.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                state.watches.remove(&client);
            }
        }
    }
}

impl std::fmt::Debug for Fair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fair").field("seats", &self.seats).finish_non_exhaustive()
    }
}

fn client(cluster: &str, user: &User) -> String {
    format!("{cluster} {}", user.name)
}

fn is_exempt(user: &User) -> bool {
    let own = user.name.starts_with("system:")
        && !user.name.starts_with("system:serviceaccount:")
        && user.name != "system:anonymous";
    own || user.in_group("system:masters")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fair(requests: usize, queue: usize) -> Arc<Fair> {
        let limits = Limits { requests, queue, watches: 2, ..Limits::default() };
        Fair::new(&limits)
    }

    fn user(name: &str) -> User {
        User { name: name.to_owned(), ..User::default() }
    }

    #[tokio::test]
    async fn clients_are_served_in_turn_however_many_requests_one_has() {
        let fair = fair(1, 10);
        let first = fair.seat("c", &user("greedy")).await.unwrap();
        let (order, mut served) = tokio::sync::mpsc::unbounded_channel();
        let mut tasks = Vec::new();
        for name in ["greedy", "greedy", "greedy", "modest"] {
            let (fair, order) = (fair.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let seat = fair.seat("c", &user(name)).await.unwrap();
                order.send(name).unwrap();
                drop(seat);
            }));
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        let mut names = Vec::new();
        while let Ok(name) = served.try_recv() {
            names.push(name);
        }
        assert_eq!(names, ["greedy", "modest", "greedy", "greedy"]);
        assert_eq!(fair.lock().taken, 0);
    }

    #[tokio::test]
    async fn a_full_queue_is_refused_with_429_and_the_others_are_not() {
        let fair = fair(1, 1);
        let seat = fair.seat("c", &user("a")).await.unwrap();
        let waiting = tokio::spawn({
            let fair = fair.clone();
            async move { fair.seat("c", &user("a")).await.is_ok() }
        });
        tokio::task::yield_now().await;
        let refused = fair.seat("c", &user("a")).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_after), (429, Some(1)));
        assert!(fair.seat("c", &User::admin()).await.is_ok());
        assert!(fair.seat("c", &user("system:kube-scheduler")).await.is_ok());
        drop(seat);
        assert!(waiting.await.unwrap());
        assert_eq!(fair.lock().taken, 0);
    }

    #[tokio::test]
    async fn who_gives_up_loses_its_place_and_no_seat() {
        let fair = fair(1, 10);
        let seat = fair.seat("c", &user("a")).await.unwrap();
        let given_up = tokio::spawn({
            let fair = fair.clone();
            async move { fair.seat("c", &user("b")).await.map(drop).is_ok() }
        });
        tokio::task::yield_now().await;
        given_up.abort();
        assert!(given_up.await.is_err());
        drop(seat);
        assert_eq!(fair.lock().taken, 0);
        assert!(fair.lock().queues.is_empty());
        assert!(fair.seat("c", &user("b")).await.is_ok());
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let fair = Fair::new(&Limits { requests: 1, queue_wait: Duration::ZERO, ..Limits::default() });
        let _seat = fair.seat("c", &user("a")).await.unwrap();
        assert_eq!(fair.seat("c", &user("b")).await.unwrap_err().code, 429);
    }

    #[test]
    fn watches_are_counted_apart() {
        let fair = fair(1, 0);
        let first = fair.watch("c", &user("a")).unwrap();
        let _second = fair.watch("c", &user("a")).unwrap();
        assert_eq!(fair.watch("c", &user("a")).unwrap_err().code, 429);
        assert!(fair.watch("d", &user("a")).is_ok());
        drop(first);
        assert!(fair.watch("c", &user("a")).is_ok());
    }
}
