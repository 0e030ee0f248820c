//! Lists under strategic merge patch.
//!
//! The server merges a list in place: what it deletes and adds shows in the list that it later takes the old order from.
//! The functions here keep that list beside the merged one.

use super::arrange::{Items, arrange, no_merge_key, not_a_map, position, split};
use super::strategic::{Lookup, PATCH, Patcher, StrategicError};
use crate::TypeId;
use crate::merge::golang::{plain, type_name};
use serde_json::{Map, Value};

/// A list merged with a patch's, ordered: items of the patch as the patch has them, the others before the first item of
/// the patch that followed them on the server. `there` is left as the server leaves it.
pub(super) fn merge(
    patcher: &mut Patcher<'_>,
    there: &mut [Value],
    patch: Vec<Value>,
    element: TypeId,
    key: Option<&str>,
    deletes: bool,
) -> Result<Vec<Value>, StrategicError> {
    if there.is_empty() && patch.is_empty() {
        return Ok(Vec::new());
    }
    if items(patcher, there, &patch)? == Items::Scalars {
        if deletes {
            return Ok(there.iter().filter(|item| !patch.contains(item)).cloned().collect());
        }
        let mut merged = Vec::with_capacity(there.len() + patch.len());
        for item in there.iter().chain(&patch) {
            if !merged.contains(item) {
                merged.push(item.clone());
            }
        }
        return arrange(patcher, merged, &patch, there, key, Items::Scalars);
    }
    let Some(key) = key else {
        return Err(patcher.error("cannot merge lists without merge key for struct"));
    };
    let (live, patch) = special_items(patcher, there, patch, key)?;
    let mut merged = live.clone();
    for change in &patch {
        let Some(map) = change.as_object() else { return Err(not_a_map(patcher, change)) };
        let value = merge_key(patcher, map, key)?;
        match position(patcher, &merged, key, value)? {
            Some(at) => {
                let Some(found) = merged[at].as_object_mut() else { continue };
                patcher.below(&value.to_string(), |patcher| patcher.map(found, map.clone(), element))?;
            }
            None => {
                if let Some(place) = there.get_mut(merged.len()) {
                    *place = change.clone();
                }
                merged.push(change.clone());
            }
        }
    }
    arrange(patcher, merged, &patch, &live, Some(key), Items::Maps)
}

/// A list for which the patch has an order; `None` if there is none.
pub(super) fn in_order(
    patcher: &mut Patcher<'_>,
    there: Option<Vec<Value>>,
    change: Option<Vec<Value>>,
    order: &[Value],
    lookup: &Lookup,
) -> Result<Option<Vec<Value>>, StrategicError> {
    let key = lookup.rule.merge_key.as_deref();
    let (mut there, change) = match (there, change) {
        (None, None) => return Ok(None),
        (there, change) => (there, change),
    };
    let merged = match (&mut there, change.clone()) {
        (Some(there), None) => there.clone(),
        (None, change) => change.into_iter().flatten().filter_map(without_directives).collect(),
        (Some(there), Some(change)) if lookup.rule.merge => {
            merge(patcher, there, change, lookup.id, key, false)?
        }
        (Some(_), Some(change)) => change,
    };
    let (there, change) = (there.unwrap_or_default(), change.unwrap_or_default());
    // What has no key is told before what differs.
    split(patcher, &merged, order, key)?;
    let kind = items(patcher, &there, &change)?;
    arrange(patcher, merged, order, &there, key, kind).map(Some)
}

