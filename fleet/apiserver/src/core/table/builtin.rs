use super::{NAME_DESCRIPTION, cells, definition};
use crate::core::registry::Resource;
use crate::core::request::Now;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

struct Column {
    name: &'static str,
    kind: &'static str,
    format: &'static str,
    priority: i64,
    /// `number status.replicas`: what `cells` makes of the object.
    cell: Vec<&'static str>,
}

static COLUMNS: LazyLock<BTreeMap<&'static str, Vec<Column>>> = LazyLock::new(|| {
    let mut kinds: BTreeMap<&str, Vec<Column>> = BTreeMap::new();
    let mut kind = "";
    for line in include_str!("columns.txt").lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            kind = name;
            continue;
        }
        let mut parts = line.split('|');
        let mut next = || parts.next().unwrap_or_default();
        let (name, column_kind, format, priority, cell) = (next(), next(), next(), next(), next());
        kinds.entry(kind).or_default().push(Column {
            name,
            kind: column_kind,
            format,
            priority: priority.parse().unwrap_or(0),
            cell: cell.split(' ').collect(),
        });
    }
    kinds
});

pub fn rows(resource: &Resource, objects: &[Value], now: Now) -> (Vec<Value>, Vec<Vec<Value>>) {
    let group = if resource.plural == "events" { "" } else { &*resource.group };
    let stored: Vec<Value> = objects
        .iter()
        .map(|object| {
            let mut stored = object.clone();
            crate::core::convert::to_storage(&mut stored, resource);
            stored
        })
        .collect();
    rows_of(&format!("{group}/{}", resource.plural), &stored, now)
}

/// The columns that `columns.txt` has under a name; Name and Age if it has none.
pub fn rows_of(kind: &str, objects: &[Value], now: Now) -> (Vec<Value>, Vec<Vec<Value>>) {
    let Some(columns) = COLUMNS.get(kind) else {
        let definitions = vec![
            definition("Name", "string", "name", 0, NAME_DESCRIPTION),
            definition("Age", "string", "", 0, ""),
        ];
        let row = |o: &Value| {
            vec![cells::render(&["text", "metadata.name"], o, now), cells::render(&["age"], o, now)]
        };
        return (definitions, objects.iter().map(row).collect());
    };
    let definitions = columns
        .iter()
        .map(|c| {
            let description = if c.format == "name" { NAME_DESCRIPTION } else { "" };
            definition(c.name, c.kind, c.format, c.priority, description)
        })
        .collect();
    let rows = objects
        .iter()
        .map(|object| columns.iter().map(|column| cells::render(&column.cell, object, now)).collect())
        .collect();
    (definitions, rows)
}
