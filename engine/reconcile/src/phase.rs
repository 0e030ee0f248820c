use mainstay_unit::UnitId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a unit stands, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "phase")]
pub enum Phase {
    Waiting {
        on: Vec<Wait>,
    },
    Applying,
    /// Applied; not yet healthy.
    Checking {
        why: String,
    },
    Ready,
    Failed {
        reason: String,
        message: String,
    },
    Suspended,
    NotRendered {
        why: String,
    },
    /// Kept as it is until something is approved or mended, or while another tool applies it.
    Held {
        why: String,
    },
    Deleting {
        why: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Wait {
    Unit {
        id: UnitId,
        why: String,
    },
    Target {
        name: String,
        why: String,
    },
    /// Its kinds are being listed on the target.
    Observation {
        kind: String,
    },
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit { id, why } => write!(f, "{id}: {why}"),
            Self::Target { name, why } if name.is_empty() => write!(f, "the management cluster: {why}"),
            Self::Target { name, why } => write!(f, "cluster {name}: {why}"),
            Self::Observation { kind } => write!(f, "the state of its {kind} objects"),
        }
    }
}

impl Phase {
    /// The word shown in tables and used as a condition's reason.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "Waiting",
            Self::Applying => "Applying",
            Self::Checking { .. } => "Progressing",
            Self::Ready => "Ready",
            Self::Failed { .. } => "Failed",
            Self::Suspended => "Suspended",
            Self::NotRendered { .. } => "NotRendered",
            Self::Held { .. } => "Held",
            Self::Deleting { .. } => "Deleting",
        }
    }

    /// One line for those who wait on the unit: without what changes often, and without the whole chain behind it.
    pub(crate) fn why_closed(&self) -> String {
        match self {
            Self::Waiting { .. } => "waits itself".into(),
            Self::Applying => "is being applied".into(),
            Self::Checking { .. } => "is not healthy yet".into(),
            Self::Ready => "is not applied at this revision yet".into(),
            Self::Suspended => "is suspended".into(),
            Self::Failed { .. } | Self::NotRendered { .. } | Self::Held { .. } | Self::Deleting { .. } => {
                format!("{}: {}", self.word(), self.why())
            }
        }
    }

    pub fn why(&self) -> String {
        match self {
            Self::Waiting { on } => {
                let all: Vec<_> = on.iter().map(ToString::to_string).collect();
                format!("waits on {}", all.join("; "))
            }
            Self::Applying => "its objects are being applied".into(),
            Self::Checking { why }
            | Self::NotRendered { why }
            | Self::Held { why }
            | Self::Deleting { why } => why.clone(),
            Self::Ready => String::new(),
            Self::Failed { message, .. } => message.clone(),
            Self::Suspended => "suspended: nothing is applied, corrected or pruned".into(),
        }
    }
}
