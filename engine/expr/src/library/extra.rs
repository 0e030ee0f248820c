//! What Kubernetes does not have: base64 and mathematics.

use crate::eval::compare::order;
use crate::eval::meter::{Meter, Outcome, error, no_overload};
use crate::functions::{Function, global};
use crate::value::Value;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use std::cmp::Ordering;

const MANY: &[&str] = &[
    "int -> int",
    "uint -> uint",
    "double -> double",
    "int int -> int",
    "uint uint -> uint",
    "double double -> double",
    "dyn dyn -> dyn",
    "dyn dyn dyn -> dyn",
    "dyn dyn dyn dyn -> dyn",
    "list<int> -> int",
    "list<uint> -> uint",
    "list<double> -> double",
];
const ROUNDED: &[&str] = &["double -> double"];

pub(crate) const FUNCTIONS: &[Function] = &[
    global("base64.encode", &["bytes -> string"], |meter, args| match args {
        [Value::Bytes(octets)] => {
            meter.text(octets.len() * 2)?;
            Ok(Value::string(&STANDARD.encode(octets)))
        }
        _ => no_overload(),
    })
    .extra(),
    global("base64.decode", &["string -> bytes"], |meter, args| match args {
        [Value::String(text)] => {
            meter.text(text.len() * 2)?;
            match STANDARD.decode(text.as_bytes()).or_else(|_| STANDARD_NO_PAD.decode(text.as_bytes())) {
                Ok(octets) => Ok(Value::bytes(&octets)),
                Err(_) => error("illegal base64 data"),
            }
        }
        _ => no_overload(),
    })
    .extra(),
    global("math.greatest", MANY, |meter, args| extreme(meter, args, Ordering::Less)).extra(),
    global("math.least", MANY, |meter, args| extreme(meter, args, Ordering::Greater)).extra(),
    global("math.ceil", ROUNDED, |_, args| rounded(args, f64::ceil)).extra(),
    global("math.floor", ROUNDED, |_, args| rounded(args, f64::floor)).extra(),
    global("math.round", ROUNDED, |_, args| rounded(args, f64::round)).extra(),
    global("math.trunc", ROUNDED, |_, args| rounded(args, f64::trunc)).extra(),
    global("math.sqrt", ROUNDED, |_, args| rounded(args, f64::sqrt)).extra(),
    global("math.abs", &["int -> int", "uint -> uint", "double -> double"], |_, args| match args {
        [Value::Int(value)] => {
            value.checked_abs().map_or_else(|| error("integer overflow"), |v| Ok(Value::Int(v)))
        }
        [Value::Uint(value)] => Ok(Value::Uint(*value)),
        [Value::Double(value)] => Ok(Value::Double(value.abs())),
        _ => no_overload(),
    })
    .extra(),
];

fn rounded(args: &[Value], of: fn(f64) -> f64) -> Outcome {
    match args {
        [Value::Double(value)] => Ok(Value::Double(of(*value))),
        _ => no_overload(),
    }
}

fn extreme(meter: &mut Meter, args: &[Value], replaced: Ordering) -> Outcome {
    let items = match args {
        [Value::List(list)] => &list.items[..],
        numbers => numbers,
    };
    let mut items = items.iter();
    let Some(mut found) = items.next() else { return error("math.@max(list) argument must not be empty") };
    if !is_number(found) {
        return no_overload();
    }
    for item in items {
        if !is_number(item) {
            return no_overload();
        }
        if order(meter, found, item)? == Some(replaced) {
            found = item;
        }
    }
    Ok(found.clone())
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_))
}
