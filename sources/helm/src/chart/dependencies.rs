//! Which subcharts are rendered, under which names, and which of their values go up.
use super::coalesce::{coalesce_values, copy, tables};
use super::{Chart, Dependency};
use crate::value::{Map, MapType, Value};
use mainstay_package::{Constraint, Version};
use serde_json::Value as Json;

/// Drops what is disabled, renames what has an alias, imports values.
pub(crate) fn process_dependencies(chart: &mut Chart, values: &Map) -> Result<(), String> {
    enable(chart, values, "")?;
    import_all(chart)
}

fn is_compatible(range: &str, version: &str) -> bool {
    let (Ok(version), Ok(range)) = (Version::parse(version), Constraint::parse(range)) else { return false };
    range.allows(&version)
}

fn enable(chart: &mut Chart, values: &Map, path: &str) -> Result<(), String> {
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    let wanted = |chart: &Chart, dependency: &Dependency| {
        chart.name() == dependency.name && is_compatible(&dependency.version, &chart.metadata.version)
    };
    let known = std::mem::take(&mut chart.charts);
    let unnamed = known.iter().filter(|known| !chart.metadata.dependencies.iter().any(|d| wanted(known, d)));
    let mut charts: Vec<Chart> = unnamed.cloned().collect();
    for dependency in &mut chart.metadata.dependencies {
        if let Some(found) = known.iter().find(|known| wanted(known, dependency)) {
            let mut found = found.clone();
            if !dependency.alias.is_empty() {
                found.metadata.name.clone_from(&dependency.alias);
            }
            charts.push(found);
        }
        if !dependency.alias.is_empty() {
            dependency.name.clone_from(&dependency.alias);
        }
        dependency.enabled = true;
    }
    chart.charts = charts;
    let values = coalesce_values(chart, values, false)?;
    for dependency in &mut chart.metadata.dependencies {
        by_tags(dependency, &values);
        by_condition(dependency, &values, path);
    }
    let off: Vec<String> =
        chart.metadata.dependencies.iter().filter(|d| !d.enabled).map(|d| d.name.clone()).collect();
    chart.charts.retain(|chart| !off.iter().any(|name| name == chart.name()));
    chart.metadata.dependencies.retain(|dependency| dependency.enabled);
    for below in &mut chart.charts {
        let path = format!("{path}{}.", below.name());
        enable(below, &values, &path)?;
    }
    Ok(())
}

fn by_tags(dependency: &mut Dependency, values: &Map) {
    let Some(Value::Map(tags)) = values.get(b"tags") else { return };
    let set = dependency.tags.iter().filter_map(|tag| match tags.get(tag.as_bytes()) {
        Some(Value::Bool(value)) => Some(value),
        Some(_) | None => None,
    });
    let set: Vec<bool> = set.collect();
    dependency.enabled = set.is_empty() || set.contains(&true);
}

/// The first condition that is a boolean decides.
fn by_condition(dependency: &mut Dependency, values: &Map, path: &str) {
    for condition in dependency.condition.trim().split(',').filter(|condition| !condition.is_empty()) {
        if let Some(Value::Bool(value)) = at_path(values, &format!("{path}{condition}")) {
            dependency.enabled = value;
            return;
        }
    }
}

fn at_path(values: &Map, path: &str) -> Option<Value> {
    let (folder, key) = match path.rsplit_once('.') {
        Some((folder, key)) => (table(values, folder)?, key),
        None => (values.clone(), path),
    };
    folder.get(key.as_bytes())
}

fn table(values: &Map, path: &str) -> Option<Map> {
    path.split('.').try_fold(values.clone(), |map, key| match map.get(key.as_bytes()) {
        Some(Value::Map(map)) => Some(map),
        Some(_) | None => None,
    })
}

fn import_all(chart: &mut Chart) -> Result<(), String> {
    for below in &mut chart.charts {
        import_all(below)?;
    }
    import(chart)
}

fn import(chart: &mut Chart) -> Result<(), String> {
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    let values = coalesce_values(chart, &Map::new(MapType::Any, []), true)?;
    let imported = Map::new(MapType::Any, []);
    for dependency in &chart.metadata.dependencies {
        for import in &dependency.import_values {
            let (child, parent) = match import {
                Json::String(name) => (format!("exports.{name}"), ".".to_owned()),
                Json::Object(members) => {
                    let part = |key| match members.get(key) {
                        Some(Json::String(text)) => text.clone(),
                        Some(other) => other.to_string(),
                        None => "<nil>".to_owned(),
                    };
                    (part("child"), part("parent"))
                }
                _ => continue,
            };
            let Some(found) = table(&values, &format!("{}.{child}", dependency.name)) else { continue };
            tables(&imported, &nested(&parent, &found), true);
        }
    }
    let merged = copy(&values)?;
    tables(&merged, &copy(&imported)?, true);
    chart.values = merged;
    Ok(())
}

/// The table under a path of keys.
fn nested(path: &str, found: &Map) -> Map {
    if path == "." {
        return found.clone();
    }
    path.split('.')
        .rev()
        .fold(found.clone(), |map, key| Map::new(MapType::Any, [(key.into(), Value::Map(map))]))
}
