use crate::run::Outcome;
use std::collections::BTreeMap;

#[derive(Default)]
struct Row {
    cases: usize,
    embedded: usize,
    real: usize,
    known: usize,
}

/// The failures, what is known to differ, and a table by area.
pub fn print(outcomes: &[Outcome], has_real: bool) {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for outcome in outcomes {
        let embedded_ok = outcome.embedded.is_empty() && outcome.differences.is_empty();
        for row in ["", &*outcome.area] {
            let row = rows.entry(row).or_default();
            row.cases += 1;
            row.embedded += usize::from(embedded_ok);
            row.real += usize::from(outcome.real.as_ref().is_some_and(Vec::is_empty));
            row.known += outcome.known.len();
        }
        if !outcome.is_good() {
            println!("FAILED {}: {}", outcome.area, outcome.name);
        }
        for problem in &outcome.embedded {
            println!("    embedded: {problem}");
        }
        for problem in outcome.real.iter().flatten() {
            println!("    real: {problem}");
        }
        for difference in &outcome.differences {
            println!("    {}", difference.replace('\n', "\n    "));
        }
    }
    for outcome in outcomes {
        for known in &outcome.known {
            println!("known to differ: {known}");
        }
    }
    let total = rows.remove("").unwrap_or_default();
    println!("{:<22} {:>6} {:>12} {:>8} {:>7}", "area", "cases", "embedded ok", "real ok", "differ");
    for (area, row) in rows.iter().chain([(&"all", &total)]) {
        let real = if has_real { row.real.to_string() } else { "skipped".to_owned() };
        println!("{area:<22} {:>6} {:>12} {real:>8} {:>7}", row.cases, row.embedded, row.known);
    }
}
