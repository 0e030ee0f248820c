//! What is wrong across units, each check on its own.

mod charts;
mod cycles;
mod dependencies;
mod objects;
mod reach;
mod tenants;

use crate::entry::Base;
use crate::fixpoint::Settled;
use crate::inputs::Inputs;
use crate::views::Views;
use mainstay_diagnostic::Diagnostic;
use mainstay_unit::{ReadingUnit, UnitId};
use std::collections::BTreeMap;

pub(crate) use dependencies::resolve as resolve_dependencies;

pub(crate) type Units = BTreeMap<UnitId, ReadingUnit>;

pub(crate) fn all(
    inputs: &Inputs,
    base: &Base,
    views: &Views,
    settled: &Settled,
    units: &mut Units,
    diagnostics: &mut Vec<Diagnostic>,
) {
    tenants::check(base, settled, units, diagnostics);
    dependencies::check(units, diagnostics);
    cycles::check(units, diagnostics);
    objects::check(settled, units, diagnostics);
    charts::check(settled, units, diagnostics);
    reach::check(inputs, base, views, settled, diagnostics);
}
