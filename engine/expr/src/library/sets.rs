//! Lists as sets: order and repetition do not count.

use crate::eval::holds;
use crate::eval::meter::{Failure, Meter, Outcome, no_overload};
use crate::functions::{Function, global};
use crate::value::Value;

const PAIR: &[&str] = &["list<A> list<A> -> bool"];

pub(crate) const FUNCTIONS: &[Function] = &[
    global("sets.contains", PAIR, |meter, args| {
        let (a, b) = pair(args)?;
        contains(meter, a, b).map(Value::Bool)
    }),
    global("sets.equivalent", PAIR, |meter, args| {
        let (a, b) = pair(args)?;
        Ok(Value::Bool(contains(meter, a, b)? && contains(meter, b, a)?))
    }),
    global("sets.intersects", PAIR, intersects),
];

fn pair(args: &[Value]) -> Result<(&[Value], &[Value]), Failure> {
    match args {
        [Value::List(a), Value::List(b)] => Ok((&a.items, &b.items)),
        _ => no_overload(),
    }
}

fn contains(meter: &mut Meter, all: &[Value], some: &[Value]) -> Result<bool, Failure> {
    for item in some {
        if !holds(meter, all, item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn intersects(meter: &mut Meter, args: &[Value]) -> Outcome {
    let (a, b) = pair(args)?;
    for item in a {
        if holds(meter, b, item)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}
