//! Operators.

use crate::eval::compare::{equal, order};
use crate::eval::holds;
use crate::eval::meter::{Failure, Meter, Outcome, error, no_overload};
use crate::functions::{Function, global};
use crate::time::{Duration, Timestamp};
use crate::value::{Key, List, Map, Merge, Value};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

const ORDERED: &[&str] = &[
    "bool bool -> bool",
    "int int -> bool",
    "int uint -> bool",
    "int double -> bool",
    "uint int -> bool",
    "uint uint -> bool",
    "uint double -> bool",
    "double int -> bool",
    "double uint -> bool",
    "double double -> bool",
    "string string -> bool",
    "bytes bytes -> bool",
    "timestamp timestamp -> bool",
    "duration duration -> bool",
];

pub(crate) const FUNCTIONS: &[Function] =
    &[
        global("!_", &["bool -> bool"], |_, args| match args {
            [Value::Bool(value)] => Ok(Value::Bool(!value)),
            _ => no_overload(),
        }),
        global("-_", &["int -> int", "double -> double"], |_, args| match args {
            [Value::Int(value)] => overflow(value.checked_neg().map(Value::Int), "integer"),
            [Value::Double(value)] => Ok(Value::Double(-value)),
            _ => no_overload(),
        }),
        global(
            "_+_",
            &[
                "int int -> int",
                "uint uint -> uint",
                "double double -> double",
                "string string -> string",
                "bytes bytes -> bytes",
                "list<A> list<A> -> list<A>",
                "duration duration -> duration",
                "timestamp duration -> timestamp",
                "duration timestamp -> timestamp",
            ],
            |meter, args| match args {
                [a, b] => add(meter, a, b),
                _ => no_overload(),
            },
        ),
        global(
            "_-_",
            &[
                "int int -> int",
                "uint uint -> uint",
                "double double -> double",
                "duration duration -> duration",
                "timestamp duration -> timestamp",
                "timestamp timestamp -> duration",
            ],
            subtract,
        ),
        global("_*_", &["int int -> int", "uint uint -> uint", "double double -> double"], |_, args| {
            match args {
                [Value::Int(a), Value::Int(b)] => overflow(a.checked_mul(*b).map(Value::Int), "integer"),
                [Value::Uint(a), Value::Uint(b)] => {
                    overflow(a.checked_mul(*b).map(Value::Uint), "unsigned integer")
                }
                [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a * b)),
                _ => no_overload(),
            }
        }),
        global("_/_", &["int int -> int", "uint uint -> uint", "double double -> double"], |_, args| {
            match args {
                [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => {
                    error("division by zero")
                }
                [Value::Int(a), Value::Int(b)] => overflow(a.checked_div(*b).map(Value::Int), "integer"),
                [Value::Uint(a), Value::Uint(b)] => Ok(Value::Uint(a / b)),
                [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a / b)),
                _ => no_overload(),
            }
        }),
        global("_%_", &["int int -> int", "uint uint -> uint"], |_, args| match args {
            [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => error("modulus by zero"),
            [Value::Int(a), Value::Int(b)] => overflow(a.checked_rem(*b).map(Value::Int), "integer"),
            [Value::Uint(a), Value::Uint(b)] => Ok(Value::Uint(a % b)),
            _ => no_overload(),
        }),
        global("_==_", &["A A -> bool"], |meter, args| match args {
            [a, b] => equal(meter, a, b).map(Value::Bool),
            _ => no_overload(),
        }),
        global("_!=_", &["A A -> bool"], |meter, args| match args {
            [a, b] => equal(meter, a, b).map(|same| Value::Bool(!same)),
            _ => no_overload(),
        }),
        global("_<_", ORDERED, |meter, args| compared(meter, args, Ordering::is_lt)),
        global("_<=_", ORDERED, |meter, args| compared(meter, args, Ordering::is_le)),
        global("_>_", ORDERED, |meter, args| compared(meter, args, Ordering::is_gt)),
        global("_>=_", ORDERED, |meter, args| compared(meter, args, Ordering::is_ge)),
        global("@in", &["A list<A> -> bool", "A map<A,B> -> bool"], |meter, args| match args {
            [item, Value::List(list)] => holds(meter, &list.items, item).map(Value::Bool),
            [key, Value::Map(map)] => {
                Ok(Value::Bool(key.as_key().is_some_and(|key| map.entries.contains_key(&key))))
            }
            _ => no_overload(),
        }),
    ];

pub(crate) fn overflow(value: Option<Value>, of: &str) -> Outcome {
    value.map_or_else(|| error(format!("{of} overflow")), Ok)
}

