//! Lists: Kubernetes' functions, and cel-go's.

use super::arithmetic::add;
use super::strings;
use crate::eval::compare::{equal, order};
use crate::eval::holds;
use crate::eval::loops::stable;
use crate::eval::meter::{Failure, Meter, Outcome, error, no_overload};
use crate::functions::{Function, global, member};
use crate::value::{List, Value};
use std::cmp::Ordering;
use std::sync::Arc;

const COMPARED: &[&str] = &[
    "list<int> -> int",
    "list<uint> -> uint",
    "list<double> -> double",
    "list<bool> -> bool",
    "list<duration> -> duration",
    "list<timestamp> -> timestamp",
    "list<string> -> string",
    "list<bytes> -> bytes",
];
const SORTED: &[&str] = &[
    "list<int> -> bool",
    "list<uint> -> bool",
    "list<double> -> bool",
    "list<bool> -> bool",
    "list<duration> -> bool",
    "list<timestamp> -> bool",
    "list<string> -> bool",
    "list<bytes> -> bool",
];

pub(crate) const FUNCTIONS: &[Function] = &[
    member("isSorted", SORTED, |meter, args| match args {
        [Value::List(list)] => {
            for pair in list.items.windows(2) {
                if order(meter, &pair[0], &pair[1])? == Some(Ordering::Greater) {
                    return Ok(Value::Bool(false));
                }
            }
            Ok(Value::Bool(true))
        }
        _ => no_overload(),
    }),
    member(
        "sum",
        &["list<int> -> int", "list<uint> -> uint", "list<double> -> double", "list<duration> -> duration"],
        |meter, args| match args {
            [Value::List(list)] => {
                meter.elements(list.items.len())?;
                let mut items = list.items.iter();
                let Some(first) = items.next() else { return Ok(Value::Int(0)) };
                if !matches!(first, Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Duration(_)) {
                    return no_overload();
                }
                items.try_fold(first.clone(), |sum, item| add(meter, &sum, item))
            }
            _ => no_overload(),
        },
    ),
    member("min", COMPARED, |meter, args| extreme(meter, args, "min", Ordering::Greater)),
    member("max", COMPARED, |meter, args| extreme(meter, args, "max", Ordering::Less)),
    member(
        "indexOf",
        &["list<A> A -> int", "string string -> int", "string string int -> int"],
        |meter, args| match args {
            [Value::String(text), Value::String(part)] => strings::index_of(meter, text, part, 0),
            [Value::String(text), Value::String(part), Value::Int(from)] => {
                strings::index_of(meter, text, part, *from)
            }
            [Value::List(list), item] => position(meter, list.items.iter().enumerate(), item),
            _ => no_overload(),
        },
    ),
    member(
        "lastIndexOf",
        &["list<A> A -> int", "string string -> int", "string string int -> int"],
        |meter, args| match args {
            [Value::String(text), Value::String(part)] => strings::last_index_of(meter, text, part, None),
            [Value::String(text), Value::String(part), Value::Int(from)] => {
                strings::last_index_of(meter, text, part, Some(*from))
            }
            [Value::List(list), item] => position(meter, list.items.iter().enumerate().rev(), item),
            _ => no_overload(),
        },
    ),
    member("slice", &["list<A> int int -> list<A>"], |meter, args| match args {
        [Value::List(list), Value::Int(start), Value::Int(end)] => slice(meter, list, *start, *end),
        _ => no_overload(),
    }),
    member("flatten", &["list<list<A>> -> list<A>", "list<dyn> int -> list<dyn>"], |meter, args| {
        let (list, depth) = match args {
            [Value::List(list)] => (list, 1),
            [Value::List(list), Value::Int(depth)] => (list, *depth),
            _ => return no_overload(),
        };
        if depth < 0 {
            return error("level must be non-negative");
        }
        let mut out = Vec::new();
        flatten(meter, list, depth, &mut out)?;
        Ok(Value::list(out))
    }),
    member("distinct", &["list<A> -> list<A>"], |meter, args| match args {
        [Value::List(list)] => {
            let mut out: Vec<Value> = Vec::new();
            for item in &list.items {
                if !holds(meter, &out, item)? {
                    out.push(item.clone());
                }
            }
            Ok(Value::list(out))
        }
        _ => no_overload(),
    }),
    member(
        "sort",
        &[
            "list<int> -> list<int>",
            "list<uint> -> list<uint>",
            "list<double> -> list<double>",
            "list<bool> -> list<bool>",
            "list<duration> -> list<duration>",
            "list<timestamp> -> list<timestamp>",
            "list<string> -> list<string>",
            "list<bytes> -> list<bytes>",
        ],
        |meter, args| match args {
            [Value::List(list)] => {
                meter.elements(list.items.len())?;
                let mut items = list.items.clone();
                stable(meter, &mut items, |item| item)?;
                Ok(Value::list(items))
            }
            _ => no_overload(),
        },
    ),
    member("first", &["list<A> -> optional<A>"], |_, args| end(args, |items| items.first())),
    member("last", &["list<A> -> optional<A>"], |_, args| end(args, |items| items.last())),
    global("lists.range", &["int -> list<int>"], |meter, args| match args {
        [Value::Int(count)] => {
            let count = usize::try_from(*count).unwrap_or(0);
            meter.elements(count)?;
            Ok(Value::list((0..count as i64).map(Value::Int).collect()))
        }
        _ => no_overload(),
    }),
];

fn end(args: &[Value], of: fn(&[Value]) -> Option<&Value>) -> Outcome {
    match args {
        [Value::List(list)] => Ok(Value::Optional(of(&list.items).cloned().map(Arc::new))),
        _ => no_overload(),
    }
}

fn extreme(meter: &mut Meter, args: &[Value], name: &str, replaced: Ordering) -> Outcome {
    let [Value::List(list)] = args else { return no_overload() };
    let mut items = list.items.iter();
    let Some(mut found) = items.next() else { return error(format!("{name} called on empty list")) };
    for item in items {
        if order(meter, found, item)? == Some(replaced) {
            found = item;
        }
    }
    Ok(found.clone())
}

fn position<'a>(
    meter: &mut Meter,
    items: impl Iterator<Item = (usize, &'a Value)>,
    wanted: &Value,
) -> Outcome {
    for (at, item) in items {
        if equal(meter, item, wanted)? {
            return Ok(Value::Int(at as i64));
        }
    }
    Ok(Value::Int(-1))
}

fn slice(meter: &mut Meter, list: &List, start: i64, end: i64) -> Outcome {
    let length = list.items.len() as i64;
    if start < 0 || end < 0 {
        return error(format!("cannot slice({start}, {end}), negative indexes not supported"));
    }
    if start > end {
        return error(format!(
            "cannot slice({start}, {end}), start index must be less than or equal to end index"
        ));
    }
    if end > length {
        return error(format!("cannot slice({start}, {end}), list is length {length}"));
    }
    meter.elements((end - start) as usize)?;
    Ok(Value::list(list.items[start as usize..end as usize].to_vec()))
}

fn flatten(meter: &mut Meter, list: &List, depth: i64, out: &mut Vec<Value>) -> Result<(), Failure> {
    for item in &list.items {
        meter.charge(1)?;
        match item {
            Value::List(inner) if depth > 0 => flatten(meter, inner, depth - 1, out)?,
            other => out.push(other.clone()),
        }
    }
    Ok(())
}
