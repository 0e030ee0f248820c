use super::Units;
use crate::entry::Base;
use crate::fixpoint::{Rendered, Settled};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_native::check_objects;
use mainstay_unit::{RenderState, Tests};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Holds units to what their native tenants permit, those that a render declared included.
pub(super) fn check(base: &Base, settled: &Settled, units: &mut Units, diagnostics: &mut Vec<Diagnostic>) {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for (id, declared) in &settled.state.units {
        let Some(rules) = declared.owner.as_ref().and_then(|owner| base.tenants.get(owner)) else { continue };
        let Some(Rendered::Done(outcome)) = settled.renders.get(id) else { continue };
        let hooks = outcome.rendered.hooks.iter().map(|hook| &hook.manifest);
        let objects = outcome.rendered.objects.iter().chain(hooks);
        let objects = objects.map(|object| (object.key.clone(), &object.origin));
        let mut problems = check_objects(rules, &declared.unit, objects);
        let declaring = outcome.declared.iter().map(|d| (d.desired.object.key(), &d.desired.origin));
        problems.extend(check_objects(rules, &declared.unit, declaring));
        let owner = declared.owner.as_deref().unwrap_or_default();
        let count = counts.entry(owner).or_default();
        *count = count.saturating_add(u32::try_from(outcome.rendered.objects.len()).unwrap_or(u32::MAX));
        if let Some(limit) = rules.objects.filter(|limit| *count > *limit) {
            let message =
                format!("{id}: tenant {owner} may have {limit} objects and has {count} with this unit");
            problems.push(
                Diagnostic::new(&codes::native::TENANT_QUOTA, message).at(declared.unit.declared_at.clone()),
            );
        }
        let tests = outcome
            .rendered
            .tests
            .hooks
            .iter()
            .map(|test| (test.manifest.key.clone(), &test.manifest.origin));
        let forbidden = check_objects(rules, &declared.unit, tests);
        if let (Some(first), Some(reading)) = (forbidden.first(), units.get_mut(id))
            && let RenderState::Rendered(rendered) = &mut reading.state
        {
            // Nothing runs them unasked: the unit is sound without.
            let tests = Tests { hooks: Vec::new(), refused: Some(first.message.clone()) };
            *rendered = Arc::new(mainstay_unit::Rendered { tests, ..(**rendered).clone() });
        }
        if let (Some(first), Some(reading)) = (problems.first(), units.get_mut(id))
            && matches!(reading.state, RenderState::Rendered(_))
        {
            reading.state = RenderState::Failed { first: Box::new(first.clone()) };
        }
        diagnostics.extend(problems);
    }
}
