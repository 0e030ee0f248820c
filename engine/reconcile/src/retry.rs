use crate::{FailureKind, Time};
use mainstay_object::Digest;
use mainstay_unit::UnitId;
use std::time::Duration;

/// When to try again: what the environment broke soon and then more and more slowly, what the user must mend at the
/// unit's own pace. Jitter is derived from unit and attempt, so that the same run repeats and units do not march in step.
pub(crate) fn next(id: &UnitId, kind: FailureKind, attempt: u32, limit: Duration, now: Time) -> Time {
    let base = match kind {
        FailureKind::NoKind
        | FailureKind::NotSent
        | FailureKind::Unavailable
        | FailureKind::Released
        | FailureKind::Deployed => Duration::from_millis(500).saturating_mul(1 << attempt.min(16)).min(limit),
        FailureKind::Blocked => Duration::from_secs(5).min(limit),
        FailureKind::Invalid | FailureKind::Conflict | FailureKind::Forbidden => limit,
    };
    let digest = Digest::of_bytes(format!("{id} {attempt}").as_bytes());
    let spread = u32::from(u16::from_be_bytes([digest.0[0], digest.0[1]]));
    // 80 % to 120 %.
    now.after(base.mul_f64(0.8 + 0.4 * f64::from(spread) / 65_535.0))
}
