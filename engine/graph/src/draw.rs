use crate::{Graph, Reason};
use mainstay_unit::UnitId;
use std::collections::BTreeMap;
use std::fmt::Write;

/// One line per unit, dependencies first, indented by wave: for people and for snapshot tests.
pub fn draw(graph: &Graph) -> String {
    draw_known(graph, &BTreeMap::new())
}

/// The same where of some units it is not known what they come after: they stand last, without a wave, and with what is
/// said of them.
pub fn draw_known(graph: &Graph, unknown: &BTreeMap<UnitId, String>) -> String {
    let mut out = String::new();
    for id in graph.ordered().into_iter().filter(|id| !unknown.contains_key(id)) {
        let wave = graph.wave(id).unwrap_or_default();
        let mut line = format!("{wave:<3}{}{id}", "  ".repeat(wave.min(20)));
        let mut separator = " <- ";
        for (to, reason) in graph.dependencies(id) {
            // Writing to a String cannot fail.
            let _ = write!(line, "{separator}{to}{}", mark(reason));
            separator = ", ";
        }
        out.push_str(&line);
        out.push('\n');
    }
    for (id, why) in unknown {
        let _ = writeln!(out, "-  {id} ({why})");
    }
    for cycle in graph.cycles() {
        let path: Vec<_> = cycle.iter().chain(cycle.first()).map(ToString::to_string).collect();
        let _ = writeln!(out, "cycle: {}", path.join(" -> "));
    }
    out
}

fn mark(reason: Reason) -> &'static str {
    match reason {
        Reason::Declared => "",
        Reason::Target => " (target)",
        Reason::Namespace => " (namespace)",
        Reason::Definition => " (definition)",
        Reason::Parent => " (parent)",
    }
}
