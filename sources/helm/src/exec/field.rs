//! `.a.b`: keys, fields and methods.
use super::state::{Result, State, shown};
use crate::funcs::methods;
use crate::template::Expr;
use crate::text::Text;
use crate::value::{MapType, Object, Value};

impl State<'_, '_> {
    /// Follows a path; only its last part may take arguments.
    pub(super) fn fields(
        &mut self,
        dot: &Value,
        mut receiver: Value,
        path: &[Text],
        expr: &Expr,
        arguments: &[Expr],
        last: Option<Value>,
    ) -> Result<Value> {
        let Some((name, before)) = path.split_last() else { return Ok(receiver) };
        for name in before {
            receiver = self.field(dot, &receiver, name, expr, &[], None)?;
        }
        self.field(dot, &receiver, name, expr, arguments, last)
    }

    fn field(
        &mut self,
        dot: &Value,
        receiver: &Value,
        name: &Text,
        expr: &Expr,
        arguments: &[Expr],
        last: Option<Value>,
    ) -> Result<Value> {
        if let Value::None = receiver {
            return Ok(Value::None);
        }
        if let Some(method) = methods::find(receiver, name.as_bytes()) {
            let values = self.arguments(dot, method, expr, arguments, last)?;
            return self.call(method, expr, values, Some(receiver.clone()));
        }
        let has_arguments = !arguments.is_empty() || last.is_some();
        let fail = |state: &Self, message: String| Err(state.error(expr.pos, expr.end, message.into()));
        match receiver {
            Value::Nil => {
                return fail(self, format!("nil pointer evaluating interface {{}}.{}", shown(name)));
            }
            Value::Map(_) | Value::Object(Object::Files(_)) if has_arguments => {
                return fail(self, format!("{} is not a method but has arguments", shown(name)));
            }
            Value::Map(map) => {
                let missing = if map.ty == MapType::Text { Value::text("") } else { Value::Nil };
                return Ok(map.get(name.as_bytes()).unwrap_or(missing));
            }
            Value::Object(Object::Files(files)) => {
                let found = files.0.get(name).cloned();
                return Ok(Value::Bytes(found.unwrap_or_else(|| Text::from(""))));
            }
            Value::Object(Object::Struct(object)) => {
                if let Some(value) = object.get(name.as_bytes()) {
                    if has_arguments {
                        let message =
                            format!("{} has arguments but cannot be invoked as function", shown(name));
                        return fail(self, message);
                    }
                    return Ok(value.clone());
                }
            }
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Int64(_)
            | Value::Uint8(_)
            | Value::Uint64(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Bytes(_)
            | Value::List(_)
            | Value::Object(Object::Version(_) | Object::Time(_)) => {}
        }
        fail(self, format!("can't evaluate field {} in type {}", shown(name), receiver.type_name()))
    }
}
