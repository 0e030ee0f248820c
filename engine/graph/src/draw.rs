use crate::{Graph, Reason};
use std::fmt::Write;

/// One line per unit, dependencies first, indented by wave: for people and for snapshot tests.
pub fn draw(graph: &Graph) -> String {
    let mut out = String::new();
    for id in graph.ordered() {
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
