//! Reading a revision: declarations and renders to a fixpoint, then what is wrong across units.
//!
//! Absent by design: files, network, clocks, randomness. What is lacking is a `Need` that the runtime meets before it
//! calls again; what nobody can meet is *not rendered*, never defaulted. The same inputs give the same bytes, whatever
//! the cache held, but for needs of charts that the last reading knew of.

mod build;
mod built;
mod cache;
mod chart;
mod checks;
mod declared;
mod entry;
mod external;
mod fixpoint;
mod folder;
mod inflate;
mod inputs;
mod kustomize;
mod manifests;
mod outcome;
mod outside;
mod places;
mod reads;
mod references;
mod rules;
mod secrets;
mod sources;
#[cfg(test)]
mod tests;
mod views;

pub use cache::Cache;
pub use inflate::{Inflating, NotInflated, inflate};
pub use inputs::{Checkout, Followed, Inputs, Limits, Supply};

use mainstay_diagnostic::Diagnostic;
use mainstay_unit::{HealthRules, Reading};

/// Everything that a revision says, and everything that is wrong with it.
pub fn read(inputs: &Inputs) -> Reading {
    read_with(inputs, &mut Cache::default())
}

/// As [`read`], but renders again only what changed since the cache was filled.
pub fn read_with(inputs: &Inputs, cache: &mut Cache) -> Reading {
    fixpoint::read(inputs, cache)
}

/// How the platform repository wants objects to be judged, and what is wrong with what says so. Nothing is rendered.
pub fn health_rules(inputs: &Inputs) -> (HealthRules, Vec<Diagnostic>) {
    let base = entry::read(inputs, &mut Cache::default());
    (base.health_rules, base.diagnostics.sorted())
}
