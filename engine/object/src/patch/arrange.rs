//! The order of a list that a strategic merge patch has merged.

use super::strategic::{PATCH, Patcher, StrategicError};
use crate::merge::golang::{plain, type_name};
use serde_json::{Map, Value};

/// What a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Items {
    Scalars,
    Maps,
}

/// Items that `order` has, in that order; among them the others as the server has them.
pub(super) fn arrange(
    patcher: &Patcher<'_>,
    merged: Vec<Value>,
    order: &[Value],
    server: &[Value],
    key: Option<&str>,
    items: Items,
) -> Result<Vec<Value>, StrategicError> {
    let by = By { patcher, key: key.unwrap_or_default(), items };
    let (patched, others) = split(patcher, &merged, order, key)?;
    let patched = by.sorted(patched, order)?;
    let others = by.sorted(others, server)?;
    let (mut patched, mut others) = (patched.into_iter().peekable(), others.into_iter().peekable());
    let mut out = Vec::with_capacity(merged.len());
    loop {
        let other_first = match (patched.peek(), others.peek()) {
            (None, None) => return Ok(out),
            (Some(_), None) => false,
            (None, Some(_)) => true,
            (Some(item), Some(other)) => {
                matches!((by.index(server, other), by.index(server, item)), (Some(a), Some(b)) if a < b)
            }
        };
        out.extend(if other_first { others.next() } else { patched.next() });
    }
}

/// The items that an order names, and the others.
pub(super) fn split(
    patcher: &Patcher<'_>,
    merged: &[Value],
    order: &[Value],
    key: Option<&str>,
) -> Result<(Vec<Value>, Vec<Value>), StrategicError> {
    if key.is_none() && merged.iter().chain(order).any(Value::is_object) {
        return Err(patcher.error("maps cannot be told apart without a merge key"));
    }
    let (mut patched, mut others) = (Vec::new(), Vec::new());
    for item in merged {
        let named = match (key, item) {
            (None, item) => order.contains(item),
            (Some(key), Value::Object(map)) => {
                let Some(value) = map.get(key) else { return Err(no_merge_key(patcher, map, key)) };
                position(patcher, order, key, value)?.is_some()
            }
            (Some(_), other) => return Err(not_a_map(patcher, other)),
        };
        if named { patched.push(item.clone()) } else { others.push(item.clone()) }
    }
    Ok((patched, others))
}

struct By<'a> {
    patcher: &'a Patcher<'a>,
    key: &'a str,
    items: Items,
}

impl By<'_> {
    fn index(&self, list: &[Value], item: &Value) -> Option<usize> {
        list.iter().position(|other| match self.items {
            Items::Scalars => other == item,
            Items::Maps => {
                other.get(self.key).unwrap_or(&Value::Null) == item.get(self.key).unwrap_or(&Value::Null)
            }
        })
    }

    /// By the order; what it does not name comes before what is there. Items to delete come last.
    fn sorted(&self, mut list: Vec<Value>, order: &[Value]) -> Result<Vec<Value>, StrategicError> {
        let mut deleted = Vec::new();
        if self.items == Items::Maps {
            for item in list.iter().chain(order) {
                match item {
                    Value::Object(map) if map.contains_key(self.key) => {}
                    Value::Object(map) => return Err(no_merge_key(self.patcher, map, self.key)),
                    other => return Err(not_a_map(self.patcher, other)),
                }
            }
            let deletes = |item: &Value| item.get(PATCH).and_then(Value::as_str) == Some("delete");
            (deleted, list) = list.into_iter().partition(deletes);
        }
        let places: Vec<Option<usize>> = list.iter().map(|item| self.index(order, item)).collect();
        let mut list: Vec<(Option<usize>, Value)> = places.into_iter().zip(list).collect();
        // An insertion sort, as the server's is for short lists: its comparison is none of a total order.
        for end in 1..list.len() {
            let mut at = end;
            while at > 0 && before(list[at].0, list[at - 1].0) {
                list.swap(at, at - 1);
                at -= 1;
            }
        }
        Ok(list.into_iter().map(|(_, item)| item).chain(deleted).collect())
    }
}

fn before(one: Option<usize>, other: Option<usize>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one < other,
        (_, _) => true,
    }
}

/// Where the item with that key is.
pub(super) fn position(
    patcher: &Patcher<'_>,
    list: &[Value],
    key: &str,
    value: &Value,
) -> Result<Option<usize>, StrategicError> {
    for (at, item) in list.iter().enumerate() {
        let Some(map) = item.as_object() else {
            return Err(patcher.error(format!("value for key {at} is not a map")));
        };
        if map.get(key) == Some(value) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

pub(super) fn no_merge_key(patcher: &Patcher<'_>, map: &Map<String, Value>, key: &str) -> StrategicError {
    let map = plain(&Value::Object(map.clone()));
    patcher.error(format!("map: {map} does not contain declared merge key: {key}"))
}

pub(super) fn not_a_map(patcher: &Patcher<'_>, item: &Value) -> StrategicError {
    let got = match item {
        // As Go prints a type that is none.
        Value::Null => "%!s(<nil>)",
        item => type_name(item),
    };
    patcher.error(format!("expected a map[string]interface {{}}, but received a {got}"))
}
