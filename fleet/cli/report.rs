//! What `validate` says of a repository, for people: one thing once, with the places where it is so.

use crate::exit::Failure;
use crate::output;
use mainstay_diagnostic::{Diagnostic, Severity};
use mainstay_unit::{Reading, RenderState};
use std::collections::BTreeMap;

/// Places and units that are named of many, unless all are asked for.
const NAMED: usize = 3;

/// `all` names every place and unit.
pub(crate) fn print(reading: &Reading, all: bool) -> Result<(), Failure> {
    output::print(&problems(&reading.diagnostics, all))?;
    output::print(&not_rendered(reading, all))?;
    let errors = reading.errors().count();
    let warnings = reading.diagnostics.len() - errors;
    let count =
        |wanted: fn(&RenderState) -> bool| reading.units.values().filter(|u| wanted(&u.state)).count();
    let rendered = count(|s| matches!(s, RenderState::Rendered(_)));
    let not = count(|s| matches!(s, RenderState::NotRendered { .. }));
    let failed = count(|s| matches!(s, RenderState::Failed { .. }));
    output::print(&format!(
        "{}: {rendered} rendered, {not} planned but not rendered, {failed} failed. {}, {}.\n",
        output::count(reading.units.len(), "unit"),
        output::count(errors, "error"),
        output::count(warnings, "warning"),
    ))
}

pub(crate) fn problems(diagnostics: &[Diagnostic], all: bool) -> String {
    let mut out = String::new();
    for alike in together(diagnostics) {
        if let [first, others @ ..] = &alike[..] {
            out += &output::diagnostic_also(first, &elsewhere(others, all));
        }
    }
    out
}

/// Warnings that say the same of several places are one; each error is its own. In the order of the first of each.
fn together(diagnostics: &[Diagnostic]) -> Vec<Vec<&Diagnostic>> {
    let mut known = BTreeMap::new();
    let mut out: Vec<Vec<&Diagnostic>> = Vec::new();
    for diagnostic in diagnostics {
        let said = (diagnostic.code.id, &diagnostic.message, &diagnostic.hint);
        match known.get(&said).and_then(|at: &usize| out.get_mut(*at)) {
            Some(alike) if diagnostic.severity == Severity::Warning => alike.push(diagnostic),
            Some(_) | None => {
                known.insert(said, out.len());
                out.push(vec![diagnostic]);
            }
        }
    }
    out
}

/// The further places, a line for each.
fn elsewhere(others: &[&Diagnostic], all: bool) -> Vec<String> {
    let place =
        |d: &&Diagnostic| d.location.as_ref().map_or_else(|| "no place".to_owned(), ToString::to_string);
    few(others.iter().map(place).collect(), all, "more place")
}

/// The first lines, and how many there are besides.
fn few(mut lines: Vec<String>, all: bool, what: &str) -> Vec<String> {
    let more = lines.len().saturating_sub(NAMED);
    if !all && more > 0 {
        lines.truncate(NAMED);
        lines.push(format!("and {} (-o wide names them all)", output::count(more, what)));
    }
    lines
}

/// Why units are not rendered, the most frequent reason first.
fn not_rendered(reading: &Reading, all: bool) -> String {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (id, unit) in &reading.units {
        if let RenderState::NotRendered { reason } = &unit.state {
            let (line, reason) = match reason.split_once(" is not evaluated: ") {
                Some((what, why)) if !why.contains(what) => (format!("{id} ({what})"), why),
                Some((_, why)) => (id.to_string(), why),
                None => (id.to_string(), reason.as_str()),
            };
            reasons.entry(reason).or_default().push(line);
        }
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, units)| std::cmp::Reverse(units.len()));
    let mut out = String::new();
    for (reason, units) in reasons {
        out += &format!("not rendered: {reason}\n");
        out.extend(few(units, all, "more unit").iter().map(|unit| format!("  {unit}\n")));
    }
    if out.is_empty() { out } else { out + "\n" }
}

#[cfg(test)]
mod tests {
    use super::problems;
    use mainstay_diagnostic::{Diagnostic, Location, codes};

    #[test]
    fn a_warning_is_said_once_with_its_places_and_an_error_each_time() {
        let warning = |file: &str| {
            Diagnostic::new(&codes::flux::NO_EFFECT, "field x has no effect").at(Location::file(file))
        };
        let error = |file: &str| {
            Diagnostic::new(&codes::render::PATH_MISSING, "no such path").at(Location::file(file))
        };
        let told =
            [warning("a"), error("e"), warning("b"), error("f"), warning("c"), warning("d"), warning("g")];
        let problems = |all| anstream::adapter::strip_str(&problems(&told, all)).to_string();
        let few = problems(false);
        assert_eq!(few.matches("field x has no effect").count(), 1, "{few}");
        assert_eq!(few.matches("no such path").count(), 2, "{few}");
        assert!(few.contains("also: b") && few.contains("and 1 more place (-o wide"), "{few}");
        assert!(!few.contains(" g\n"), "{few}");
        let all = problems(true);
        assert!(all.contains(" g\n") && !all.contains("more place"), "{all}");
    }
}
