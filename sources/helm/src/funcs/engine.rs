//! Helm's own: templates by name, failures on purpose, the cluster.
use super::Type::{Any, Text};
use super::{Function, args, with_context};
use crate::exec::Failure;
use crate::value::{Value, from_json};

pub(super) const FUNCTIONS: &[Function] = &[
    with_context("include", &[Text, Any], |context, args| {
        let name = args::text(args, 0);
        let out = context.engine.include(context.set, &name, data(&args[1]))?;
        Ok(Value::text(out))
    }),
    with_context("tpl", &[Text, Any], |context, args| {
        let Value::Text(text) = &args[0] else { return Ok("".into()) };
        let out = context.engine.tpl(context.set, text, data(&args[1]))?;
        Ok(Value::text(out))
    }),
    with_context("required", &[Text, Any], |_, args| {
        let missing = match &args[1] {
            Value::None | Value::Nil => true,
            Value::Text(text) => text.is_empty(),
            _ => false,
        };
        if missing { Err(Failure::from(args::text(args, 0).into_owned())) } else { Ok(args[1].clone()) }
    }),
    with_context("fail", &[Text], |_, args| Err(Failure::from(args::text(args, 0).into_owned()))),
    with_context("lookup", &[Text, Text, Text, Text], |context, args| {
        let t = |at| args::text(args, at);
        let found = (context.engine.host.lookup)(&t(0), &t(1), &t(2), &t(3))?;
        Ok(from_json(&found))
    }),
    // Helm asks no name server unless it is told to.
    super::pure("getHostByName", &[Text], |_| Ok("".into())),
];

/// A nil that is passed on is no value in the template that gets it.
fn data(value: &Value) -> Value {
    if value.is_nil() { Value::None } else { value.clone() }
}
