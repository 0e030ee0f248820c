//! Lists. None is ever changed in place.
use super::Type::{Any, Int, Text};
use super::convert::to_int;
use super::{Function, args, pure, variadic};
use crate::value::{List, ListType, Value, deep_equal};

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("list", &[Any], |args| Ok(Value::list(stored(args)))),
    variadic("tuple", &[Any], |args| Ok(Value::list(stored(args)))),
    pure("append", &[Any, Any], push),
    pure("push", &[Any, Any], push),
    pure("mustAppend", &[Any, Any], push),
    pure("mustPush", &[Any, Any], push),
    pure("prepend", &[Any, Any], prepend),
    pure("mustPrepend", &[Any, Any], prepend),
    pure("first", &[Any], |args| {
        ends(&args[0], "find first", |items| items.first().cloned().unwrap_or(Value::Nil))
    }),
    pure("mustFirst", &[Any], |args| {
        ends(&args[0], "find first", |items| items.first().cloned().unwrap_or(Value::Nil))
    }),
    pure("last", &[Any], |args| {
        ends(&args[0], "find last", |items| items.last().cloned().unwrap_or(Value::Nil))
    }),
    pure("mustLast", &[Any], |args| {
        ends(&args[0], "find last", |items| items.last().cloned().unwrap_or(Value::Nil))
    }),
    pure("rest", &[Any], |args| ends(&args[0], "find rest", |items| part(items.get(1..)))),
    pure("mustRest", &[Any], |args| ends(&args[0], "find rest", |items| part(items.get(1..)))),
    pure("initial", &[Any], |args| {
        ends(&args[0], "find initial", |items| part(items.split_last().map(|(_, i)| i)))
    }),
    pure("mustInitial", &[Any], |args| {
        ends(&args[0], "find initial", |items| part(items.split_last().map(|(_, i)| i)))
    }),
    pure("reverse", &[Any], |args| {
        ends(&args[0], "find reverse", |items| items.iter().rev().cloned().collect())
    }),
    pure("mustReverse", &[Any], |args| {
        ends(&args[0], "find reverse", |items| items.iter().rev().cloned().collect())
    }),
    pure("compact", &[Any], |args| ends(&args[0], "compact", compact)),
    pure("mustCompact", &[Any], |args| ends(&args[0], "compact", compact)),
    pure("uniq", &[Any], |args| ends(&args[0], "find uniq", uniq)),
    pure("mustUniq", &[Any], |args| ends(&args[0], "find uniq", uniq)),
    variadic("without", &[Any, Any], without),
    variadic("mustWithout", &[Any, Any], without),
    pure("has", &[Any, Any], has),
    pure("mustHas", &[Any, Any], has),
    variadic("slice", &[Any, Any], slice),
    variadic("mustSlice", &[Any, Any], slice),
    variadic("concat", &[Any], concat),
    pure("chunk", &[Int, Any], chunk),
    pure("mustChunk", &[Int, Any], chunk),
    pure("sortAlpha", &[Any], |args| {
        let mut texts = args::strings(&args[0])?;
        texts.sort();
        Ok(Value::texts(texts))
    }),
    pure("join", &[Text, Any], |args| {
        let texts = args::strings(&args[1])?;
        let parts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        Ok(Value::text(parts.join(args::bytes(args, 0))))
    }),
];

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Value::list(items.into_iter().collect())
    }
}

fn stored(args: &[Value]) -> Vec<Value> {
    args.iter().cloned().map(Value::stored).collect()
}

/// What `reflect.TypeOf(list).Kind()` says, or what it panics with.
fn kind(value: &Value) -> Result<&'static str, String> {
    if value.is_nil() {
        return Err("runtime error: invalid memory address or nil pointer dereference".into());
    }
    Ok(value.kind())
}

fn ends(value: &Value, what: &str, pick: impl Fn(&[Value]) -> Value) -> Result<Value, String> {
    match args::items(value) {
        Some(items) => Ok(pick(&items)),
        None => Err(format!("Cannot {what} on type {}", kind(value)?)),
    }
}

