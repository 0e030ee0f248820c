//! Tasks, time and chance of a simulated world. Nothing runs but what `run` polls, one task at a time, in an order that
//! the seed decides; time moves when every task waits.

use fastrand::Rng;
use mainstay_clock::{Job, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

/// Who a task belongs to: a process can be killed and paused with all its tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process(pub u32);

/// Servers, networks and people: never killed.
pub const OUTSIDE: Process = Process(0);

/// When the simulated world began, in seconds since the Unix epoch.
const EPOCH: u64 = 1_767_225_600;
/// More polls than this without time moving are a loop that will never end.
const POLLS: usize = 200_000;

pub struct Machine {
    state: Mutex<State>,
    ready: Arc<Ready>,
}

struct State {
    now: Duration,
    number: u64,
    timers: BTreeMap<(Duration, u64), Waker>,
    tasks: BTreeMap<u64, Slot>,
    paused: BTreeSet<Process>,
    running: Process,
    dice: Rng,
}

struct Slot {
    owner: Process,
    /// Absent while it is polled.
    job: Option<Job>,
}

type Ready = Mutex<BTreeSet<u64>>;

struct Waking {
    number: u64,
    ready: Arc<Ready>,
}

impl Wake for Waking {
    fn wake(self: Arc<Self>) {
        lock(&self.ready).insert(self.number);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Machine {
    pub fn new(seed: u64) -> Arc<Self> {
        let state = State {
            now: Duration::ZERO,
            number: 0,
            timers: BTreeMap::new(),
            tasks: BTreeMap::new(),
            paused: BTreeSet::new(),
            running: OUTSIDE,
            dice: Rng::with_seed(seed),
        };
        Arc::new(Self { state: Mutex::new(state), ready: Arc::default() })
    }

    pub fn time(&self) -> Duration {
        lock(&self.state).now
    }

    pub fn running(&self) -> Process {
        lock(&self.state).running
    }

    pub fn begin(&self, owner: Process, job: Job) -> u64 {
        let mut state = lock(&self.state);
        state.number += 1;
        let number = state.number;
        state.tasks.insert(number, Slot { owner, job: Some(job) });
        lock(&self.ready).insert(number);
        number
    }

    /// As kill -9 does: nothing of the process runs any more, and nothing of it is told.
    pub fn kill(&self, process: Process) {
        let dropped: Vec<Slot> = {
            let mut state = lock(&self.state);
            state.paused.remove(&process);
            let doomed: Vec<u64> =
                state.tasks.iter().filter(|(_, slot)| slot.owner == process).map(|(n, _)| *n).collect();
            doomed.iter().filter_map(|number| state.tasks.remove(number)).collect()
        };
        drop(dropped);
    }

    /// As SIGSTOP and SIGCONT do.
    pub fn pause(&self, process: Process, pause: bool) {
        let mut state = lock(&self.state);
        if pause {
            state.paused.insert(process);
        } else {
            state.paused.remove(&process);
        }
    }

    /// Runs until that time, or until `stop` says so after a poll. An error is a loop without end.
    pub fn run(&self, until: Duration, mut stop: impl FnMut() -> bool) -> Result<(), String> {
        let mut polls = 0;
        loop {
            if stop() {
                return Ok(());
            }
            if self.poll_one() {
                polls += 1;
                if polls > POLLS {
                    return Err(format!("{POLLS} steps without time moving: a loop that does not end"));
                }
                continue;
            }
            polls = 0;
            if !self.advance(until) {
                return Ok(());
            }
        }
    }

    /// False if nothing is ready.
    fn poll_one(&self) -> bool {
        let (number, mut job) = {
            let mut state = lock(&self.state);
            let mut ready = lock(&self.ready);
            ready.retain(|number| state.tasks.contains_key(number));
            let can_run = |number: &&u64| {
                state.tasks.get(number).is_some_and(|slot| !state.paused.contains(&slot.owner))
            };
            let able: Vec<u64> = ready.iter().filter(can_run).copied().collect();
            if able.is_empty() {
                return false;
            }
            let number = able[state.dice.usize(..able.len())];
            ready.remove(&number);
            let Some(slot) = state.tasks.get_mut(&number) else { return true };
            let Some(job) = slot.job.take() else { return true };
            state.running = slot.owner;
            (number, job)
        };
        let waker = Waker::from(Arc::new(Waking { number, ready: self.ready.clone() }));
        let done = job.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        let mut state = lock(&self.state);
        state.running = OUTSIDE;
        let kept = match state.tasks.get_mut(&number) {
            Some(slot) if !done => {
                slot.job = Some(job);
                None
            }
            // Done, or aborted by itself: dropped without the lock, because what it holds may wake others.
            Some(_) | None => {
                state.tasks.remove(&number);
                Some(job)
            }
        };
        drop(state);
        drop(kept);
        true
    }

    /// To the next timer; false once `until` has come.
    fn advance(&self, until: Duration) -> bool {
        let due = {
            let mut state = lock(&self.state);
            let next = state.timers.keys().next().map(|(at, _)| *at).filter(|at| *at <= until);
            let Some(next) = next else {
                state.now = state.now.max(until);
                return false;
            };
            state.now = state.now.max(next);
            let later = state.timers.split_off(&(next, u64::MAX));
            std::mem::replace(&mut state.timers, later)
        };
        for waker in due.into_values() {
            waker.wake();
        }
        true
    }
}

impl World for Machine {
    fn now(&self) -> Duration {
        self.time()
    }

    fn wall(&self) -> Duration {
        Duration::from_secs(EPOCH) + self.time()
    }

    fn wake(&self, at: Duration, waker: Waker) {
        let mut state = lock(&self.state);
        state.number += 1;
        let number = state.number;
        state.timers.insert((at, number), waker);
    }

    fn spawn(&self, job: Job) -> u64 {
        self.begin(self.running(), job)
    }

    fn abort(&self, number: u64) {
        let slot = lock(&self.state).tasks.remove(&number);
        drop(slot);
    }

    fn random(&self) -> u64 {
        lock(&self.state).dice.u64(..)
    }
}
