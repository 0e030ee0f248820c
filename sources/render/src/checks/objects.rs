use super::Units;
use crate::fixpoint::{Rendered, Settled};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_object::ObjectKey;
use mainstay_unit::{Applying, Dialect, Manifest, RenderState, Source, UnitId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

type Owners<'a> = BTreeMap<(&'a str, ObjectKey), Vec<(&'a UnitId, &'a Manifest)>>;

/// No object has two owners, but for a namespace that all declare alike, and what Kustomizations of Flux render alike:
/// the first in graph order has it alone.
pub(super) fn check(settled: &Settled, units: &mut Units, diagnostics: &mut Vec<Diagnostic>) {
    let twice = twice(settled);
    if twice.is_empty() {
        return;
    }
    let mut owners: Owners<'_> = BTreeMap::new();
    // Units with an error in their declaration are looked at too: what they would render is known.
    for (id, render) in &settled.renders {
        let (Rendered::Done(outcome), Some(declared)) = (render, settled.state.units.get(id)) else {
            continue;
        };
        let target = declared.unit.target.name();
        let rendered = &outcome.rendered;
        for (desired, mark) in rendered.objects.iter().zip(&rendered.footprint.marks) {
            if twice.binary_search(&at(target, *mark)).is_ok() {
                owners.entry((target, desired.key.clone())).or_default().push((id, desired));
            }
        }
    }
    owners.retain(|_, owners| owners.len() > 1);
    if owners.is_empty() {
        return;
    }
    let order = graph_order(units);
    let mut given_away: BTreeMap<UnitId, BTreeSet<ObjectKey>> = BTreeMap::new();
    for ((_, key), mut owners) in owners {
        let place = |id: &UnitId| order.get(id).copied().unwrap_or(usize::MAX);
        let suspended = |id: &UnitId| units.get(id).is_some_and(|reading| reading.unit.suspend);
        owners.sort_by_key(|(id, desired)| (yields(desired), suspended(id), place(id), *id));
        let (first, one) = owners[0];
        for (id, other) in &owners[1..] {
            if yields(other) {
                given_away.entry((*id).clone()).or_default().insert(key.clone());
                continue;
            }
            let is_namespace = key.group().is_empty() && key.kind() == "Namespace";
            let same = one.digest == other.digest;
            if same && (is_namespace || [first, *id].iter().all(|id| is_kustomization(units, id))) {
                let (code, what) = match is_namespace {
                    true => (&codes::unit::SHARED_NAMESPACE, format!("namespace {}", key.name())),
                    false => (&codes::unit::SHARED_OBJECT, key.to_string()),
                };
                let message =
                    format!("{what} is declared by {first} ({}) and by {id} ({})", one.origin, other.origin);
                diagnostics.push(
                    Diagnostic::new(code, message).at(other.origin.clone()).hint(format!("{first} owns it")),
                );
                given_away.entry((*id).clone()).or_default().insert(key.clone());
                continue;
            }
            let how = if is_namespace { ", differently" } else { "" };
            let message =
                format!("{key} is declared by {first} ({}) and by {id} ({}){how}", one.origin, other.origin);
            let problem = Diagnostic::new(&codes::unit::DUPLICATE_OBJECT, message).at(other.origin.clone());
            for unit in [first, *id] {
                fail(units, unit, &problem);
            }
            diagnostics.push(problem);
        }
    }
    for (id, keys) in given_away {
        let Some(reading) = units.get_mut(&id) else { continue };
        if let RenderState::Rendered(rendered) = &mut reading.state {
            *rendered = Arc::new(rendered.without(&keys));
        }
    }
}

/// A Kustomization of Flux's: its controller lets several apply one object.
fn is_kustomization(units: &Units, id: &UnitId) -> bool {
    units.get(id).is_some_and(|reading| {
        reading.unit.dialect == Dialect::Flux && matches!(reading.unit.source, Source::Folder { .. })
    })
}

/// What a chart makes only where nobody else does: its namespace, or a definition that another chart brings too.
fn yields(desired: &Manifest) -> bool {
    let kind = matches!(
        (desired.key.group(), desired.key.kind()),
        ("", "Namespace") | ("apiextensions.k8s.io", "CustomResourceDefinition")
    );
    kind && desired.policy.applying == Applying::IfNotPresent
}

/// The marks of objects that more than one unit may have: that of every such object, and hardly another.
fn twice(settled: &Settled) -> Vec<u64> {
    let mut all: Vec<u64> = Vec::new();
    for (id, render) in &settled.renders {
        if let (Rendered::Done(outcome), Some(declared)) = (render, settled.state.units.get(id)) {
            let target = declared.unit.target.name();
            all.extend(outcome.rendered.footprint.marks.iter().map(|mark| at(target, *mark)));
        }
    }
    all.sort_unstable();
    let mut twice: Vec<u64> = all.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    twice.dedup();
    twice
}

/// An object's mark in one target.
fn at(target: &str, mark: u64) -> u64 {
    let seed = 0xcbf2_9ce4_8422_2325;
    target.bytes().fold(seed ^ mark, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn fail(units: &mut Units, id: &UnitId, problem: &Diagnostic) {
    if let Some(reading) = units.get_mut(id)
        && matches!(reading.state, RenderState::Rendered(_))
    {
        reading.state = RenderState::Failed { first: Box::new(problem.clone()) };
    }
}

/// The length of the longest chain of dependencies below each unit; a cycle counts as far as it is walked.
fn graph_order(units: &Units) -> BTreeMap<UnitId, usize> {
    let mut order: BTreeMap<UnitId, usize> = BTreeMap::new();
    let mut open: BTreeSet<&UnitId> = BTreeSet::new();
    for start in units.keys() {
        let mut stack = vec![(start, false)];
        while let Some((id, done)) = stack.pop() {
            let dependencies = || {
                units
                    .get(id)
                    .into_iter()
                    .flat_map(|r| &r.unit.depends_on)
                    .filter_map(|d| units.get_key_value(&d.on).map(|(id, _)| id))
            };
            if done {
                open.remove(id);
                let below = dependencies().filter_map(|on| order.get(on)).max();
                let wave = below.map_or(0, |below| below + 1);
                order.insert(id.clone(), wave);
                continue;
            }
            if order.contains_key(id) || !open.insert(id) {
                continue;
            }
            stack.push((id, true));
            stack.extend(dependencies().map(|on| (on, false)));
        }
    }
    order
}
