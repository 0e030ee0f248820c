//! `index.yaml` of a repository, and which version of a chart a range means.
mod json;
mod read;

use crate::RegistryError;
use mainstay_package::{Constraint, Version as Semver};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What of an index is needed to fetch its charts: by name, in the index's order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Index {
    pub charts: BTreeMap<String, Vec<Version>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub version: String,
    /// Absolute, or relative to the repository's.
    pub url: String,
    /// As written; empty where the index has none.
    pub digest: String,
    /// Milliseconds since 1970; of versions that are equal but for their metadata the newest counts.
    pub created: i64,
}

impl Index {
    /// YAML or JSON. Entries that Helm passes over are left out: no name, no URL, no semantic version.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        read::index(bytes)
    }

    /// The version as written, or the newest in the range. Prereleases count if the range names one; empty is `*`.
    pub(crate) fn find(&self, url: &str, chart: &str, range: &str) -> Result<&Version, RegistryError> {
        let versions = self
            .charts
            .get(chart)
            .ok_or_else(|| RegistryError::NoChart { url: url.into(), chart: chart.into() })?;
        if let Some(exact) = versions.iter().find(|version| version.version == range) {
            return Ok(exact);
        }
        let constraint = constraint(range)?;
        let fitting = versions.iter().filter_map(|version| {
            let semver = Semver::parse(&version.version).ok().filter(|semver| constraint.allows(semver))?;
            Some((semver, version))
        });
        newest(fitting, |(semver, version)| (semver, version.created)).map(|(_, version)| version).ok_or_else(
            || RegistryError::NoVersion { url: url.into(), chart: chart.into(), wanted: named(range) },
        )
    }
}

pub(crate) fn constraint(range: &str) -> Result<Constraint, RegistryError> {
    let range = if range.is_empty() { "*" } else { range };
    Constraint::parse(range).map_err(|why| RegistryError::Range { range: range.into(), why })
}

pub(crate) fn named(range: &str) -> String {
    if range.is_empty() { "*".into() } else { range.into() }
}

/// The first of those that nothing is newer than.
pub(crate) fn newest<T>(
    items: impl Iterator<Item = T>,
    of: impl for<'a> Fn(&'a T) -> (&'a Semver, i64),
) -> Option<T> {
    items.reduce(|best, item| {
        let ((old, before), (new, after)) = (of(&best), of(&item));
        let order = new.compare(old).then(after.cmp(&before));
        if order == Ordering::Greater { item } else { best }
    })
}
