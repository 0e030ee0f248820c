//! The house table of ARCHITECTURE.md: which crates exist and what each may import.
//!
//! A row is `| crate | holds | may import |`. Imports are transitive: who may import a crate may import what that
//! crate may import.

use crate::workspace::text;
use std::collections::{BTreeMap, BTreeSet};

/// Folder of a crate to the short names it may import; `None` is anything.
pub type Table = BTreeMap<String, Option<BTreeSet<String>>>;

pub fn house() -> Table {
    parse(&text("ARCHITECTURE.md").expect("ARCHITECTURE.md is there"))
}

/// Everything that `imports` allow in the end.
pub fn closure(table: &Table, imports: &BTreeSet<String>) -> BTreeSet<String> {
    let mut all = imports.clone();
    let mut open: Vec<String> = imports.iter().cloned().collect();
    while let Some(name) = open.pop() {
        let row = table.iter().find(|(folder, _)| short(folder) == name).and_then(|(_, row)| row.as_ref());
        for import in row.into_iter().flatten() {
            if all.insert(import.clone()) {
                open.push(import.clone());
            }
        }
    }
    all
}

/// `engine/object` is `object`.
pub fn short(folder: &str) -> &str {
    folder.rsplit('/').next().unwrap_or(folder)
}

fn parse(markdown: &str) -> Table {
    let rows = markdown
        .lines()
        .skip_while(|line| !line.starts_with("| crate | holds | may import |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [folder, _, imports] = cells[..] else { panic!("not three columns in the house table: {row}") };
        (folder.trim_matches('`').to_owned(), row_imports(imports))
    })
    .collect()
}

fn row_imports(cell: &str) -> Option<BTreeSet<String>> {
    match cell {
        "anything" => None,
        "-" => Some(BTreeSet::new()),
        names => Some(names.split(',').map(|name| name.trim().trim_matches('`').to_owned()).collect()),
    }
}

#[test]
fn imports_are_transitive_and_a_dash_is_none() {
    let table = parse(
        "| crate | holds | may import |\n|---|---|---|\n| `a/x` | | - |\n| `a/y` | | x |\n| `b/z` | | y |\n| `c` | | anything |\n\nrest",
    );
    assert_eq!(table.len(), 4);
    assert_eq!(table["c"], None);
    let reach = closure(&table, table["b/z"].as_ref().unwrap());
    assert_eq!(reach.into_iter().collect::<Vec<_>>(), ["x", "y"]);
}