/// Nothing of an empty list is a nil slice.
fn part(items: Option<&[Value]>) -> Value {
    match items {
        Some(items) => Value::list(items.to_vec()),
        None => Value::List(List::nil(ListType::Any)),
    }
}

fn push(args: &[Value]) -> Result<Value, String> {
    let Some(items) = args::items(&args[0]) else {
        return Err(format!("Cannot push on type {}", kind(&args[0])?));
    };
    Ok(items.iter().cloned().chain([args[1].clone().stored()]).collect())
}

fn prepend(args: &[Value]) -> Result<Value, String> {
    let Some(items) = args::items(&args[0]) else {
        return Err(format!("Cannot prepend on type {}", kind(&args[0])?));
    };
    Ok([args[1].clone().stored()].into_iter().chain(items.iter().cloned()).collect())
}

fn compact(items: &[Value]) -> Value {
    items.iter().filter(|item| item.is_true()).cloned().collect()
}

fn uniq(items: &[Value]) -> Value {
    let mut found: Vec<Value> = Vec::new();
    for item in items {
        if !found.iter().any(|known| deep_equal(item, known)) {
            found.push(item.clone());
        }
    }
    Value::list(found)
}

fn without(args: &[Value]) -> Result<Value, String> {
    ends(&args[0], "find without", |items| {
        items
            .iter()
            .filter(|item| !args[1..].iter().any(|omitted| deep_equal(item, omitted)))
            .cloned()
            .collect()
    })
}

fn has(args: &[Value]) -> Result<Value, String> {
    if args[1].is_nil() {
        return Ok(Value::Bool(false));
    }
    ends(&args[1], "find has", |items| Value::Bool(items.iter().any(|item| deep_equal(&args[0], item))))
}

fn slice(args: &[Value]) -> Result<Value, String> {
    let Some(items) = args::items(&args[0]) else {
        return Err(format!("list should be type of slice or array but {}", kind(&args[0])?));
    };
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let start = args.get(1).map_or(0, to_int);
    let end = args.get(2).map_or(i64::try_from(items.len()).unwrap_or(i64::MAX), to_int);
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let Some(part) = range.and_then(|(start, end)| items.get(start..end)) else {
        return Err("reflect.Value.Slice: slice index out of bounds".into());
    };
    Ok(match &args[0] {
        Value::Bytes(bytes) => {
            let start = usize::try_from(start).unwrap_or(0);
            Value::Bytes(bytes.as_bytes()[start..start + part.len()].into())
        }
        Value::List(list) => Value::List(List::new(list.ty, part.to_vec())),
        _ => Value::Nil,
    })
}

fn concat(args: &[Value]) -> Result<Value, String> {
    let mut all = Vec::new();
    for list in args {
        match args::items(list) {
            Some(items) => all.extend_from_slice(&items),
            None => return Err(format!("Cannot concat type {} as list", kind(list)?)),
        }
        args::check_items(all.len())?;
    }
    Ok(if all.is_empty() { Value::List(List::nil(ListType::Any)) } else { Value::list(all) })
}

fn chunk(args: &[Value]) -> Result<Value, String> {
    let Some(items) = args::items(&args[1]) else {
        return Err(format!("Cannot chunk type {}", kind(&args[1])?));
    };
    let size = args::int(args, 0);
    let out_of_range = || "runtime error: makeslice: len out of range".to_owned();
    if size == 0 {
        return Err(out_of_range());
    }
    // Upstream's arithmetic, which finds an answer for some negative sizes, too.
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let count = (length - 1).div_euclid(size.abs()) * size.signum();
    let count = if size > 0 || (length - 1) % size == 0 { count } else { count - 1 };
    let count = count + 1;
    let mut chunks = Vec::new();
    for i in 0..count {
        let part = if i < count - 1 || length % size == 0 { size } else { length % size };
        let start = usize::try_from(i * size).map_err(|_| "reflect: slice index out of range")?;
        let end = start + usize::try_from(part).map_err(|_| out_of_range())?;
        let part = items.get(start..end).ok_or("reflect: slice index out of range")?;
        chunks.push(Value::list(part.to_vec()));
    }
    if count < 0 {
        return Err(out_of_range());
    }
    Ok(Value::List(List::new(ListType::Lists, chunks)))
}
