//! Edges between units, waves and cycles.
//!
//! Absent by design: why a unit waits or fails (that is `reconcile`), I/O, clocks. The same units give the same graph.

mod draw;
mod edges;
#[cfg(test)]
mod tests;

use mainstay_unit::UnitId;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use std::collections::{BTreeMap, BTreeSet};

pub use draw::{draw, draw_known};
pub use edges::{of_reading, of_reading_since};

/// Why one unit comes after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The user wrote `dependsOn`.
    Declared,
    /// The unit's objects go to that Cluster.
    Target,
    /// The unit's objects live in a namespace that the other declares.
    Namespace,
    /// The unit holds custom resources whose definition the other declares.
    Definition,
    /// The unit was declared by the other's render.
    Parent,
}

impl Reason {
    /// Soft edges come by themselves and are dropped where they would close a cycle.
    pub fn is_soft(self) -> bool {
        match self {
            Self::Declared | Self::Target => false,
            Self::Namespace | Self::Definition | Self::Parent => true,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The dependent.
    pub from: UnitId,
    /// What it depends on.
    pub to: UnitId,
    pub reason: Reason,
}

/// The units and their order. Every unit has a wave: the length of the longest chain below it.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    waves: BTreeMap<UnitId, usize>,
    dependencies: BTreeMap<UnitId, BTreeMap<UnitId, Reason>>,
    dependents: BTreeMap<UnitId, BTreeSet<UnitId>>,
    cycles: Vec<Vec<UnitId>>,
    /// What it was made of.
    given: Vec<Edge>,
}

impl Graph {
    /// Edges to units that are not among `units` are left out: the caller has judged undefined dependencies.
    pub fn new(units: impl IntoIterator<Item = UnitId>, edges: impl IntoIterator<Item = Edge>) -> Self {
        let units: BTreeSet<UnitId> = units.into_iter().collect();
        let given: Vec<Edge> = edges.into_iter().collect();
        let mut edges: Vec<Edge> = given
            .iter()
            .filter(|e| units.contains(&e.from) && units.contains(&e.to) && e.from != e.to)
            .cloned()
            .collect();
        edges.sort_by(|a, b| (a.reason, &a.from, &a.to).cmp(&(b.reason, &b.from, &b.to)));

        let mut graph = DiGraph::<UnitId, Reason>::new();
        let index: BTreeMap<UnitId, NodeIndex> =
            units.iter().map(|id| (id.clone(), graph.add_node(id.clone()))).collect();
        let (hard, soft): (Vec<_>, Vec<_>) = edges.into_iter().partition(|e| !e.reason.is_soft());
        for edge in hard {
            graph.update_edge(index[&edge.from], index[&edge.to], edge.reason);
        }
        let cycles = cycles(&graph);
        let mut reach = Reachability::new(&graph);
        for edge in soft {
            let (from, to) = (index[&edge.from], index[&edge.to]);
            if graph.find_edge(from, to).is_none() && !reach.leads(&graph, to, from) {
                graph.add_edge(from, to, edge.reason);
            }
        }
        Self { given, ..Self::assemble(&graph, cycles) }
    }

    fn assemble(graph: &DiGraph<UnitId, Reason>, cycles: Vec<Vec<UnitId>>) -> Self {
        let mut out = Self { cycles, ..Self::default() };
        for edge in graph.edge_references() {
            let (from, to) = (&graph[edge.source()], &graph[edge.target()]);
            out.dependencies.entry(from.clone()).or_default().insert(to.clone(), *edge.weight());
            out.dependents.entry(to.clone()).or_default().insert(from.clone());
        }
        // tarjan_scc yields components in reverse topological order of the arcs, that is dependencies first.
        for component in tarjan_scc(graph) {
            let wave = component
                .iter()
                .flat_map(|&n| graph.neighbors(n))
                .filter_map(|n| out.waves.get(&graph[n]))
                .map(|w| w + 1)
                .max()
                .unwrap_or(0);
            for node in component {
                out.waves.insert(graph[node].clone(), wave);
            }
        }
        out
    }

    /// Dependencies of a unit, with the reason of each edge.
    pub fn dependencies(&self, id: &UnitId) -> impl Iterator<Item = (&UnitId, Reason)> {
        self.dependencies.get(id).into_iter().flatten().map(|(id, reason)| (id, *reason))
    }

    pub fn dependents(&self, id: &UnitId) -> impl Iterator<Item = &UnitId> {
        self.dependents.get(id).into_iter().flatten()
    }

    pub fn wave(&self, id: &UnitId) -> Option<usize> {
        self.waves.get(id).copied()
    }

    pub fn units(&self) -> impl Iterator<Item = &UnitId> {
        self.waves.keys()
    }

    /// Units by wave, then by name: dependencies first.
    pub fn ordered(&self) -> Vec<&UnitId> {
        let mut all: Vec<_> = self.waves.iter().collect();
        all.sort_by_key(|(id, wave)| (**wave, *id));
        all.into_iter().map(|(id, _)| id).collect()
    }

    /// Each cycle of declared edges once, starting at its smallest unit; the first is not repeated at the end.
    pub fn cycles(&self) -> &[Vec<UnitId>] {
        &self.cycles
    }

    pub fn in_cycle(&self, id: &UnitId) -> bool {
        self.cycles.iter().any(|c| c.contains(id))
    }
}

fn cycles(graph: &DiGraph<UnitId, Reason>) -> Vec<Vec<UnitId>> {
    let mut out: Vec<Vec<UnitId>> = tarjan_scc(graph)
        .into_iter()
        .filter(|c| c.len() > 1)
        .map(|component| walk(graph, &component))
        .collect();
    out.sort();
    out
}

/// A shortest way around inside a strongly connected component, from its smallest unit.
fn walk(graph: &DiGraph<UnitId, Reason>, component: &[NodeIndex]) -> Vec<UnitId> {
    let members: BTreeSet<NodeIndex> = component.iter().copied().collect();
    let Some(&start) = component.iter().min_by_key(|n| &graph[**n]) else { return Vec::new() };
    let mut previous: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        let mut next: Vec<_> = graph.neighbors(node).filter(|n| members.contains(n)).collect();
        next.sort_by_key(|n| &graph[*n]);
        for neighbour in next {
            if neighbour == start {
                let mut path = vec![node];
                while let Some(&before) = previous.get(path.last().unwrap_or(&start)) {
                    path.push(before);
                }
                path.reverse();
                return path.into_iter().map(|n| graph[n].clone()).collect();
            }
            if neighbour != start && !previous.contains_key(&neighbour) {
                previous.insert(neighbour, node);
                queue.push_back(neighbour);
            }
        }
    }
    Vec::new()
}

/// Depth-first search that reuses its memory: soft edges are many, and each must not close a cycle.
struct Reachability {
    seen: Vec<u32>,
    round: u32,
    stack: Vec<NodeIndex>,
}

impl Reachability {
    fn new(graph: &DiGraph<UnitId, Reason>) -> Self {
        Self { seen: vec![0; graph.node_count()], round: 0, stack: Vec::new() }
    }

    fn leads(&mut self, graph: &DiGraph<UnitId, Reason>, from: NodeIndex, to: NodeIndex) -> bool {
        self.round += 1;
        self.stack.clear();
        self.stack.push(from);
        while let Some(node) = self.stack.pop() {
            if node == to {
                return true;
            }
            if std::mem::replace(&mut self.seen[node.index()], self.round) == self.round {
                continue;
            }
            self.stack.extend(graph.neighbors(node));
        }
        false
    }
}
