use super::Units;
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_unit::{Dependency, UnitId};
use std::collections::HashMap;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// Every cycle of declared dependencies that a depth-first search closes, printed whole, once.
pub(super) fn check(units: &Units, diagnostics: &mut Vec<Diagnostic>) {
    // Who depends on nobody is in no cycle.
    let nodes: Vec<(&UnitId, &[Dependency])> = units
        .iter()
        .map(|(id, reading)| (id, reading.unit.depends_on.as_slice()))
        .filter(|(_, dependencies)| !dependencies.is_empty())
        .collect();
    let places: HashMap<&UnitId, usize> = nodes.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect();
    let mut marks = vec![Mark::New; nodes.len()];
    for start in 0..nodes.len() {
        if marks[start] != Mark::New {
            continue;
        }
        // A stack of our own: a chain of dependencies may be as long as there are units.
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        marks[start] = Mark::Open;
        while let Some((at, next)) = path.last_mut() {
            let Some(dependency) = nodes[*at].1.get(*next) else {
                marks[*at] = Mark::Done;
                path.pop();
                continue;
            };
            *next += 1;
            let Some(&on) = places.get(&dependency.on) else { continue };
            match marks[on] {
                Mark::Done => {}
                Mark::Open => {
                    let from = path.iter().position(|(at, _)| *at == on).unwrap_or_default();
                    let cycle: Vec<&UnitId> = path[from..].iter().map(|(at, _)| nodes[*at].0).collect();
                    diagnostics.push(told(&cycle, units));
                }
                Mark::New => {
                    marks[on] = Mark::Open;
                    path.push((on, 0));
                }
            }
        }
    }
}

/// Begins at the first name, wherever the search came in.
fn told(cycle: &[&UnitId], units: &Units) -> Diagnostic {
    let first = cycle.iter().enumerate().min_by_key(|(_, id)| **id).map_or(0, |(i, _)| i);
    let turned: Vec<&UnitId> = cycle[first..].iter().chain(&cycle[..first]).copied().collect();
    let mut names: Vec<String> = turned.iter().map(ToString::to_string).collect();
    names.push(turned[0].to_string());
    let places: Vec<String> = turned
        .iter()
        .enumerate()
        .filter_map(|(i, id)| {
            let next = turned[(i + 1) % turned.len()];
            let edge = units.get(*id)?.unit.depends_on.iter().find(|d| d.on == *next)?;
            Some(format!("{id} depends on {next} at {}", edge.location))
        })
        .collect();
    let mut out = Diagnostic::new(&codes::unit::CYCLE, format!("dependency cycle: {}", names.join(" -> ")));
    let at = units.get(turned[0]).and_then(|r| r.unit.depends_on.iter().find(|d| turned.contains(&&d.on)));
    if let Some(dependency) = at {
        out = out.at(dependency.location.clone());
    }
    out.hint(places.join("; "))
}
