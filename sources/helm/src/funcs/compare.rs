//! `eq` and its kin: no conversion between integers, floats and strings.
use super::Type::Reflect;
use super::{Function, pure, variadic};
use crate::value::{Object, Value};
use std::cmp::Ordering;

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("eq", &[Reflect, Reflect], |args| eq(args).map(Value::Bool)),
    pure("ne", &[Reflect, Reflect], |args| eq(args).map(|equal| Value::Bool(!equal))),
    pure("lt", &[Reflect, Reflect], |args| lt(args).map(Value::Bool)),
    pure("le", &[Reflect, Reflect], |args| le(args).map(Value::Bool)),
    pure("gt", &[Reflect, Reflect], |args| le(args).map(|le| Value::Bool(!le))),
    pure("ge", &[Reflect, Reflect], |args| lt(args).map(|lt| Value::Bool(!lt))),
];

/// A value as far as comparisons tell them apart.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(&'a [u8]),
    Other,
}

fn basic(value: &Value) -> Basic<'_> {
    match value {
        Value::Bool(value) => Basic::Bool(*value),
        Value::Int(value) | Value::Int64(value) => Basic::Int(*value),
        Value::Uint8(value) => Basic::Uint((*value).into()),
        Value::Uint64(value) => Basic::Uint(*value),
        Value::Float(value) => Basic::Float(*value),
        Value::Text(text) => Basic::Text(text.as_bytes()),
        Value::None | Value::Nil | Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Object(_) => {
            Basic::Other
        }
    }
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::None | Value::Nil => true,
        Value::List(list) => list.nil,
        Value::Map(map) => map.nil,
        _ => false,
    }
}

fn incompatible(a: &Value, b: &Value) -> String {
    format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name())
}

fn eq(args: &[Value]) -> Result<bool, String> {
    let Some((first, rest)) = args.split_first().filter(|(_, rest)| !rest.is_empty()) else {
        return Err("missing argument for comparison".into());
    };
    for other in rest {
        let equal = match (basic(first), basic(other)) {
            (Basic::Bool(a), Basic::Bool(b)) => a == b,
            (Basic::Int(a), Basic::Int(b)) => a == b,
            (Basic::Uint(a), Basic::Uint(b)) => a == b,
            (Basic::Int(a), Basic::Uint(b)) | (Basic::Uint(b), Basic::Int(a)) => u64::try_from(a) == Ok(b),
            (Basic::Float(a), Basic::Float(b)) => a == b,
            (Basic::Text(a), Basic::Text(b)) => a == b,
            (Basic::Other, Basic::Other) => others(first, other)?,
            _ if first.is_nil() || other.is_nil() => false,
            _ => return Err(incompatible(first, other)),
        };
        if equal {
            return Ok(true);
        }
    }
    Ok(false)
}

fn others(a: &Value, b: &Value) -> Result<bool, String> {
    if a.kind() != b.kind() && !a.is_nil() && !b.is_nil() {
        return Err(format!("non-comparable types {}, {}", a.type_name(), b.type_name()));
    }
    if is_nil(a) || is_nil(b) {
        return Ok(is_nil(a) == is_nil(b));
    }
    match (a, b) {
        (Value::Object(Object::Time(a)), Value::Object(Object::Time(b))) => Ok(a == b),
        (Value::Object(Object::Version(a)), Value::Object(Object::Version(b))) => {
            Ok(std::rc::Rc::ptr_eq(a, b))
        }
        (Value::Object(Object::Struct(a)), Value::Object(Object::Struct(b))) => Ok(std::rc::Rc::ptr_eq(a, b)),
        _ => Err(format!("non-comparable type {}", b.type_name())),
    }
}

fn lt(args: &[Value]) -> Result<bool, String> {
    order(args).map(|order| order == Some(Ordering::Less))
}

fn le(args: &[Value]) -> Result<bool, String> {
    order(args).map(|order| matches!(order, Some(Ordering::Less | Ordering::Equal)))
}

fn order(args: &[Value]) -> Result<Option<Ordering>, String> {
    let [a, b] = args else { return Err("missing argument for comparison".into()) };
    Ok(match (basic(a), basic(b)) {
        (Basic::Other, _) | (_, Basic::Other) | (Basic::Bool(_), Basic::Bool(_)) => {
            return Err("invalid type for comparison".into());
        }
        (Basic::Int(a), Basic::Int(b)) => Some(a.cmp(&b)),
        (Basic::Uint(a), Basic::Uint(b)) => Some(a.cmp(&b)),
        (Basic::Int(a), Basic::Uint(b)) => Some(i128::from(a).cmp(&b.into())),
        (Basic::Uint(a), Basic::Int(b)) => Some(i128::from(a).cmp(&b.into())),
        (Basic::Float(a), Basic::Float(b)) => a.partial_cmp(&b),
        (Basic::Text(a), Basic::Text(b)) => Some(a.cmp(b)),
        _ => return Err(incompatible(a, b)),
    })
}
