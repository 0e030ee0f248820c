//! Paths, sets of them, and how they are written.

use super::{differ, element, path, set, text};
use crate::merge::Conflict;
use crate::merge::conflict;
use crate::{FieldFilter, FieldPattern, FieldSet, ManagedEntry, ManagedFields, Operation, PatternStep};
use serde_json::{Value, json};

/// How many rows there are, and what went otherwise.
pub(super) fn run(case: &Value) -> (usize, Vec<String>) {
    let rows = case["rows"].as_array().expect("rows");
    let mut problems = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let found = row_of(text(&case["check"]), row);
        problems.extend(found.map(|problem| format!("row {i}: {problem}")));
    }
    (rows.len(), problems)
}

fn row_of(what: &str, row: &Value) -> Option<String> {
    let value = |found: Value, expected: &Value| {
        (found != *expected).then(|| format!("is {found}, expected {expected}"))
    };
    match what {
        "union" => differ("is", &set(&row[0]).union(&set(&row[1])), &set(&row[2])),
        "intersection" => differ("is", &set(&row[0]).intersection(&set(&row[1])), &set(&row[2])),
        "difference" => differ("is", &set(&row[0]).difference(&set(&row[1])), &set(&row[2])),
        "recursive difference" => {
            differ("is", &set(&row[0]).recursive_difference(&set(&row[1])), &set(&row[2]))
        }
        "leaves" => differ("are", &set(&row[0]).leaves(), &set(&row[1])),
        "filter" => {
            differ("are", &FieldFilter::Include(pattern(&row[1])).apply(&set(&row[0])), &set(&row[2]))
        }
        "has" => value(set(&row[0]).has(&path(&row[1])).into(), &row[2]),
        "equal" => value((set(&row[0]) == set(&row[1])).into(), &row[2]),
        "count" => value(set(&row[0]).len().into(), &row[1]),
        "text" => value(path(&row[0]).to_string().into(), &row[1]),
        "less" => value((element(&row[0]) < element(&row[1])).into(), &row[2]),
        "owners equal" => value((owners(&row[0]) == owners(&row[1])).into(), &row[2]),
        "element" => {
            let read = FieldSet::from_fields_v1(&json!({ text(&row[0]): {} }));
            let found = match read {
                Err(_) => "refused",
                Ok(set) if set.is_empty() => "skipped",
                Ok(set) if set.to_fields_v1().get(text(&row[0])).is_some() => "same",
                Ok(_) => "other",
            };
            value(found.into(), &row[1])
        }
        "FieldsV1" => {
            let read: Value = serde_json::from_str(text(&row[0])).expect("JSON");
            match FieldSet::from_fields_v1(&read) {
                Ok(set) => value(set.to_fields_v1().to_string().into(), &row[1]),
                Err(error) => Some(error.to_string()),
            }
        }
        "conflicts" => {
            let managers = row[0].as_object().expect("by manager").iter();
            let conflicts: Vec<Conflict> = managers
                .map(|(manager, fields)| Conflict {
                    manager: manager.clone(),
                    operation: Operation::Apply,
                    api_version: "v1".to_owned(),
                    subresource: String::new(),
                    fields: set(fields).paths(),
                })
                .collect();
            value(conflict::message(&conflicts).into(), &row[1])
        }
        other => panic!("no check {other}"),
    }
}

/// `"all"`, or pairs of a step and what is below it; the step `"any"` is every step.
fn pattern(value: &Value) -> FieldPattern {
    let Some(steps) = value.as_array() else { return FieldPattern::All };
    let steps = steps.iter().map(|pair| {
        let step = match pair[0].as_str() {
            Some("any") => PatternStep::Any,
            Some(_) | None => PatternStep::Element(element(&pair[0])),
        };
        (step, pattern(&pair[1]))
    });
    FieldPattern::Steps(steps.collect())
}

fn owners(value: &Value) -> ManagedFields {
    let entries = value.as_object().into_iter().flatten().map(|(manager, owned)| ManagedEntry {
        manager: manager.clone(),
        operation: if owned["applied"] == true { Operation::Apply } else { Operation::Update },
        api_version: text(&owned["version"]).to_owned(),
        subresource: String::new(),
        time: None,
        fields: set(&owned["fields"]),
    });
    ManagedFields { entries: entries.collect() }
}
