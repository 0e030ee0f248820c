use super::Units;
use crate::declared::{DeclaredUnit, State};
use mainstay_diagnostic::{Diagnostic, codes, nearest};
use mainstay_unit::{Missing, RenderState, UnitId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A Flux unit is named by kind, namespace and name; which cluster it goes to is no part of a reference.
pub(crate) fn resolve(state: &mut State) {
    let waits = |declared: &Arc<DeclaredUnit>| {
        let mut on = declared.unit.depends_on.iter();
        on.any(|d| d.missing == Missing::Wait && !state.units.contains_key(&d.on))
    };
    if !state.units.values().any(waits) {
        return;
    }
    let ids: BTreeSet<UnitId> = state.units.keys().cloned().collect();
    for declared in state.units.values_mut() {
        let unresolved = |on: &UnitId, missing: Missing| missing == Missing::Wait && !ids.contains(on);
        if !declared.unit.depends_on.iter().any(|d| unresolved(&d.on, d.missing)) {
            continue;
        }
        for dependency in &mut Arc::make_mut(&mut Arc::make_mut(declared).unit).depends_on {
            if !unresolved(&dependency.on, dependency.missing) {
                continue;
            }
            let on = &dependency.on;
            let same = |id: &&UnitId| id.kind == on.kind && id.tenant == on.tenant && id.name == on.name;
            if let Some(found) = ids.iter().find(same) {
                dependency.on = found.clone();
            }
        }
    }
}

pub(super) fn check(units: &mut Units, diagnostics: &mut Vec<Diagnostic>) {
    let known: Vec<UnitId> = units.keys().cloned().collect();
    for (id, reading) in units {
        for dependency in &reading.unit.depends_on {
            if known.binary_search(&dependency.on).is_ok() {
                continue;
            }
            let code = match dependency.missing {
                Missing::Error => &codes::unit::UNDEFINED_DEPENDENCY,
                Missing::Wait => &codes::unit::WAITING_DEPENDENCY,
            };
            let message = format!("{id} depends on {}, which nothing declares", dependency.on);
            let mut problem = Diagnostic::new(code, message).at(dependency.location.clone());
            let names: Vec<String> = known
                .iter()
                .filter(|other| other.kind == dependency.on.kind)
                .map(ToString::to_string)
                .collect();
            if let Some(near) = nearest(&dependency.on.to_string(), names.iter().map(String::as_str)) {
                problem = problem.hint(format!("did you mean {near}?"));
            }
            if dependency.missing == Missing::Error && !matches!(reading.state, RenderState::Failed { .. }) {
                reading.state = RenderState::Failed { first: Box::new(problem.clone()) };
            }
            diagnostics.push(problem);
        }
    }
}
