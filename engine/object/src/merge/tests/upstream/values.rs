//! What is done with values of a type: one row per value.

use super::{differ, set, text};
use crate::merge::Comparison;
use crate::merge::combine::combine;
use crate::merge::reconcile::reconcile;
use crate::merge::remove::remove;
use crate::merge::typed::{Duplicates, check};
use crate::schema::compact;
use crate::{FieldFilter, FieldSet, TypeId, Types, extract};
use serde_json::{Value, json};

/// How many rows there are, and what went otherwise.
pub(super) fn run(case: &Value) -> (usize, Vec<String>) {
    let (types, names) = compact::read(case.get("types").unwrap_or(&json!({})));
    let id = match case.get("root").map(text) {
        None | Some("any") => TypeId::ANY,
        Some(name) => names[name],
    };
    let rows = case["rows"].as_array().expect("rows");
    let mut problems = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let found = row_of(text(&case["check"]), row, &types, id);
        problems.extend(found.into_iter().map(|problem| format!("row {i}: {problem}")));
    }
    (rows.len(), problems)
}

fn row_of(what: &str, row: &Value, types: &Types, id: TypeId) -> Vec<String> {
    let value = |found: Value, expected: &Value| {
        (found != *expected).then(|| format!("is {found}, expected {expected}")).into_iter().collect()
    };
    match what {
        "check" => checked(row, types, id),
        "merge" => value(combine(&row[0], &row[1], types, id), &row[2]),
        "remove" => value(remove(&row[0], &set(&row[1]), types, id), &row[2]),
        "extract" => value(extract(&row[0], &set(&row[1]), types, id), &row[2]),
        "fields" => {
            differ("owned are", &FieldSet::of(&row[0], types, id), &set(&row[1])).into_iter().collect()
        }
        "declared" => differ("members are", &set(&row[0]).with_named_parents(types, Some(id)), &set(&row[1]))
            .into_iter()
            .collect(),
        "reconcile" => match (reconcile(&set(&row[1]), types, id), &row[2]) {
            (None, Value::Null) => Vec::new(),
            (None, expected) => vec![format!("nothing changed, expected {expected}")],
            (Some(found), expected) => differ("owned are", &found, &set(expected)).into_iter().collect(),
        },
        "compare" => compared(&Comparison::of(&row[0], &row[1], types, id), &row[2]),
        "exclude" => {
            let comparison = Comparison {
                removed: set(&row[0]["removed"]),
                modified: set(&row[0]["modified"]),
                added: set(&row[0]["added"]),
            };
            let filter = (!row[1].is_null()).then(|| FieldFilter::Exclude(set(&row[1])));
            compared(&comparison.filtered(filter.as_ref()), &row[2])
        }
        other => panic!("no check {other}"),
    }
}

fn compared(found: &Comparison, expected: &Value) -> Vec<String> {
    let parts = [
        differ("removed are", &found.removed, &set(&expected["removed"])),
        differ("modified are", &found.modified, &set(&expected["modified"])),
        differ("added are", &found.added, &set(&expected["added"])),
    ];
    parts.into_iter().flatten().collect()
}

/// A value, what is wrong with it or null, and whether duplicates are all that is wrong.
fn checked(row: &Value, types: &Types, id: TypeId) -> Vec<String> {
    let mut problems = Vec::new();
    let found = check(&row[0], types, id, Duplicates::Refused);
    let mut expected: Vec<&str> = row[1].as_str().unwrap_or_default().lines().map(str::trim).collect();
    expected.retain(|line| *line != "errors:");
    if found.iter().map(String::as_str).collect::<Vec<_>>() != expected {
        problems.push(format!("wrong are {found:?}, expected {expected:?}"));
    }
    if row.get(2).is_some() && !check(&row[0], types, id, Duplicates::Allowed).is_empty() {
        problems.push("does not fit with its duplicates allowed".to_owned());
    }
    problems
}
