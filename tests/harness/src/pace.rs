//! What a tool is busy with, on standard error, for those who wait for minutes.

use std::fmt::Display;
use std::time::{Duration, Instant};

const OFTEN: Duration = Duration::from_secs(5);

/// A line every few seconds, however fast things are done.
#[derive(Debug)]
pub struct Pace {
    begun: Instant,
    told: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { begun: Instant::now(), told: None }
    }
}

impl Pace {
    /// How far it is; the text is made only where it is told.
    pub fn says<T: Display>(&mut self, text: impl FnOnce() -> T) {
        let now = Instant::now();
        if self.is_due(now) {
            eprintln!("{} ({:.0} s)", text(), now.duration_since(self.begun).as_secs_f64());
        }
    }

    fn is_due(&mut self, now: Instant) -> bool {
        let due = now.duration_since(self.told.unwrap_or(self.begun)) >= OFTEN;
        if due {
            self.told = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_soon_says_nothing_and_what_takes_long_every_few_seconds() {
        let mut pace = Pace::default();
        let at = |seconds| pace.begun + Duration::from_secs(seconds);
        let times = [at(1), at(4), at(5), at(6), at(9), at(12)];
        assert_eq!(times.map(|now| pace.is_due(now)), [false, false, true, false, false, true]);
    }
}
