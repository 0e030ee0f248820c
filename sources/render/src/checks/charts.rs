use super::Units;
use crate::fixpoint::{Rendered, Settled};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_object::GroupKind;
use mainstay_unit::{Source, UnitId};
use std::collections::BTreeSet;

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

/// A chart beside custom resources that nothing else defines: the chart most likely brings their kind, too late.
pub(super) fn check(settled: &Settled, units: &Units, diagnostics: &mut Vec<Diagnostic>) {
    let with_charts: BTreeSet<&UnitId> = units
        .values()
        .filter(|reading| matches!(reading.unit.source, Source::Chart(_)))
        .filter_map(|reading| reading.parent.as_ref())
        .collect();
    if with_charts.is_empty() {
        return;
    }
    let defined = definitions(settled);
    for id in with_charts {
        let Some(Rendered::Done(outcome)) = settled.renders.get(id) else { continue };
        let mut told = BTreeSet::new();
        for desired in &outcome.rendered.objects {
            let kind = desired.key.group_kind();
            if BUILT_IN.contains(&kind.group.as_str())
                || defined.contains(&kind)
                || !told.insert(kind.clone())
            {
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

fn definitions(settled: &Settled) -> BTreeSet<GroupKind> {
    let mut out = BTreeSet::new();
    for render in settled.renders.values() {
        let Rendered::Done(outcome) = render else { continue };
        out.extend(outcome.rendered.footprint.defines.iter().cloned());
    }
    out
}
