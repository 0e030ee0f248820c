use crate::world;
use std::ops::Add;
use std::sync::OnceLock;
use std::time::Duration;

/// A moment of a clock that is never set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub(crate) Duration);

impl Instant {
    pub fn now() -> Self {
        static START: OnceLock<std::time::Instant> = OnceLock::new();
        Self(
            world::current()
                .map_or_else(|| START.get_or_init(std::time::Instant::now).elapsed(), |world| world.now()),
        )
    }

    pub fn elapsed(self) -> Duration {
        Self::now().since(self)
    }

    /// Nothing if `earlier` is not.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}
