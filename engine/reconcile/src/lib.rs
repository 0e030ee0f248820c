//! `step(state, event, now) -> actions`: the state machine of every unit.
//!
//! Absent by design: effects, clocks, randomness, async. The runtime carries actions out and answers with events; a
//! simulation can do the same with neither network nor time. Level-based: an event says where to look, what is done
//! follows from the state alone.

mod advance;
mod answer;
mod counterpart;
mod due;
mod event;
mod expression;
mod family;
mod forms;
mod gate;
mod hooks;
mod observe;
mod owners;
mod phase;
mod read;
mod record;
mod recover;
mod remove;
mod retry;
mod rollback;
mod rules;
mod state;
mod storing;
mod testing;
#[cfg(test)]
mod tests;

pub use event::{
    Action, ApplyItem, ApplyResult, Claim, DeleteItem, DeleteResult, Event, Failure, FailureKind, Gone,
    Observation,
};
pub use forms::Forms;
pub use hooks::{Ended, Fresh, Run, RunKind};
pub use phase::{Phase, Wait};
pub use read::is_recorded;
pub use record::Record;
pub use rollback::{GivenUp, Good};
pub use state::{State, UnitState};
pub use storing::{Stored, Storing};
pub use testing::{TestOutcome, TestRun, Tested};

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Time(pub i64);

impl Time {
    pub fn after(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}
