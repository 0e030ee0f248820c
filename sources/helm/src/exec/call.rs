//! Calls: arguments checked against a function's types as reflection checks them.
use super::state::{Result, State};
use super::{Engine, Failure, Set};
use crate::funcs::{Function, Lazy, Run, Type};
use crate::template::{Expr, ExprKind};
use crate::value::{MapType, Object, Value};
use std::rc::Rc;

/// What functions may use besides their arguments.
pub(crate) struct Context<'c, 'a> {
    pub(crate) engine: &'c mut Engine<'a>,
    pub(crate) set: &'c Rc<Set>,
}

impl State<'_, '_> {
    pub(super) fn function(
        &mut self,
        dot: &Value,
        function: &'static Function,
        expr: &Expr,
        arguments: &[Expr],
        last: Option<Value>,
    ) -> Result<Value> {
        if let Run::Lazy(lazy) = function.run {
            return self.lazy(dot, function, lazy, expr, arguments, last);
        }
        let values = self.arguments(dot, function, expr, arguments, last)?;
        self.call(function, expr, values, None)
    }

    /// `and` and `or` stop at the first argument that decides.
    fn lazy(
        &mut self,
        dot: &Value,
        function: &'static Function,
        lazy: Lazy,
        expr: &Expr,
        arguments: &[Expr],
        last: Option<Value>,
    ) -> Result<Value> {
        self.count(function, expr, arguments.len(), last.is_some())?;
        let mut value = Value::None;
        for argument in arguments {
            value = self.any(dot, argument)?;
            if value.is_true() == (lazy == Lazy::Or) {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    fn count(&self, function: &Function, expr: &Expr, given: usize, piped: bool) -> Result<()> {
        let all = given + usize::from(piped);
        let wanted = function.parameters.len();
        let message = if function.variadic {
            if all >= wanted - 1 {
                return Ok(());
            }
            format!("wrong number of args for {}: want at least {} got {given}", function.name, wanted - 1)
        } else {
            if all == wanted {
                return Ok(());
            }
            format!("wrong number of args for {}: want {wanted} got {all}", function.name)
        };
        Err(self.error(expr.pos, expr.end, message.into()))
    }

    pub(super) fn arguments(
        &mut self,
        dot: &Value,
        function: &Function,
        expr: &Expr,
        arguments: &[Expr],
        last: Option<Value>,
    ) -> Result<Vec<Value>> {
        self.count(function, expr, arguments.len(), last.is_some())?;
        let mut values = Vec::with_capacity(arguments.len() + 1);
        for (i, argument) in arguments.iter().enumerate() {
            values.push(self.argument(dot, function.parameter(i), argument)?);
        }
        if let Some(last) = last {
            let ty = function.parameter(arguments.len());
            values.push(fits(last, ty).map_err(|message| self.error(expr.pos, expr.end, message.into()))?);
        }
        Ok(values)
    }

    fn argument(&mut self, dot: &Value, ty: Type, expr: &Expr) -> Result<Value> {
        let wrong = |state: &Self, what: &str| {
            let message = format!("expected {what}; found {}", state.snippet(expr));
            Err(state.error(expr.pos, expr.end, message.into()))
        };
        match (&expr.kind, ty) {
            (ExprKind::Nil, Type::Any | Type::Reflect | Type::Map) => Ok(Value::None),
            (ExprKind::Nil, _) => {
                let message = format!("cannot assign nil to {}", ty.name());
                Err(self.error(expr.pos, expr.end, message.into()))
            }
            (ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::Text(_), Type::Any | Type::Reflect) => {
                self.any(dot, expr)
            }
            (ExprKind::Bool(value), Type::Bool) => Ok(Value::Bool(*value)),
            (ExprKind::Text(text), Type::Text) => Ok(Value::Text(text.clone())),
            (ExprKind::Number(number), Type::Int) => match number.int {
                Some(value) => Ok(Value::Int(value)),
                None => wrong(self, "integer"),
            },
            // Longer ones are cut, as reflection does.
            (ExprKind::Number(number), Type::Uint32) => match number.uint {
                Some(value) => Ok(Value::Int((value & u64::from(u32::MAX)) as i64)),
                None => wrong(self, ty.constant()),
            },
            (ExprKind::Number(number), Type::Float) => match number.float {
                Some(value) => Ok(Value::Float(value)),
                None => wrong(self, "float"),
            },
            (ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::Text(_), _) => wrong(self, ty.constant()),
            (
                ExprKind::Dot
                | ExprKind::Field(_)
                | ExprKind::Variable(..)
                | ExprKind::Function(_)
                | ExprKind::Pipe(_)
                | ExprKind::Chain(..),
                _,
            ) => {
                let value = self.any(dot, expr)?;
                fits(value, ty).map_err(|message| self.error(expr.pos, expr.end, message.into()))
            }
        }
    }

    pub(super) fn call(
        &mut self,
        function: &Function,
        expr: &Expr,
        mut values: Vec<Value>,
        receiver: Option<Value>,
    ) -> Result<Value> {
        if let Some(receiver) = receiver {
            values.insert(0, receiver);
        }
        let set = self.set.clone();
        let mut context = Context { engine: self.engine, set: &set };
        let result = match function.run {
            Run::Pure(run) => run(&values).map_err(Failure::from),
            Run::Context(run) => run(&mut context, &values),
            // `function` has taken these already.
            Run::Lazy(_) => Ok(Value::None),
        };
        let checked = result.and_then(|value| {
            context.engine.spend(1)?;
            context.engine.make(size(&value))?;
            Ok(value)
        });
        checked.map_err(|failure| {
            let mut error = self.error(expr.pos, expr.end, failure);
            error.message = match &error.cause {
                Some(_) => format!("error calling {}", function.name),
                None => format!("error calling {}: {}", function.name, error.message),
            };
            error
        })
    }
}

/// What a result costs: its bytes or its items, not what is within them.
fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Bytes(text) => text.len(),
        Value::List(list) => list.items().len() * 16,
        Value::Map(map) => map.len() * 16,
        _ => 0,
    }
}

/// Whether Go would let a value be passed as that type.
pub(crate) fn fits(value: Value, ty: Type) -> std::result::Result<Value, String> {
    let fits = match (&value, ty) {
        (_, Type::Any | Type::Reflect)
        | (Value::Text(_), Type::Text)
        | (Value::Int(_), Type::Int)
        | (Value::Float(_), Type::Float)
        | (Value::Bool(_), Type::Bool)
        | (Value::Object(Object::Time(_)), Type::Time)
        | (Value::Object(Object::Version(_)), Type::Version) => true,
        (Value::Map(map), Type::Map) => map.ty != MapType::Text,
        (Value::None, Type::Map) => return Ok(Value::Map(crate::value::Map::nil(MapType::Any))),
        (
            Value::None,
            Type::Text | Type::Int | Type::Float | Type::Bool | Type::Time | Type::Uint32 | Type::Version,
        ) => {
            return Err(format!("invalid value; expected {}", ty.name()));
        }
        _ => false,
    };
    if fits {
        return Ok(value);
    }
    Err(format!("wrong type for value; expected {}; got {}", ty.name(), value.static_type()))
}
