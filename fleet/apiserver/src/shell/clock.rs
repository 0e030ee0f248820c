use crate::core::{Entropy, Now};
use rustls::crypto::SecureRandom;

/// The wall clock, as requests see it.
pub(super) fn now() -> Now {
    let nanos = jiff::Timestamp::now().as_nanosecond();
    Now(i64::try_from(nanos).unwrap_or(i64::MAX))
}

/// The system's source of randomness.
pub(super) struct System(&'static dyn SecureRandom);

impl System {
    pub(super) fn new() -> Self {
        Self(rustls::crypto::ring::default_provider().secure_random)
    }

    pub(super) fn hex<const N: usize>(&mut self) -> String {
        let mut bytes = [0_u8; N];
        self.fill(&mut bytes);
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// A number below `limit`; 0 if there is none.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        let mut bytes = [0_u8; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes).checked_rem(limit).unwrap_or(0)
    }
}

impl Entropy for System {
    fn fill(&mut self, bytes: &mut [u8]) {
        // A machine without randomness can make neither UIDs nor tokens: nothing sensible can go on.
        assert!(self.0.fill(bytes).is_ok(), "the operating system gives no random bytes");
    }
}
