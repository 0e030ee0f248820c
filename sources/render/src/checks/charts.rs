use super::Units;
use crate::fixpoint::{Rendered, Settled};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_object::GroupKind;
use mainstay_unit::{Source, UnitId};
use std::collections::{BTreeMap, BTreeSet};

/// The API server's own groups.
const BUILT_IN: &[&str] = &[
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// A chart beside custom resources whose kind nothing but that chart brings, too late: it is rendered and does, or of what
/// is not rendered it is all that could, or all that has the name of the kind's group (`kyverno` and `kyverno.io`).
pub(super) fn check(settled: &Settled, units: &Units, diagnostics: &mut Vec<Diagnostic>) {
    let mut charts: BTreeMap<&UnitId, BTreeSet<&UnitId>> = BTreeMap::new();
    for (id, reading) in units.iter() {
        if let (Source::Chart(_), Some(parent)) = (&reading.unit.source, &reading.parent) {
            charts.entry(parent).or_default().insert(id);
        }
    }
    if charts.is_empty() {
        return;
    }
    let defined = definitions(settled);
    let done = |id: &UnitId| matches!(settled.renders.get(id), Some(Rendered::Done(_)));
    let unknown: BTreeSet<&UnitId> = units.keys().filter(|id| !done(id)).collect();
    for (id, own) in charts {
        let Some(Rendered::Done(outcome)) = settled.renders.get(id) else { continue };
        let brought = |kind: &GroupKind| match defined.get(kind) {
            Some(by) => by.is_subset(&own),
            None => {
                let namesakes: BTreeSet<&UnitId> =
                    unknown.iter().copied().filter(|id| is_named_after(&id.name, &kind.group)).collect();
                let could = if namesakes.is_empty() { &unknown } else { &namesakes };
                !could.is_empty() && could.is_subset(&own)
            }
        };
        let mut told = BTreeSet::new();
        for desired in &outcome.rendered.objects {
            let kind = desired.key.group_kind();
            if BUILT_IN.contains(&kind.group.as_str()) || !brought(&kind) || !told.insert(kind.clone()) {
                continue;
            }
            let message = format!(
                "{id} holds a chart and {} of kind {kind}, whose CRD nothing else provides",
                desired.key.name()
            );
            diagnostics.push(
                Diagnostic::new(&codes::unit::CHART_CRD, message)
                    .at(desired.origin.clone())
                    .hint("move it to a unit that depends on this one"),
            );
        }
    }
}

/// `external-secrets` after `external-secrets.io`, `rook-ceph` after `ceph.rook.io`.
fn is_named_after(name: &str, group: &str) -> bool {
    group
        .split('.')
        .any(|label| name.strip_prefix(label).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
}

/// Who defines each kind.
fn definitions(settled: &Settled) -> BTreeMap<GroupKind, BTreeSet<&UnitId>> {
    let mut out: BTreeMap<GroupKind, BTreeSet<&UnitId>> = BTreeMap::new();
    for (id, render) in &settled.renders {
        let Rendered::Done(outcome) = render else { continue };
        for kind in &outcome.rendered.footprint.defines {
            out.entry(kind.clone()).or_default().insert(id);
        }
    }
    out
}
