//! The `View`: one immutable snapshot of what the fleet is, for everything that shows it.
//!
//! Absent by design: secrets, objects' bodies, the means to change anything.

#[cfg(test)]
mod tests;

use mainstay_unit::{HealthStatus, UnitId};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a page, a metric or the JSON API shows. Sorted throughout: equal states give equal bytes.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// The newest revision that was read.
    pub revision: String,
    /// Where the platform repository is, without credentials.
    pub repository: String,
    /// Nothing is written while this is true.
    pub observing: bool,
    /// The first reading is complete and the management cluster answers.
    pub ready: bool,
    pub units: Vec<UnitView>,
    pub problems: Vec<Problem>,
    /// Why the newest revision could not be read, if it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_failure: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitView {
    pub id: UnitId,
    pub role: String,
    pub tenant: String,
    /// Empty: the management cluster.
    pub cluster: String,
    pub wave: usize,
    pub phase: String,
    pub health: HealthStatus,
    pub message: String,
    pub revision: String,
    pub objects: usize,
    pub depends_on: Vec<UnitId>,
    pub simulated: bool,
    pub suspended: bool,
    /// What an approval would name, while something is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    pub severity: String,
    pub code: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// How many units are in which phase and health.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RollUp {
    pub units: usize,
    pub ready: usize,
    pub failed: usize,
    pub phases: BTreeMap<String, usize>,
    pub health: BTreeMap<String, usize>,
}

impl View {
    pub fn roll_up(&self) -> RollUp {
        roll_up(self.units.iter())
    }

    pub fn by_tenant(&self) -> BTreeMap<&str, RollUp> {
        self.group(|u| &u.tenant)
    }

    pub fn by_cluster(&self) -> BTreeMap<&str, RollUp> {
        self.group(|u| &u.cluster)
    }

    fn group<'a>(&'a self, key: impl Fn(&'a UnitView) -> &'a str) -> BTreeMap<&'a str, RollUp> {
        let mut groups: BTreeMap<&str, Vec<&UnitView>> = BTreeMap::new();
        for unit in &self.units {
            groups.entry(key(unit)).or_default().push(unit);
        }
        groups.into_iter().map(|(name, units)| (name, roll_up(units.into_iter()))).collect()
    }
}

fn roll_up<'a>(units: impl Iterator<Item = &'a UnitView>) -> RollUp {
    let mut out = RollUp::default();
    for unit in units {
        out.units += 1;
        out.ready += usize::from(unit.phase == "Ready");
        out.failed += usize::from(unit.phase == "Failed");
        *out.phases.entry(unit.phase.clone()).or_default() += 1;
        *out.health.entry(unit.health.to_string()).or_default() += 1;
    }
    out
}