/// The items of a patch must be in its order list, in that order.
pub(super) fn check_order(
    patcher: &Patcher<'_>,
    patch: &[Value],
    order: &[Value],
    key: Option<&str>,
) -> Result<(), StrategicError> {
    if order.is_empty() || patch.is_empty() {
        return Ok(());
    }
    if key.is_some()
        && let Some(other) = patch.iter().find(|item| !item.is_object())
    {
        return Err(not_a_map(patcher, other));
    }
    let deletes = |item: &Value| key.is_some() && item.get(PATCH).and_then(Value::as_str) == Some("delete");
    let items: Vec<&Value> = patch.iter().filter(|item| !deletes(item)).collect();
    let (mut at, mut ordered) = (0, 0);
    while at < items.len() && ordered < order.len() {
        if items[at].get(PATCH).is_some() {
            at += 1;
            continue;
        }
        at += usize::from(same(patcher, items[at], &order[ordered], key)?);
        ordered += 1;
    }
    // A directive behind the last item that the order has is one too many.
    if at < items.len() {
        let shown = |list: &[Value]| plain(&Value::Array(list.to_vec()));
        return Err(patcher.error(format!(
            "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
            shown(patch),
            shown(order)
        )));
    }
    Ok(())
}

fn same(
    patcher: &Patcher<'_>,
    left: &Value,
    right: &Value,
    key: Option<&str>,
) -> Result<bool, StrategicError> {
    let Some(key) = key else {
        if left.is_object() && right.is_object() {
            return Err(patcher.error("maps cannot be told apart without a merge key"));
        }
        return Ok(left == right);
    };
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            Ok(merge_key(patcher, left, key)? == merge_key(patcher, right, key)?)
        }
        (Value::Object(_), other) | (other, _) => Err(not_a_map(patcher, other)),
    }
}

/// What is left of the live list, and the items to merge into it.
type Split = (Vec<Value>, Vec<Value>);

/// Carries out the `$patch` items; the list without what they delete, and the other items of the patch.
fn special_items(
    patcher: &Patcher<'_>,
    there: &mut [Value],
    patch: Vec<Value>,
    key: &str,
) -> Result<Split, StrategicError> {
    let mut live = there.to_vec();
    let mut rest = Vec::new();
    let mut replace = false;
    for item in patch {
        let Some(map) = item.as_object() else { return Err(not_a_map(patcher, &item)) };
        match map.get(PATCH).map(|directive| (directive, directive.as_str())) {
            None => rest.push(item),
            Some((_, Some("delete"))) => {
                let value = merge_key(patcher, map, key)?;
                while let Some(at) = position(patcher, &live, key, value)? {
                    live.remove(at);
                    // The items behind it move up; the last place keeps what it had.
                    there[at..live.len()].clone_from_slice(&live[at..]);
                }
            }
            Some((_, Some("replace"))) => replace = true,
            Some((_, Some("merge"))) => {
                return Err(patcher.error("merging lists cannot yet be specified in the patch"));
            }
            Some((other, _)) => return Err(patcher.unknown_directive(other, map)),
        }
    }
    Ok(if replace { (rest, Vec::new()) } else { (live, rest) })
}

/// What two lists hold, which must be the same.
fn items(patcher: &Patcher<'_>, there: &[Value], change: &[Value]) -> Result<Items, StrategicError> {
    let mut all = there.iter().chain(change);
    let Some(first) = all.next() else {
        return Err(patcher.error("no elements in any of the given slices"));
    };
    if first.is_array() {
        return Err(patcher.error("lists of lists are not supported"));
    }
    if all.any(|item| type_name(item) != type_name(first)) {
        let shown = plain(&Value::Array(vec![there.into(), change.into()]));
        return Err(patcher.error(format!("list element types are not identical: {shown}")));
    }
    Ok(if first.is_object() { Items::Maps } else { Items::Scalars })
}

/// A value of a patch that meets nothing, without the null fields of its maps.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, without_nulls(value))).collect())
        }
    }
}

/// A value of a patch without directives. `None` if it is one itself.
pub(super) fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value),
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(without_directives).collect())),
        Value::Object(map) if map.contains_key(PATCH) => None,
        Value::Object(map) => {
            let kept = map.into_iter().filter_map(|(name, value)| Some((name, without_directives(value)?)));
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
