//! Figures with what they should be beside them.

use crate::exit::{Exit, Failure};
use crate::output::{self, Format};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Figures {
    rows: Vec<Figure>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Figure {
    what: String,
    value: f64,
    unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<Target>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Target {
    Below(f64),
    AtLeast(f64),
    Exactly(f64),
}

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::Below(limit) => value < limit,
            Self::AtLeast(limit) => value >= limit,
            Self::Exactly(wanted) => (value - wanted).abs() < f64::EPSILON,
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Below(limit) => write!(f, "< {limit}"),
            Self::AtLeast(limit) => write!(f, ">= {limit}"),
            Self::Exactly(wanted) => write!(f, "{wanted}"),
        }
    }
}

impl Figures {
    pub(super) fn push(&mut self, what: impl Into<String>, value: f64, unit: &str) {
        self.rows.push(Figure { what: what.into(), value, unit: unit.to_owned(), target: None });
    }

    pub(super) fn hold(&mut self, what: impl Into<String>, value: f64, unit: &str, target: Target) {
        self.rows.push(Figure { what: what.into(), value, unit: unit.to_owned(), target: Some(target) });
    }

    /// The first figure whose name ends so.
    pub(super) fn value(&self, what: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.what.ends_with(what)).map(|row| row.value)
    }

    /// Takes another bench's figures in, each with a word before its name.
    pub(super) fn append(&mut self, other: Self, before: &str) {
        let named = |row: Figure| Figure { what: format!("{before}{}", row.what), ..row };
        self.rows.extend(other.rows.into_iter().map(named));
    }

    pub(super) fn show(&self, format: Format, check: bool) -> Result<Exit, Failure> {
        match format {
            Format::Table | Format::Wide => output::print(&self.table())?,
            Format::Json | Format::Yaml => output::structured(self, format)?,
        }
        Ok(if check && self.any_missed() { Exit::User } else { Exit::Done })
    }

    /// Whether a target is missed.
    fn any_missed(&self) -> bool {
        self.rows.iter().any(|row| row.target.is_some_and(|target| !target.is_met(row.value)))
    }

    fn table(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let verdict = match row.target {
                None => "",
                Some(target) if target.is_met(row.value) => "met",
                Some(_) => "MISSED",
            };
            vec![
                row.what.clone(),
                shown(row.value),
                row.unit.clone(),
                row.target.map_or_else(String::new, |target| target.to_string()),
                verdict.to_owned(),
            ]
        });
        output::table(&["WHAT", "FIGURE", "UNIT", "TARGET", "VERDICT"], rows.collect())
    }
}

fn shown(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// Bytes that this process holds (`VmRSS`) or held at most (`VmHWM`); nothing where the system does not tell.
pub(super) fn memory(field: &str) -> Option<f64> {
    super::apiserver::memory(std::process::id(), field)
}

/// Starts the count of `VmHWM` anew, where the system can.
pub(super) fn forget_peak() {
    if let Err(error) = std::fs::write("/proc/self/clear_refs", "5") {
        tracing::debug!(%error, "the peak of memory counts from the start of the process");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_itself_misses_a_target_below_it() {
        assert!(!Target::Below(5.0).is_met(5.0) && Target::Below(5.0).is_met(4.9));
        assert!(Target::Exactly(1.0).is_met(1.0) && !Target::Exactly(1.0).is_met(2.0));
        let mut figures = Figures::default();
        figures.push("a figure without a target", 1e9, "ms");
        assert!(!figures.any_missed());
        figures.hold("one with", 6.0, "s", Target::Below(5.0));
        assert!(figures.any_missed());
    }
}
