//! The crates and their edges are those of the house table.

use crate::expect_none;
use crate::purity::is_pure;
use crate::table::{closure, house, short};
use crate::workspace::{Kind, Package, packages, place};
use std::collections::BTreeSet;

const HEAD: &str = "| crate | holds | may import |";

#[test]
fn the_house_table_lists_every_crate_and_no_other() {
    let listed: BTreeSet<String> = house().into_keys().collect();
    let existing: BTreeSet<String> = packages().iter().map(|package| folder(package).to_owned()).collect();
    let missing = existing
        .difference(&listed)
        .map(|name| format!("{}: no row for `{name}`", place("ARCHITECTURE.md", HEAD)));
    let stale = listed.difference(&existing).map(|name| format!("{}: `{name}` is no crate", row(name)));
    expect_none(
        "the house table and the workspace differ",
        "change the table in ARCHITECTURE.md in the commit that adds or removes the crate, with a line of why",
        missing.chain(stale).collect(),
    );
}

#[test]
fn a_crate_imports_only_what_the_house_table_allows() {
    let table = house();
    let mut found = Vec::new();
    for package in packages() {
        let Some(Some(imports)) = table.get(folder(package)) else { continue };
        let allowed = closure(&table, imports);
        for dependency in package.dependencies.iter().filter(|d| d.kind != Kind::Dev) {
            let Some(import) = dependency.name.strip_prefix("mainstay-") else { continue };
            if !allowed.contains(import) {
                found.push(format!(
                    "{}: `{import}` is not in its row",
                    place(&package.manifest(), &dependency.name)
                ));
            }
        }
    }
    expect_none(
        "a crate imports what the house table does not allow",
        "turn the dependency round, or change the table in ARCHITECTURE.md with a line of why",
        found,
    );
}

#[test]
fn the_house_table_has_no_cycle_and_names_only_crates() {
    let table = house();
    let mut found = Vec::new();
    for (folder, imports) in &table {
        let Some(imports) = imports else { continue };
        if closure(&table, imports).contains(short(folder)) {
            found.push(format!("{}: `{folder}` reaches itself", row(folder)));
        }
        for import in imports {
            if !table.keys().any(|row| short(row) == import) {
                found.push(format!("{}: `{import}` has no row", row(folder)));
            }
        }
    }
    expect_none("the house table is no order", "name existing crates, in the order data flows", found);
}

#[test]
fn tests_of_pure_crates_do_not_reach_io_crates() {
    let mut found = Vec::new();
    for package in packages().iter().filter(|package| is_pure(&package.folder)) {
        for dependency in package.dependencies.iter().filter(|d| d.kind == Kind::Dev) {
            let target = packages().iter().find(|other| other.name == dependency.name);
            let io =
                target.is_some_and(|other| !is_pure(&other.folder) && !other.folder.starts_with("tests/"));
            if io {
                found.push(format!(
                    "{}: dev-dependency `{}`",
                    place(&package.manifest(), &dependency.name),
                    dependency.name
                ));
            }
        }
    }
    expect_none(
        "a pure crate is tested through a crate with I/O",
        "build the input as a value, or move the test to the crate that does the I/O or to tests/",
        found,
    );
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let without = packages().iter().map(Package::manifest).filter(|path| {
        !crate::workspace::text(path).unwrap_or_default().contains("[lints]\nworkspace = true")
    });
    expect_none(
        "a crate has lints of its own",
        "add `[lints]` with `workspace = true`",
        without.map(|path| format!("{}: lints are not the workspace's", place(&path, "[lints"))).collect(),
    );
}

/// The root package is listed under the folder of its sources.
fn folder(package: &Package) -> &str {
    if package.folder.is_empty() { "fleet/cli" } else { &package.folder }
}

fn row(folder: &str) -> String {
    place("ARCHITECTURE.md", &format!("| `{folder}` |"))
}
