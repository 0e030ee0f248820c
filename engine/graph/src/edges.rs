use crate::{Edge, Graph, Reason};
use mainstay_unit::{Reading, ReadingUnit, RenderState, Role, Target, UnitId};
use std::collections::BTreeMap;

/// What the objects of one target say about order: who declares its namespaces and its custom resource definitions.
#[derive(Default)]
struct Providers<'a> {
    namespaces: BTreeMap<(&'a str, &'a str), &'a UnitId>,
    /// By target, group and kind.
    definitions: BTreeMap<(&'a str, &'a str, &'a str), &'a UnitId>,
    clusters: BTreeMap<&'a str, &'a UnitId>,
}

/// The graph of a reading: declared edges, the edge to the target's Cluster, and the soft edges that the rendered
/// objects imply.
pub fn of_reading(reading: &Reading) -> Graph {
    Graph::new(reading.units.keys().cloned(), edges(reading))
}

/// The same; nothing where it would be the one before.
pub fn of_reading_since(reading: &Reading, before: &Graph) -> Option<Graph> {
    let edges = edges(reading);
    let same = before.waves.keys().eq(reading.units.keys()) && before.given == edges;
    (!same).then(|| Graph::new(reading.units.keys().cloned(), edges))
}

fn edges(reading: &Reading) -> Vec<Edge> {
    let mut providers = Providers::default();
    for (id, unit) in &reading.units {
        if unit.unit.role == Role::Cluster {
            providers.clusters.insert(&id.name, id);
        }
        provide(&mut providers, id, unit);
    }
    let mut edges = Vec::new();
    for (id, unit) in &reading.units {
        let mut edge = |to: &UnitId, reason| edges.push(Edge { from: id.clone(), to: to.clone(), reason });
        for dependency in &unit.unit.depends_on {
            edge(&dependency.on, Reason::Declared);
        }
        if let Target::Workload(workload) = &unit.unit.target
            && let Some(cluster) = providers.clusters.get(workload.name.as_str())
        {
            edge(cluster, Reason::Target);
        }
        if let Some(parent) = &unit.parent {
            edge(parent, Reason::Parent);
        }
        demand(&providers, unit, &mut edge);
    }
    edges
}

fn provide<'a>(providers: &mut Providers<'a>, id: &'a UnitId, unit: &'a ReadingUnit) {
    let RenderState::Rendered(rendered) = &unit.state else { return };
    let target = unit.unit.target.name();
    for name in &rendered.footprint.declares {
        providers.namespaces.entry((target, name)).or_insert(id);
    }
    for kind in &rendered.footprint.defines {
        providers.definitions.entry((target, &kind.group, &kind.kind)).or_insert(id);
    }
}

fn demand(providers: &Providers<'_>, unit: &ReadingUnit, edge: &mut impl FnMut(&UnitId, Reason)) {
    let RenderState::Rendered(rendered) = &unit.state else { return };
    let target = unit.unit.target.name();
    for name in &rendered.footprint.namespaces {
        if let Some(to) = providers.namespaces.get(&(target, name.as_str())) {
            edge(to, Reason::Namespace);
        }
    }
    for kind in &rendered.footprint.kinds {
        if let Some(to) = providers.definitions.get(&(target, kind.group.as_str(), kind.kind.as_str())) {
            edge(to, Reason::Definition);
        }
    }
}
