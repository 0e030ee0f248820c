use mainstay_clock::Instant;
use std::sync::{Arc, Mutex, PoisonError};

/// Until when this process may write. Closed at first.
///
/// A process that was stopped for minutes and goes on must not write before it has looked at the clock: asking here is
/// the last thing before a write is sent.
#[derive(Debug, Clone, Default)]
pub struct Fence(Arc<Mutex<Option<Instant>>>);

impl Fence {
    pub fn open_until(&self, moment: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(moment);
    }

    pub fn is_open(&self) -> bool {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }
}
