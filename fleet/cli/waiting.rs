//! A daemon that is started together with its API server waits for it.

use crate::exit::Failure;
use mainstay_cluster::{Cluster, ClusterError};
use std::time::{Duration, Instant};

/// Between two requests, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// The same reason is told again after so long.
const AGAIN: Duration = Duration::from_secs(30);

/// Until the server answers; an error once it did not for so long. One that answers that it is not ready may have its own
/// reasons for it: once the time is over, requests show what it can do.
pub(crate) async fn for_answer(management: &Cluster, patience: Duration) -> Result<(), Failure> {
    let begun = Instant::now();
    let (mut pause, mut told): (_, Option<(String, Instant)>) = (PAUSE.0, None);
    loop {
        let left = patience.saturating_sub(begun.elapsed());
        let error = match management.raw("/readyz").await {
            Ok(_) => break,
            Err(error) => match Silence::of(&error) {
                None => break,
                Some(Silence::Unready) if left.is_zero() => break,
                Some(Silence::Unreached) if left.is_zero() => {
                    return Err(Failure::environment(error.to_string())
                        .hint("--connect-timeout says how many seconds it is waited for"));
                }
                Some(Silence::Unready | Silence::Unreached) => error.to_string(),
            },
        };
        if told.as_ref().is_none_or(|(last, at)| *last != error || at.elapsed() >= AGAIN) {
            tracing::warn!(%error, seconds = left.as_secs(), "waiting for the API server, for so long at most");
            told = Some((error, Instant::now()));
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(PAUSE.1);
    }
    if told.is_some() {
        tracing::info!(seconds = begun.elapsed().as_secs(), "the API server answers");
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    Unreached,
    /// It is there, and says that it can't work yet.
    Unready,
}

impl Silence {
    /// None: what it answered is an answer. That a path is unknown, forbidden or no JSON is one as well.
    fn of(error: &ClusterError) -> Option<Self> {
        match error {
            ClusterError::Unreachable { .. } | ClusterError::Timeout(_) => Some(Self::Unreached),
            ClusterError::Throttled { .. } | ClusterError::Server { .. } => Some(Self::Unready),
            ClusterError::NotFound { .. }
            | ClusterError::NoKind { .. }
            | ClusterError::FieldConflict(_)
            | ClusterError::Conflict { .. }
            | ClusterError::Invalid { .. }
            | ClusterError::Forbidden { .. }
            | ClusterError::Unauthorized { .. }
            | ClusterError::Gone { .. }
            | ClusterError::Fenced
            | ClusterError::Unreadable { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ClusterError, Silence};
    use std::time::Duration;

    #[test]
    fn a_refusal_is_an_answer_and_a_server_that_starts_is_waited_for() {
        let message = || "m".to_owned();
        let unreached =
            [ClusterError::Unreachable { message: message() }, ClusterError::Timeout(Duration::ZERO)];
        assert!(unreached.iter().all(|error| Silence::of(error) == Some(Silence::Unreached)));
        let starting = ClusterError::Server { code: 500, message: message() };
        assert_eq!(Silence::of(&starting), Some(Silence::Unready));
        let answers = [
            ClusterError::Forbidden { message: message() },
            ClusterError::Unauthorized { message: message() },
            ClusterError::NotFound { message: message() },
            ClusterError::Unreadable { message: "ok".to_owned() },
        ];
        assert!(answers.iter().all(|error| Silence::of(error).is_none()));
    }
}