fn compared(meter: &mut Meter, args: &[Value], test: fn(Ordering) -> bool) -> Outcome {
    match args {
        [a, b] => match order(meter, a, b)? {
            Some(found) => Ok(Value::Bool(test(found))),
            None => error("NaN values cannot be ordered"),
        },
        _ => no_overload(),
    }
}

pub(crate) fn add(meter: &mut Meter, a: &Value, b: &Value) -> Outcome {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => overflow(a.checked_add(*b).map(Value::Int), "integer"),
        (Value::Uint(a), Value::Uint(b)) => overflow(a.checked_add(*b).map(Value::Uint), "unsigned integer"),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a + b)),
        (Value::String(a), Value::String(b)) => {
            meter.text(a.len() + b.len())?;
            Ok(Value::String([a.as_ref(), b.as_ref()].concat().into()))
        }
        (Value::Bytes(a), Value::Bytes(b)) => {
            meter.text(a.len() + b.len())?;
            Ok(Value::Bytes([a.as_ref(), b.as_ref()].concat().into()))
        }
        (Value::List(a), Value::List(b)) => {
            meter.elements(a.items.len() + b.items.len())?;
            joined(meter, a, b)
        }
        (Value::Duration(a), Value::Duration(b)) => {
            overflow(a.0.checked_add(b.0).map(|n| Value::Duration(Duration(n))), "integer")
        }
        (Value::Timestamp(time), Value::Duration(by)) | (Value::Duration(by), Value::Timestamp(time)) => {
            moved(*time, i128::from(by.0))
        }
        _ => no_overload(),
    }
}

fn moved(time: Timestamp, by: i128) -> Outcome {
    overflow(Timestamp::from_nanos(time.nanos() + by).map(Value::Timestamp), "timestamp")
}

fn subtract(_: &mut Meter, args: &[Value]) -> Outcome {
    match args {
        [Value::Int(a), Value::Int(b)] => overflow(a.checked_sub(*b).map(Value::Int), "integer"),
        [Value::Uint(a), Value::Uint(b)] => overflow(a.checked_sub(*b).map(Value::Uint), "unsigned integer"),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a - b)),
        [Value::Duration(a), Value::Duration(b)] => {
            overflow(a.0.checked_sub(b.0).map(|n| Value::Duration(Duration(n))), "integer")
        }
        [Value::Timestamp(time), Value::Duration(by)] => moved(*time, -i128::from(by.0)),
        [Value::Timestamp(a), Value::Timestamp(b)] => {
            let apart = i64::try_from(a.nanos() - b.nanos()).ok();
            overflow(apart.map(|n| Value::Duration(Duration(n))), "integer")
        }
        _ => no_overload(),
    }
}

/// As the left list's kind says: one behind the other, each element once, or entries replaced by their keys.
fn joined(meter: &mut Meter, a: &Arc<List>, b: &List) -> Outcome {
    let mut items = a.items.clone();
    match &a.merge {
        Merge::Atomic => items.extend(b.items.iter().cloned()),
        Merge::Set => {
            for item in &b.items {
                if !holds(meter, &a.items, item)? {
                    items.push(item.clone());
                }
            }
        }
        Merge::ByKeys(keys) => {
            let mut places = BTreeMap::new();
            for (place, item) in items.iter().enumerate() {
                places.insert(identity(item, keys), place);
            }
            for item in &b.items {
                match places.get(&identity(item, keys)) {
                    Some(place) => items[*place] = item.clone(),
                    None => {
                        places.insert(identity(item, keys), items.len());
                        items.push(item.clone());
                    }
                }
            }
        }
    }
    Ok(Value::List(Arc::new(List { items, merge: a.merge.clone() })))
}

/// What tells an entry of a map list apart.
fn identity(item: &Value, keys: &[String]) -> Vec<Option<Key>> {
    let of =
        |entries: &Map, key: &String| entries.entries.get(&Key::from(key.as_str())).and_then(Value::as_key);
    match item {
        Value::Map(entries) => keys.iter().map(|key| of(entries, key)).collect(),
        _ => Vec::new(),
    }
}

/// How many elements, characters or bytes.
pub(crate) fn size(meter: &mut Meter, value: &Value) -> Result<i64, Failure> {
    Ok(match value {
        Value::String(text) => {
            meter.text(text.len())?;
            text.chars().count() as i64
        }
        Value::Bytes(octets) => octets.len() as i64,
        Value::List(list) => list.items.len() as i64,
        Value::Map(map) => map.entries.len() as i64,
        _ => return no_overload(),
    })
}
