//! Lists under strategic merge patch.

use super::strategic::{PATCH, Patcher, StrategicError};
use crate::TypeId;
use crate::merge::golang::plain;
use serde_json::{Map, Value};

/// What a patch says about a list beside its items.
pub(super) struct Directives<'a> {
    /// `$setElementOrder`.
    pub order: Option<&'a [Value]>,
    /// Maps are told apart by this field; without it items are scalars.
    pub key: Option<&'a str>,
}

/// A list merged with a patch's, ordered: items of the patch as the patch (or its order directive) has them, the
/// others before the first item of the patch that followed them on the server.
pub(super) fn merge_list(
    patcher: &mut Patcher<'_>,
    live: Vec<Value>,
    patch: &[Value],
    element: TypeId,
    directives: &Directives<'_>,
) -> Result<Vec<Value>, StrategicError> {
    if live.is_empty() && patch.is_empty() {
        return Ok(live);
    }
    if live.iter().chain(patch).any(Value::is_array) {
        return Err(patcher.error("lists of lists are not supported"));
    }
    let maps = live.iter().chain(patch).any(Value::is_object);
    let Some(key) = directives.key.filter(|_| maps) else {
        if maps {
            return Err(patcher.error("cannot merge lists without merge key for struct"));
        }
        let mut merged = Vec::with_capacity(live.len() + patch.len());
        for item in live.iter().chain(patch) {
            if !merged.contains(item) {
                merged.push(item.clone());
            }
        }
        let order = directives.order.unwrap_or(patch);
        return Ok(arrange(merged, order, &live, |a, b| a == b));
    };
    if let Some(order) = directives.order {
        check_order(patcher, patch, order, key)?;
    }
    let (server, changes) = special_items(patcher, live, patch, key)?;
    let mut merged = server.clone();
    for change in &changes {
        let value = merge_key(patcher, change, key)?;
        let found = merged.iter().position(|item| item.get(key) == Some(value));
        match found.map(|at| (at, std::mem::take(&mut merged[at]))) {
            Some((at, Value::Object(there))) => {
                merged[at] = Value::Object(
                    patcher.below(&value.to_string(), |patcher| patcher.map(there, change, element))?,
                );
            }
            Some((_, other)) => return Err(not_a_map(patcher, &other)),
            None => merged.extend(without_directives(&Value::Object(change.clone()))),
        }
    }
    if let Some(other) = merged.iter().find(|item| item.get(key).is_none()) {
        return Err(match other.as_object() {
            Some(map) => no_merge_key(patcher, map, key),
            None => not_a_map(patcher, other),
        });
    }
    let patched: Vec<Value> = changes.into_iter().map(Value::Object).collect();
    let order = directives.order.unwrap_or(&patched);
    Ok(arrange(merged, order, &server, |a, b| a.get(key) == b.get(key)))
}

/// What is left of the live list, and the items to merge into it.
type Split = (Vec<Value>, Vec<Map<String, Value>>);

/// Carries out the `$patch` items; the list without what they delete, and the other items of the patch.
fn special_items(
    patcher: &Patcher<'_>,
    mut live: Vec<Value>,
    patch: &[Value],
    key: &str,
) -> Result<Split, StrategicError> {
    let mut rest = Vec::new();
    let mut replace = false;
    for item in patch {
        let map = item.as_object().ok_or_else(|| not_a_map(patcher, item))?;
        match map.get(PATCH).map(|directive| (directive, directive.as_str())) {
            None => rest.push(map.clone()),
            Some((_, Some("delete"))) => {
                let value = merge_key(patcher, map, key)?;
                live.retain(|there| there.get(key) != Some(value));
            }
            Some((_, Some("replace"))) => replace = true,
            Some((_, Some("merge"))) => {
                return Err(patcher.error("merging lists cannot yet be specified in the patch"));
            }
            Some((other, _)) => return Err(patcher.unknown_directive(other, map)),
        }
    }
    if replace {
        let items = rest.into_iter().filter_map(|item| without_directives(&Value::Object(item)));
        return Ok((items.collect(), Vec::new()));
    }
    Ok((live, rest))
}

/// The items of a patch must be in its order list, in that order.
fn check_order(
    patcher: &Patcher<'_>,
    patch: &[Value],
    order: &[Value],
    key: &str,
) -> Result<(), StrategicError> {
    if order.is_empty() {
        return Ok(());
    }
    let named = |item: &Value| match item.as_object() {
        Some(map) if !map.contains_key(key) => Err(no_merge_key(patcher, map, key)),
        Some(_) | None => Ok(()),
    };
    let deletes = |item: &Value| item.get(PATCH).and_then(Value::as_str) == Some("delete");
    let mut left = order.iter();
    for item in patch.iter().filter(|item| !deletes(item)) {
        loop {
            let Some(wanted) = left.next() else {
                let shown = |list: &[Value]| plain(&Value::Array(list.to_vec()));
                return Err(patcher.error(format!(
                    "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
                    shown(patch),
                    shown(order)
                )));
            };
            named(item)?;
            named(wanted)?;
            if wanted.get(key) == item.get(key) {
                break;
            }
        }
    }
    Ok(())
}

fn arrange(
    merged: Vec<Value>,
    order: &[Value],
    server: &[Value],
    same: impl Fn(&Value, &Value) -> bool,
) -> Vec<Value> {
    let index = |list: &[Value], item: &Value| list.iter().position(|other| same(other, item));
    let (mut patched, mut others): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| index(order, item).is_some());
    patched.sort_by_key(|item| index(order, item));
    others.sort_by_key(|item| index(server, item));
    let mut out = Vec::with_capacity(patched.len() + others.len());
    let mut others = others.into_iter().peekable();
    for item in patched {
        let here = index(server, &item);
        while let Some(other) = others.next_if(
            |other| matches!((index(server, other), here), (Some(other), Some(here)) if other < here),
        ) {
            out.push(other);
        }
        out.push(item);
    }
    out.extend(others);
    out
}

/// A value of a patch that meets nothing: without nulls and directives. `None` if it is a directive itself.
pub(super) fn without_directives(value: &Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value.clone()),
        Value::Array(items) => Some(Value::Array(items.iter().filter_map(without_directives).collect())),
        Value::Object(map) if map.contains_key(PATCH) => None,
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            let kept = kept.filter_map(|(name, value)| Some((name.clone(), without_directives(value)?)));
            Some(Value::Object(kept.collect()))
        }
    }
}

fn merge_key<'v>(
    patcher: &Patcher<'_>,
    map: &'v Map<String, Value>,
    key: &str,
) -> Result<&'v Value, StrategicError> {
    map.get(key).ok_or_else(|| no_merge_key(patcher, map, key))
}

fn no_merge_key(patcher: &Patcher<'_>, map: &Map<String, Value>, key: &str) -> StrategicError {
    let map = plain(&Value::Object(map.clone()));
    patcher.error(format!("map: {map} does not contain declared merge key: {key}"))
}

fn not_a_map(patcher: &Patcher<'_>, item: &Value) -> StrategicError {
    let kind = match item {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    };
    patcher.error(format!("expected a map, but received a {kind}"))
}
