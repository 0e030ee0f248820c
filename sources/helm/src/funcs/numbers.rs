//! Arithmetic on int64, and ranges of numbers.
use super::Type::{Any, Float, Int};
use super::convert::{to_float, to_int};
use super::{Function, args, pure, variadic};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    pure("add1", &[Any], |args| Ok(Value::Int64(to_int(&args[0]).wrapping_add(1)))),
    variadic("add", &[Any], |args| {
        Ok(Value::Int64(args.iter().fold(0, |sum, arg| sum.wrapping_add(to_int(arg)))))
    }),
    pure("sub", &[Any, Any], |args| Ok(Value::Int64(to_int(&args[0]).wrapping_sub(to_int(&args[1]))))),
    pure("div", &[Any, Any], |args| divide(args, i64::wrapping_div)),
    pure("mod", &[Any, Any], |args| divide(args, i64::wrapping_rem)),
    variadic("mul", &[Any, Any], |args| {
        Ok(Value::Int64(
            args[1..].iter().fold(to_int(&args[0]), |product, arg| product.wrapping_mul(to_int(arg))),
        ))
    }),
    variadic("max", &[Any, Any], |args| Ok(Value::Int64(extreme(args, i64::max)))),
    variadic("biggest", &[Any, Any], |args| Ok(Value::Int64(extreme(args, i64::max)))),
    variadic("min", &[Any, Any], |args| Ok(Value::Int64(extreme(args, i64::min)))),
    variadic("maxf", &[Any, Any], |args| Ok(Value::Float(extreme_float(args, f64::max)))),
    variadic("minf", &[Any, Any], |args| Ok(Value::Float(extreme_float(args, f64::min)))),
    pure("ceil", &[Any], |args| Ok(Value::Float(to_float(&args[0]).ceil()))),
    pure("floor", &[Any], |args| Ok(Value::Float(to_float(&args[0]).floor()))),
    variadic("round", &[Any, Int, Float], |args| Ok(Value::Float(round(args)))),
    pure("until", &[Int], |args| {
        let count = args::int(args, 0);
        Ok(args::ints(steps(0, count, if count < 0 { -1 } else { 1 })?))
    }),
    pure("untilStep", &[Int, Int, Int], |args| {
        Ok(args::ints(steps(args::int(args, 0), args::int(args, 1), args::int(args, 2))?))
    }),
    variadic("seq", &[Int], seq),
];

fn divide(args: &[Value], operation: fn(i64, i64) -> i64) -> Result<Value, String> {
    match to_int(&args[1]) {
        0 => Err("runtime error: integer divide by zero".into()),
        divisor => Ok(Value::Int64(operation(to_int(&args[0]), divisor))),
    }
}

fn extreme(args: &[Value], pick: fn(i64, i64) -> i64) -> i64 {
    args.iter().map(to_int).reduce(pick).unwrap_or(0)
}

fn extreme_float(args: &[Value], pick: fn(f64, f64) -> f64) -> f64 {
    let nan = args.iter().map(to_float).any(f64::is_nan);
    if nan { f64::NAN } else { args.iter().map(to_float).reduce(pick).unwrap_or(0.0) }
}

fn round(args: &[Value]) -> f64 {
    let on = if args.len() > 2 { args::float(args, 2) } else { 0.5 };
    let places = 10f64.powi(i32::try_from(args::int(args, 1)).unwrap_or(i32::MAX));
    let digits = places * to_float(&args[0]);
    let rounded = if digits.fract() >= on { digits.ceil() } else { digits.floor() };
    rounded / places
}

fn steps(start: i64, stop: i64, step: i64) -> Result<Vec<i64>, String> {
    let up = stop >= start;
    if step == 0 || up != (step > 0) {
        return Ok(Vec::new());
    }
    args::check_items(usize::try_from(stop.abs_diff(start) / step.unsigned_abs()).unwrap_or(usize::MAX))?;
    let mut values = Vec::new();
    let mut at = start;
    while if up { at < stop } else { at > stop } {
        values.push(at);
        let Some(next) = at.checked_add(step) else { break };
        at = next;
    }
    Ok(values)
}

fn seq(args: &[Value]) -> Result<Value, String> {
    let n = |at| args::int(args, at);
    let (start, step, end) = match args.len() {
        1 => (1, if n(0) < 1 { -1 } else { 1 }, n(0)),
        2 => (n(0), if n(1) < n(0) { -1 } else { 1 }, n(1)),
        3 if n(2) < n(0) && n(1) > 0 => return Ok("".into()),
        3 => (n(0), n(1), n(2)),
        _ => return Ok("".into()),
    };
    let beyond = if end < start { end.wrapping_sub(1) } else { end.wrapping_add(1) };
    let values: Vec<String> = steps(start, beyond, step)?.iter().map(i64::to_string).collect();
    Ok(values.join(" ").into())
}
