//! Values that may be absent.

use crate::eval::meter::{error, no_overload};
use crate::functions::{Function, global, member};
use crate::value::Value;

pub(crate) const FUNCTIONS: &[Function] = &[
    global("optional.of", &["A -> optional<A>"], |_, args| match args {
        [value] => Ok(Value::some(value.clone())),
        _ => no_overload(),
    }),
    global("optional.ofNonZeroValue", &["A -> optional<A>"], |_, args| match args {
        [value] if is_zero(value) => Ok(Value::Optional(None)),
        [value] => Ok(Value::some(value.clone())),
        _ => no_overload(),
    }),
    global("optional.none", &["-> optional<A>"], |_, _| Ok(Value::Optional(None))),
    member("hasValue", &["optional<A> -> bool"], |_, args| match args {
        [Value::Optional(value)] => Ok(Value::Bool(value.is_some())),
        _ => no_overload(),
    }),
    member("value", &["optional<A> -> A"], |_, args| match args {
        [Value::Optional(Some(value))] => Ok((**value).clone()),
        [Value::Optional(None)] => error("optional.none() dereference"),
        _ => no_overload(),
    }),
    member("or", &["optional<A> optional<A> -> optional<A>"], |_, args| match args {
        [Value::Optional(None), other @ Value::Optional(_)] => Ok(other.clone()),
        [found @ Value::Optional(Some(_)), _] => Ok(found.clone()),
        _ => no_overload(),
    }),
    member("orValue", &["optional<A> A -> A"], |_, args| match args {
        [Value::Optional(None), other] => Ok(other.clone()),
        [Value::Optional(Some(value)), _] => Ok((**value).clone()),
        _ => no_overload(),
    }),
];

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Int(value) => *value == 0,
        Value::Uint(value) => *value == 0,
        Value::Double(value) => *value == 0.0,
        Value::String(text) => text.is_empty(),
        Value::Bytes(octets) => octets.is_empty(),
        Value::List(list) => list.items.is_empty(),
        Value::Map(map) => map.entries.is_empty(),
        Value::Duration(duration) => duration.0 == 0,
        Value::Optional(value) => value.is_none(),
        Value::Timestamp(_)
        | Value::Type(_)
        | Value::Url(_)
        | Value::Ip(_)
        | Value::Cidr(_)
        | Value::Quantity(_)
        | Value::Semver(_)
        | Value::Format(_) => false,
    }
}
