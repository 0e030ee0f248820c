use super::Expanded;
use super::pieces::{Expansions, Whole};
use crate::kinds::{DependencyKind, DependencyRef};
use crate::{PLATFORM_TENANT, Place};
use mainstay_unit::{Dependency, Missing, Unit, UnitId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Fills in what every unit depends on, now that all of them have their names.
pub(super) fn resolve(whole: Whole<'_>, expansions: &mut Expansions) -> Expanded {
    let Whole { mut out, depends_on } = whole;
    if depends_on.iter().all(|(references, _)| references.is_empty()) {
        expansions.keep(&[]);
        return out;
    }
    let before: Vec<Arc<Unit>> = out.units.iter().map(|native| native.unit.clone()).collect();
    let known: BTreeSet<UnitId> = out.units.iter().map(|native| native.unit.id.clone()).collect();
    for (native, (references, place)) in out.units.iter_mut().zip(depends_on) {
        if references.is_empty() {
            continue;
        }
        let dependency = |(i, reference): (usize, &DependencyRef)| Dependency {
            on: name(reference, &native.unit.id, &known),
            ready_expr: reference.ready_expr.clone(),
            missing: Missing::Error,
            location: place.location(&format!("/spec/dependsOn/{i}")),
        };
        let more = references.iter().enumerate().map(dependency).collect();
        native.unit = expansions.resolved(native, more);
    }
    expansions.keep(&before);
    out
}

fn name(reference: &DependencyRef, from: &UnitId, known: &BTreeSet<UnitId>) -> UnitId {
    let kind = match reference.kind {
        DependencyKind::Cluster => "cluster",
        DependencyKind::Provider => "provider",
        DependencyKind::Module => "module",
    };
    let cluster = match (reference.kind, reference.cluster.as_deref()) {
        (DependencyKind::Cluster, _) | (_, Some("management")) => "",
        (_, None | Some("same")) => &from.cluster,
        (_, Some(name)) => name,
    };
    let of = |tenant: &str| UnitId::new(kind, tenant, &reference.name, cluster);
    match &reference.tenant {
        Some(tenant) => of(tenant),
        None => [of(&from.tenant), of(PLATFORM_TENANT)]
            .into_iter()
            .find(|id| known.contains(id))
            .unwrap_or_else(|| of(&from.tenant)),
    }
}

/// Whatever goes to a cluster needs that cluster.
pub(super) fn on_cluster(on: UnitId, place: &Place) -> Dependency {
    Dependency { on, ready_expr: None, missing: Missing::Error, location: place.location("") }
}
