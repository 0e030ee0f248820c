//! What is empty, and what stands in for it.
use super::Type::{Any, Bool};
use super::{Function, args, pure, variadic};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("default", &[Any, Any], |args| {
        let given = args.get(1).filter(|given| given.is_true());
        Ok(given.unwrap_or(&args[0]).clone().stored())
    }),
    pure("empty", &[Any], |args| Ok(Value::Bool(!args[0].is_true()))),
    variadic("coalesce", &[Any], |args| {
        Ok(args.iter().find(|arg| arg.is_true()).cloned().unwrap_or(Value::Nil))
    }),
    variadic("all", &[Any], |args| Ok(Value::Bool(args.iter().all(Value::is_true)))),
    variadic("any", &[Any], |args| Ok(Value::Bool(args.iter().any(Value::is_true)))),
    pure("ternary", &[Any, Any, Bool], |args| Ok(args[usize::from(!args::truth(args, 2))].clone().stored())),
];
