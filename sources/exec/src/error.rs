use std::time::Duration;

/// Why there is no output. None quotes a value but [`ExecError::Refused`], whose words are Helm's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecError {
    /// Helm ended with an error.
    #[error("{said}")]
    Refused { said: String },
    #[error("it printed more than {} MiB", bytes >> 20)]
    TooLarge { bytes: u64 },
    #[error("{path:?} can't be a file of a chart")]
    Path { path: String },
    #[error("helm took longer than {} s and was ended", limit.as_secs())]
    Slow { limit: Duration },
    /// It was slow before.
    #[error("helm was too slow, and is asked again in {} s", wait.as_secs())]
    Held { wait: Duration },
    #[error("helm left a process behind that holds its output")]
    Escaped,
    /// What is to keep the process from the network is not there.
    #[error("helm can't be confined on this machine: {0}")]
    Unconfined(String),
    #[error("{what}: {why}")]
    Machine { what: String, why: String },
}

impl ExecError {
    pub(crate) fn machine(what: impl Into<String>, why: impl ToString) -> Self {
        Self::Machine { what: what.into(), why: why.to_string() }
    }

    /// Whether the chart or its values are why: the same run will end alike.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::TooLarge { .. } | Self::Path { .. } => true,
            Self::Slow { .. }
            | Self::Held { .. }
            | Self::Escaped
            | Self::Unconfined(_)
            | Self::Machine { .. } => false,
        }
    }
}
