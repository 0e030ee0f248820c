//! Runs a checked expression. Every step is paid for before it is taken.

pub(crate) mod compare;
pub(crate) mod loops;
pub(crate) mod meter;

use crate::code::{Code, Op};
use crate::value::{Key, Value};
use compare::equal;
use meter::{Failure, Meter, Outcome, error, no_overload};
use std::collections::BTreeMap;

/// A failure and where it happened.
#[derive(Debug)]
pub(crate) struct Raised {
    pub at: usize,
    pub failure: Failure,
}

pub(crate) type Evaluated = Result<Value, Box<Raised>>;

pub(crate) struct Machine<'a, 'm> {
    pub variables: &'a BTreeMap<String, Value>,
    pub meter: &'a mut Meter<'m>,
    pub locals: Vec<Value>,
}

impl Machine<'_, '_> {
    pub(crate) fn run(&mut self, code: &Code) -> Evaluated {
        self.meter.charge(1).or_else(|failure| raise(code.at, Err(failure)))?;
        match &code.op {
            Op::Constant(value) => Ok(value.clone()),
            Op::Local(place) => Ok(self.locals[*place].clone()),
            Op::Variable(name) => match self.variables.get(name.as_ref()) {
                Some(value) => Ok(value.clone()),
                None => raise(code.at, error(format!("no such attribute(s): {name}"))),
            },
            Op::Select { operand, field, optional } => {
                let from = self.run(operand)?;
                raise(code.at, select(&from, &Value::String(field.clone()), *optional))
            }
            Op::Has { operand, field } => self.has(code.at, operand, field),
            Op::Index { operand, index, optional } => {
                let from = self.run(operand)?;
                let by = self.run(index)?;
                raise(code.at, select(&from, &by, *optional))
            }
            // What stands in for an absent value is only looked at where it is absent.
            Op::Call { function, args } if function.member && matches!(function.name, "or" | "orValue") => {
                match (self.run(&args[0])?, function.name) {
                    (found @ Value::Optional(Some(_)), "or") => Ok(found),
                    (Value::Optional(Some(value)), _) => Ok((*value).clone()),
                    (Value::Optional(None), _) => self.run(&args[1]),
                    _ => raise(code.at, no_overload()),
                }
            }
            Op::Call { function, args } => {
                let mut values = Vec::with_capacity(args.len());
                for arg in args {
                    values.push(self.run(arg)?);
                }
                raise(code.at, (function.call)(self.meter, &values))
            }
            Op::And(terms) => self.logical(code.at, terms, false),
            Op::Or(terms) => self.logical(code.at, terms, true),
            Op::Conditional(parts) => match self.run(&parts[0])? {
                Value::Bool(true) => self.run(&parts[1]),
                Value::Bool(false) => self.run(&parts[2]),
                _ => raise(code.at, no_overload()),
            },
            Op::List(items) => self.list(code.at, items),
            Op::Map(entries) => self.map(code.at, entries),
            Op::Comprehension(repeat) => self.repeat(code.at, repeat),
            Op::Bind { value, body } => {
                let value = self.run(value)?;
                self.with(value, body)
            }
            Op::OptMap { target, body, flat } => match self.run(target)? {
                Value::Optional(None) => Ok(Value::Optional(None)),
                Value::Optional(Some(value)) => {
                    let mapped = self.with((*value).clone(), body)?;
                    match (flat, mapped) {
                        (false, mapped) => Ok(Value::some(mapped)),
                        (true, mapped @ Value::Optional(_)) => Ok(mapped),
                        (true, _) => raise(code.at, no_overload()),
                    }
                }
                _ => raise(code.at, no_overload()),
            },
        }
    }

    fn with(&mut self, local: Value, body: &Code) -> Evaluated {
        self.locals.push(local);
        let out = self.run(body);
        self.locals.pop();
        out
    }

    fn has(&mut self, at: usize, operand: &Code, field: &std::sync::Arc<str>) -> Evaluated {
        let from = self.run(operand)?;
        let of = match &from {
            Value::Optional(None) => return Ok(Value::Bool(false)),
            Value::Optional(Some(inner)) => inner.as_ref(),
            other => other,
        };
        match of {
            Value::Map(map) => Ok(Value::Bool(map.entries.contains_key(&Key::String(field.clone())))),
            Value::List(_) => raise(at, error("unsupported index type 'string' in list")),
            _ => Ok(Value::Bool(false)),
        }
    }

