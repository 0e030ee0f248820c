use super::Units;
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_unit::UnitId;
use std::collections::BTreeMap;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Open,
    Done,
}

/// Every cycle of declared dependencies that a depth-first search closes, printed whole, once.
pub(super) fn check(units: &Units, diagnostics: &mut Vec<Diagnostic>) {
    let mut marks: BTreeMap<&UnitId, Mark> = BTreeMap::new();
    for start in units.keys() {
        if marks.contains_key(start) {
            continue;
        }
        // A stack of our own: a chain of dependencies may be as long as there are units.
        let mut path: Vec<(&UnitId, usize)> = vec![(start, 0)];
        marks.insert(start, Mark::Open);
        while let Some((id, next)) = path.last_mut() {
            let dependencies = units.get(*id).map(|r| r.unit.depends_on.as_slice()).unwrap_or_default();
            let Some(dependency) = dependencies.get(*next) else {
                marks.insert(id, Mark::Done);
                path.pop();
                continue;
            };
            *next += 1;
            match marks.get(&dependency.on) {
                Some(Mark::Done) => {}
                Some(Mark::Open) => {
                    let from = path.iter().position(|(id, _)| **id == dependency.on).unwrap_or_default();
                    let cycle: Vec<&UnitId> = path[from..].iter().map(|(id, _)| *id).collect();
                    diagnostics.push(told(&cycle, units));
                }
                None => {
                    if let Some((on, _)) = units.get_key_value(&dependency.on) {
                        marks.insert(on, Mark::Open);
                        path.push((on, 0));
                    }
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
