//! The number itself, after the gradient of Netflix's `concurrency-limits`: how long answers take now against how long they
//! took on average.

use mainstay_clock::Instant;
use std::time::Duration;

/// Where it starts: what a small API server bears.
const START: f64 = 16.0;
const LEAST: f64 = 2.0;
/// Answers may take this much longer than on average before the number falls.
const TOLERANCE: f64 = 1.5;
/// How many answers the average reaches back.
const MEMORY: f64 = 600.0;
/// How much of a new number is taken over at each answer.
const SMOOTHING: f64 = 0.2;
/// Of the number, when the server is busy.
const BACK_OFF: f64 = 0.5;
/// One bad moment of a server fails many requests, and counts once.
const MOMENT: Duration = Duration::from_secs(1);

pub(super) struct Pace {
    limit: f64,
    most: f64,
    /// Of all answers, in seconds.
    average: Option<f64>,
    backed_off: Option<Instant>,
}

impl Pace {
    pub fn new(most: usize) -> Self {
        let most = u16::try_from(most.max(1)).map_or(f64::from(u16::MAX), f64::from);
        Self { limit: START.min(most), most, average: None, backed_off: None }
    }

    pub fn limit(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 65535")]
        let whole = self.limit as usize;
        whole.max(1)
    }

    pub fn answered(&mut self, took: Duration, under_way: usize) {
        let took = took.as_secs_f64().max(1e-6);
        let average = *self.average.insert(self.average.map_or(took, |old| old + (took - old) / MEMORY));
        // When it is over, a slow time must not be remembered as the usual one for long.
        if average > 2.0 * took {
            self.average = Some(average * 0.95);
        }
        // Where the limit is not what holds requests back, answers say nothing of it.
        if under_way * 2 < self.limit() {
            return;
        }
        let gradient = (TOLERANCE * average / took).clamp(0.5, 1.0);
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
