//! text/template's own functions, comparisons apart. Its `slice` is hidden by sprig's.
use super::Type::{Any, Reflect, Text};
use super::{Function, Lazy, Run, args, pure, variadic};
use crate::fmt;
use crate::value::{MapType, Object, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "and", parameters: &[Reflect, Reflect], variadic: true, run: Run::Lazy(Lazy::And) },
    Function { name: "or", parameters: &[Reflect, Reflect], variadic: true, run: Run::Lazy(Lazy::Or) },
    pure("not", &[Reflect], |args| Ok(Value::Bool(!args[0].is_true()))),
    pure("len", &[Reflect], |args| length(&args[0])),
    variadic("index", &[Reflect, Reflect], index),
    variadic("call", &[Reflect, Reflect], |args| match &args[0] {
        Value::None | Value::Nil => Err("call of nil".into()),
        value => Err(format!("non-function of type {}", value.type_name())),
    }),
    variadic("print", &[Any], |args| Ok(Value::text(fmt::sprint(args)?))),
    variadic("println", &[Any], |args| Ok(Value::text(fmt::sprintln(args)?))),
    variadic("printf", &[Text, Any], |args| {
        Ok(Value::text(fmt::sprintf(args::bytes(args, 0), args.get(1..).unwrap_or_default())?))
    }),
];

fn length(value: &Value) -> Result<Value, String> {
    let count = match value {
        Value::Text(text) | Value::Bytes(text) => text.len(),
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.len(),
        Value::Object(Object::Files(files)) => files.0.len(),
        Value::None => return Err("reflect: call of reflect.Value.Type on zero Value".into()),
        Value::Nil => return Err("len of nil pointer".into()),
        _ => return Err(format!("len of type {}", value.type_name())),
    };
    Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn index(args: &[Value]) -> Result<Value, String> {
    let (item, keys) = args.split_first().ok_or("missing argument")?;
    if item.is_nil() {
        return Err("index of untyped nil".into());
    }
    let mut item = item.clone();
    for key in keys {
        item = match &item {
            Value::None | Value::Nil => return Err("index of nil pointer".into()),
            Value::Text(text) => Value::Uint8(text.as_bytes()[position(key, text.len())?]),
            Value::Bytes(bytes) => Value::Uint8(bytes.as_bytes()[position(key, bytes.len())?]),
            Value::List(list) => list.items()[position(key, list.items().len())?].clone(),
            Value::Map(map) => {
                let missing = if map.ty == MapType::Text { Value::text("") } else { Value::Nil };
                map.get(key_of(key)?).unwrap_or(missing)
            }
            Value::Object(Object::Files(files)) => {
                let found = files.0.get(key_of(key)?).cloned();
                Value::Bytes(found.unwrap_or_else(|| crate::text::Text::from("")))
            }
            other => return Err(format!("can't index item of type {}", other.type_name())),
        };
    }
    Ok(item)
}

fn key_of(key: &Value) -> Result<&[u8], String> {
    match key {
        Value::Text(text) => Ok(text.as_bytes()),
        Value::None | Value::Nil => Err("value is nil; should be of type string".into()),
        _ => Err(format!("value has type {}; should be string", key.type_name())),
    }
}

fn position(key: &Value, count: usize) -> Result<usize, String> {
    let at = match key {
        Value::Int(at) | Value::Int64(at) => *at,
        Value::Uint8(at) => (*at).into(),
        Value::Uint64(at) => i64::try_from(*at).unwrap_or(i64::MAX),
        Value::None | Value::Nil => return Err("cannot index slice/array with nil".into()),
        _ => return Err(format!("cannot index slice/array with type {}", key.type_name())),
    };
    match usize::try_from(at) {
        Ok(at) if at < count => Ok(at),
        Ok(at) if at == count => Err("reflect: slice index out of range".into()),
        Ok(_) | Err(_) => Err(format!("index out of range: {at}")),
    }
}
