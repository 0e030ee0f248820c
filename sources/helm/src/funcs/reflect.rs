//! Types and kinds.
use super::Type::{Any, Text};
use super::{Function, args, pure};
use crate::value::{Value, deep_equal};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("typeOf", &[Any], |args| Ok(args[0].type_name().into())),
    pure("typeIs", &[Text, Any], |args| {
        Ok(Value::Bool(args::bytes(args, 0) == args[1].type_name().as_bytes()))
    }),
    pure("typeIsLike", &[Text, Any], |args| {
        let (wanted, found) = (args::text(args, 0), args[1].type_name());
        Ok(Value::Bool(wanted == found || found.strip_prefix('*') == Some(&wanted)))
    }),
    pure("kindOf", &[Any], |args| Ok(args[0].kind().into())),
    pure("kindIs", &[Text, Any], |args| Ok(Value::Bool(args::bytes(args, 0) == args[1].kind().as_bytes()))),
    pure("deepEqual", &[Any, Any], |args| Ok(Value::Bool(deep_equal(&args[0], &args[1])))),
];
