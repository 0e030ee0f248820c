//! The number itself, after the gradient of Netflix's `concurrency-limits`: how long answers take now against how long they
//! take when little is asked. More requests than a server can work on at once would only wait in it, and delay the others
//! that it serves.

use mainstay_clock::Instant;
use std::time::Duration;

/// Where it starts: so few that what an answer takes at best is learnt.
const START: f64 = 4.0;
const LEAST: f64 = 2.0;
/// Answers may take this many times the least before the number falls.
const TOLERANCE: f64 = 2.0;
/// How much of what takes now is the newest answer.
const NEWEST: f64 = 0.125;
/// By how much the least is forgotten at each answer: a server that became slower for good is not held to its past.
const FORGET: f64 = 1.000_05;
/// How much of a new number is taken over at each answer.
const SMOOTHING: f64 = 0.2;
/// Of the number, when the server is busy.
const BACK_OFF: f64 = 0.5;
/// One bad moment of a server fails many requests, and counts once.
const MOMENT: Duration = Duration::from_secs(1);

pub(super) struct Pace {
    limit: f64,
    most: f64,
    /// What answers take now and what they take at best, in seconds.
    times: Option<(f64, f64)>,
    backed_off: Option<Instant>,
}

impl Pace {
    pub fn new(most: usize) -> Self {
        let most = u16::try_from(most.max(1)).map_or(f64::from(u16::MAX), f64::from);
        Self { limit: START.min(most), most, times: None, backed_off: None }
    }

    pub fn limit(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 65535")]
        let whole = self.limit as usize;
        whole.max(1)
    }

    pub fn answered(&mut self, took: Duration, under_way: usize) {
        let took = took.as_secs_f64().max(1e-6);
        let (mut now, mut least) = self.times.unwrap_or((took, took));
        now += (took - now) * NEWEST;
        least = (least * FORGET).min(now);
        self.times = Some((now, least));
        // Where the limit is not what holds requests back, answers say nothing of it.
        if under_way * 2 < self.limit() {
            return;
        }
        let gradient = (TOLERANCE * least / now).clamp(0.5, 1.0);
        let new = self.limit * gradient + self.limit.sqrt();
        let smooth = self.limit * (1.0 - SMOOTHING) + new * SMOOTHING;
        self.limit = smooth.clamp(LEAST.min(self.most), self.most);
    }

    /// The server asks for patience, or does not answer at all.
    pub fn busy(&mut self, now: Instant) {
        if self.backed_off.is_some_and(|at| now.since(at) < MOMENT) {
            return;
        }
        self.backed_off = Some(now);
        self.limit = (self.limit * BACK_OFF).max(LEAST.min(self.most));
    }
}
