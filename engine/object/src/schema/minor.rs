use std::fmt;

/// A minor version of Kubernetes whose own kinds this crate knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Minor {
    V1_31,
    #[default]
    V1_36,
}

impl Minor {
    /// Oldest first.
    pub const ALL: [Self; 2] = [Self::V1_31, Self::V1_36];
    pub const NEWEST: Self = Self::V1_36;

    /// What to read objects of a server's version by: `v1.33.4+build` or `1.33`. The newest that is not newer, so that
    /// nothing counts as known that the server has not heard of; the oldest for servers older than that. `None` for
    /// what is no version.
    pub fn for_version(version: &str) -> Option<Self> {
        let mut numbers = version.trim_start_matches('v').split(['.', '-', '+']);
        let asked: (u32, u32) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
        let mut found = Self::ALL.into_iter().filter(|minor| minor.numbers() <= asked);
        Some(found.next_back().unwrap_or(Self::ALL[0]))
    }

    fn numbers(self) -> (u32, u32) {
        match self {
            Self::V1_31 => (1, 31),
            Self::V1_36 => (1, 36),
        }
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.numbers();
        write!(f, "{major}.{minor}")
    }
}