    /// An error counts only where no other term decides; `decisive` is the value that ends it.
    fn logical(&mut self, at: usize, terms: &[Code], decisive: bool) -> Evaluated {
        let mut first: Option<Box<Raised>> = None;
        for term in terms {
            match self.run(term) {
                Ok(Value::Bool(value)) if value == decisive => return Ok(Value::Bool(decisive)),
                Ok(Value::Bool(_)) => {}
                Ok(_) => {
                    first.get_or_insert(Box::new(Raised {
                        at,
                        failure: Failure::Error("no such overload".into()),
                    }));
                }
                Err(raised) if raised.failure == Failure::Exhausted => return Err(raised),
                Err(raised) => {
                    first.get_or_insert(raised);
                }
            }
        }
        first.map_or(Ok(Value::Bool(!decisive)), Err)
    }

    fn list(&mut self, at: usize, items: &[(Code, bool)]) -> Evaluated {
        let mut out = Vec::with_capacity(items.len());
        for (item, optional) in items {
            match (self.run(item)?, optional) {
                (value, false) => out.push(value),
                (Value::Optional(None), true) => {}
                (Value::Optional(Some(value)), true) => out.push((*value).clone()),
                (_, true) => return raise(at, no_overload()),
            }
        }
        Ok(Value::list(out))
    }

    fn map(&mut self, at: usize, entries: &[(Code, Code, bool)]) -> Evaluated {
        let mut out = BTreeMap::new();
        for (key, value, optional) in entries {
            let found = self.run(key)?;
            let Some(key) = found.as_key().filter(|_| !matches!(found, Value::Double(_))) else {
                return raise(at, error(format!("unsupported key type: {}", found.type_name())));
            };
            let value = match (self.run(value)?, optional) {
                (value, false) => value,
                (Value::Optional(None), true) => continue,
                (Value::Optional(Some(value)), true) => (*value).clone(),
                (_, true) => return raise(at, no_overload()),
            };
            // Of two with one key the last counts.
            out.insert(key, value);
        }
        Ok(Value::map(out))
    }
}

pub(crate) fn raise<T>(at: usize, outcome: Result<T, Failure>) -> Result<T, Box<Raised>> {
    outcome.map_err(|failure| Box::new(Raised { at, failure }))
}

/// `from[by]` and `from.by`; an optional gives an optional.
fn select(from: &Value, by: &Value, optional: bool) -> Outcome {
    let (from, optional) = match from {
        Value::Optional(None) => return Ok(Value::Optional(None)),
        Value::Optional(Some(inner)) => (inner.as_ref(), true),
        other => (other, optional),
    };
    let found = match from {
        Value::Map(map) => by.as_key().and_then(|key| map.entries.get(&key)),
        Value::List(list) => list.items.get(usize::try_from(place(by)?).unwrap_or(usize::MAX)),
        _ => None,
    };
    match (found, optional) {
        (Some(value), false) => Ok(value.clone()),
        (Some(value), true) => Ok(Value::some(value.clone())),
        (None, true) => Ok(Value::Optional(None)),
        (None, false) => match (from, by) {
            (Value::List(_), by) => error(format!("index out of bounds: {by}")),
            (_, Value::String(text)) => error(format!("no such key: {text}")),
            (_, by) => error(format!("no such key: {by}")),
        },
    }
}

/// Where in a list that is.
fn place(by: &Value) -> Result<i64, Failure> {
    match by.as_key() {
        Some(Key::Int(at)) => Ok(at),
        Some(Key::Uint(at)) => Ok(i64::try_from(at).unwrap_or(i64::MAX)),
        Some(Key::Bool(_) | Key::String(_)) => {
            error(format!("unsupported index type '{}' in list", by.type_name()))
        }
        None => error(format!("unsupported index value {by} in list")),
    }
}

/// Whether `item` is among the values; each comparison is paid for.
pub(crate) fn holds(meter: &mut Meter, items: &[Value], item: &Value) -> Result<bool, Failure> {
    for other in items {
        if equal(meter, other, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}
