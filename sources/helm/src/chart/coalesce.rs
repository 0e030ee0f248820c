//! Values of charts and of those above them, merged. Null deletes a key once nothing below needs it any more.
use super::Chart;
use crate::funcs::copy_value;
use crate::value::{Map, MapType, Value};

const GLOBAL: &[u8] = b"global";

/// What a chart's templates see, its subcharts' values included. With `merge`, nulls are kept.
pub(crate) fn coalesce_values(chart: &Chart, values: &Map, merge: bool) -> Result<Map, String> {
    let values = copy(values)?;
    coalesce(chart, &values, merge)?;
    Ok(values)
}

pub(super) fn copy(map: &Map) -> Result<Map, String> {
    match copy_value(&Value::Map(map.clone()))? {
        Value::Map(copied) if !copied.nil => Ok(copied),
        _ => Ok(Map::new(MapType::Any, [])),
    }
}

fn coalesce(chart: &Chart, into: &Map, merge: bool) -> Result<(), String> {
    chart_values(chart, into, merge)?;
    for subchart in &chart.charts {
        let name = subchart.name().as_bytes();
        let below = match into.get(name) {
            None => {
                let below = Map::new(MapType::Any, []);
                into.insert(name.into(), Value::Map(below.clone()));
                below
            }
            Some(Value::Map(below)) => below,
            Some(other) => {
                return Err(format!("type mismatch on {}: {}", subchart.name(), other.type_name()));
            }
        };
        globals(&below, into);
        coalesce(subchart, &below, merge)?;
    }
    Ok(())
}

/// Hands `global` down.
fn globals(below: &Map, above: &Map) {
    let table = |map: &Map| match map.get(GLOBAL) {
        None => Some(Map::new(MapType::Any, [])),
        Some(Value::Map(map)) => Some(map),
        Some(_) => None,
    };
    let (Some(target), Some(source)) = (table(below), table(above)) else { return };
    for (key, value) in source.snapshot() {
        let old = target.get(key.as_bytes());
        match (&value, &old) {
            (Value::Map(value), None) => target.insert(key, Value::Map(shallow(value))),
            (Value::Map(value), Some(Value::Map(old))) => {
                let copied = shallow(value);
                tables(&copied, old, true);
                target.insert(key, Value::Map(copied));
            }
            // A map is neither put over something else nor the other way round.
            (Value::Map(_), Some(_)) | (_, Some(Value::Map(_))) => {}
            (_, _) => target.insert(key, value),
        }
    }
    below.insert(GLOBAL.into(), Value::Map(target));
}

fn shallow(map: &Map) -> Map {
    Map::new(MapType::Any, map.snapshot())
}

fn chart_values(chart: &Chart, into: &Map, merge: bool) -> Result<(), String> {
    for (key, default) in copy(&chart.values)?.snapshot() {
        match into.get(key.as_bytes()) {
            None => into.insert(key, default),
            Some(value) if value.is_nil() => {
                if !merge {
                    into.remove(key.as_bytes());
                }
            }
            Some(Value::Map(value)) => {
                if let Value::Map(default) = &default {
                    let is_chart = chart.charts.iter().any(|chart| chart.name().as_bytes() == key.as_bytes());
                    tables(&value, default, merge || is_chart);
                }
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Fills `into`, which wins, from `from`.
pub(super) fn tables(into: &Map, from: &Map, merge: bool) {
    for (key, value) in from.snapshot() {
        match into.get(key.as_bytes()) {
            None => into.insert(key, value),
            // Null takes a default away, if there is one.
            Some(old) if old.is_nil() => {
                if !merge && !value.is_nil() {
                    into.remove(key.as_bytes());
                }
            }
            Some(Value::Map(old)) => {
                if let Value::Map(value) = &value {
                    tables(&old, value, merge);
                }
            }
            Some(_) => {}
        }
    }
}
