//! What runs came to, kept in memory only: the same run is made once, and what was slow is not tried at once again.
use crate::error::ExecError;
use mainstay_object::Digest;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of outputs that are kept.
const BYTES: usize = 64 << 20;
const RUNS: usize = 4096;
/// How long something slow is left alone; doubled each time.
const WAIT: Duration = Duration::from_secs(600);
const LONGEST: Duration = Duration::from_secs(6 * 3600);
/// Of every ten minutes, this much may be lost on what is too slow, whoever's it is: readings wait for it.
const LOST: Duration = Duration::from_secs(180);

pub(crate) type Outcome = Result<Arc<str>, ExecError>;

#[derive(Default)]
pub(crate) struct Known {
    runs: BTreeMap<Digest, Outcome>,
    /// The oldest first.
    order: VecDeque<Digest>,
    bytes: usize,
    /// By question: until when, and for how long.
    slow: BTreeMap<Digest, (Instant, Duration)>,
    /// When time was lost, and how much.
    lost: VecDeque<(Instant, Duration)>,
}

impl Known {
    pub(crate) fn get(&self, run: &Digest) -> Option<Outcome> {
        self.runs.get(run).cloned()
    }

    /// Until when a run must wait.
    pub(crate) fn held(&mut self, question: &Digest, now: Instant) -> Option<Duration> {
        while self.lost.front().is_some_and(|(at, _)| now.duration_since(*at) >= WAIT) {
            self.lost.pop_front();
        }
        let lost: Duration = self.lost.iter().map(|(_, lost)| *lost).sum();
        let everybody = self.lost.front().filter(|_| lost >= LOST).map(|(at, _)| *at + WAIT);
        let this = self.slow.get(question).map(|(until, _)| *until);
        let until = everybody.max(this)?;
        (until > now).then(|| until.duration_since(now))
    }

    pub(crate) fn put(&mut self, run: Digest, question: Digest, outcome: &Outcome, now: Instant) {
        match outcome {
            Ok(_) => drop(self.slow.remove(&question)),
            Err(ExecError::Slow { limit }) => {
                self.lost.push_back((now, *limit));
                let wait = self.slow.get(&question).map_or(WAIT, |(_, wait)| (*wait * 2).min(LONGEST));
                if self.slow.len() >= RUNS {
                    self.slow.retain(|_, (until, _)| *until > now);
                }
                self.slow.insert(question, (now + wait, wait));
                return;
            }
            Err(error) if error.is_final() => {}
            Err(_) => return,
        }
        if self.runs.insert(run, outcome.clone()).is_some() {
            return;
        }
        self.order.push_back(run);
        self.bytes += size(outcome);
        while self.bytes > BYTES || self.order.len() > RUNS {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(gone) = self.runs.remove(&oldest) {
                self.bytes -= size(&gone);
            }
        }
    }
}

fn size(outcome: &Outcome) -> usize {
    match outcome {
        Ok(text) => text.len(),
        Err(error) => error.to_string().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(of: u32) -> Digest {
        Digest::of_bytes(&of.to_be_bytes())
    }

    fn slow() -> Outcome {
        Err(ExecError::Slow { limit: Duration::from_secs(60) })
    }

    #[test]
    fn what_was_slow_is_left_alone_for_longer_each_time() {
        let (mut known, start) = (Known::default(), Instant::now());
        known.put(digest(1), digest(0), &slow(), start);
        assert_eq!(known.held(&digest(0), start), Some(WAIT));
        assert_eq!(known.held(&digest(9), start), None, "others are not");
        let later = start + WAIT;
        assert_eq!(known.held(&digest(0), later), None);
        known.put(digest(1), digest(0), &slow(), later);
        assert_eq!(known.held(&digest(0), later), Some(WAIT * 2));
        known.put(digest(1), digest(0), &Ok("".into()), later);
        assert_eq!(known.held(&digest(0), later), None);
    }

    #[test]
    fn only_so_much_time_is_lost_on_what_is_slow() {
        let (mut known, start) = (Known::default(), Instant::now());
        for run in 0..3 {
            assert_eq!(known.held(&digest(9), start), None, "{run}");
            known.put(digest(run), digest(run), &slow(), start + Duration::from_secs(run.into()));
        }
        let now = start + Duration::from_secs(3);
        assert_eq!(known.held(&digest(9), now), Some(WAIT - Duration::from_secs(3)));
        assert_eq!(known.held(&digest(9), start + WAIT), None);
    }

    #[test]
    fn outputs_are_kept_up_to_a_size() {
        let (mut known, now) = (Known::default(), Instant::now());
        let half: Arc<str> = "x".repeat(BYTES / 2).into();
        for run in 0..3 {
            known.put(digest(run), digest(run), &Ok(half.clone()), now);
        }
        let kept: Vec<bool> = (0..3).map(|run| known.get(&digest(run)).is_some()).collect();
        assert_eq!(kept, [false, true, true]);
        known.put(digest(7), digest(7), &Err(ExecError::machine("no", "disk")), now);
        assert_eq!(known.get(&digest(7)), None, "what is nobody's fault is tried again");
    }
}
