//! Comprehensions: one step of the budget for each turn, beside what its body costs.

use super::compare::{order, ordered};
use super::meter::{Failure, Meter, error, no_overload};
use super::{Evaluated, Machine, Raised, raise};
use crate::ast::Loop;
use crate::code::{Code, Repeat};
use crate::value::{Key, Value};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What the turns have come to.
#[derive(Default)]
struct Tally {
    list: Vec<Value>,
    map: BTreeMap<Key, Value>,
    count: u64,
    raised: Option<Box<Raised>>,
    decided: bool,
}

impl Machine<'_, '_> {
    pub(super) fn repeat(&mut self, at: usize, repeat: &Repeat) -> Evaluated {
        let range = self.run(&repeat.range)?;
        let mut tally = Tally::default();
        match &range {
            Value::List(list) => {
                for (index, item) in list.items.iter().enumerate() {
                    let index = Value::Int(index as i64);
                    let (first, second) =
                        if repeat.two { (index, Some(item.clone())) } else { (item.clone(), None) };
                    if !self.turn(at, repeat, first, second, &mut tally)? {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (key, value) in &map.entries {
                    let second = repeat.two.then(|| value.clone());
                    if !self.turn(at, repeat, key.to_value(), second, &mut tally)? {
                        break;
                    }
                }
            }
            other => {
                let found = go_type(other);
                return raise(at, error(format!("got 'types.{found}', expected iterable type")));
            }
        }
        match repeat.kind {
            Loop::All | Loop::Exists => {
                if let (false, Some(raised)) = (tally.decided, tally.raised) {
                    return Err(raised);
                }
                Ok(Value::Bool(tally.decided == (repeat.kind == Loop::Exists)))
            }
            Loop::ExistsOne => Ok(Value::Bool(tally.count == 1)),
            Loop::Map | Loop::Filter | Loop::TransformList => Ok(Value::list(tally.list)),
            Loop::TransformMap | Loop::TransformMapEntry => Ok(Value::map(tally.map)),
            Loop::SortBy => self.sort(at, &range, tally.list),
        }
    }

    /// Whether to go on.
    fn turn(
        &mut self,
        at: usize,
        repeat: &Repeat,
        first: Value,
        second: Option<Value>,
        tally: &mut Tally,
    ) -> Result<bool, Box<Raised>> {
        raise(at, self.meter.charge(1))?;
        let before = self.locals.len();
        self.locals.push(first.clone());
        self.locals.extend(second);
        let out = self.step(at, repeat, &first, tally);
        self.locals.truncate(before);
        out
    }

    fn step(
        &mut self,
        at: usize,
        repeat: &Repeat,
        first: &Value,
        tally: &mut Tally,
    ) -> Result<bool, Box<Raised>> {
        if let Some(filter) = &repeat.filter
            && !self.truth(at, filter)?
        {
            return Ok(true);
        }
        match repeat.kind {
            Loop::All | Loop::Exists => {
                match self.truth(at, &repeat.body) {
                    Ok(value) if value == (repeat.kind == Loop::Exists) => {
                        tally.decided = true;
                        return Ok(false);
                    }
                    Ok(_) => {}
                    Err(raised) if raised.failure == Failure::Exhausted => return Err(raised),
                    // A later element may decide whatever this one would have said.
                    Err(raised) => {
                        tally.raised.get_or_insert(raised);
                    }
                }
            }
            Loop::ExistsOne => tally.count += u64::from(self.truth(at, &repeat.body)?),
            Loop::Filter => {
                if self.truth(at, &repeat.body)? {
                    tally.list.push(first.clone());
                }
            }
            Loop::Map | Loop::TransformList | Loop::SortBy => {
                let value = self.run(&repeat.body)?;
                tally.list.push(value);
            }
            Loop::TransformMap => {
                let value = self.run(&repeat.body)?;
                let Some(key) = first.as_key() else { return raise(at, no_overload()) };
                tally.map.insert(key, value);
            }
            Loop::TransformMapEntry => match self.run(&repeat.body)? {
                Value::Map(entries) => {
                    raise(at, self.meter.elements(entries.entries.len()))?;
                    for (key, value) in &entries.entries {
                        if tally.map.insert(key.clone(), value.clone()).is_some() {
                            return raise(at, error(format!("insert failed: key '{key}' already exists")));
                        }
                    }
                }
                _ => return raise(at, no_overload()),
            },
        }
        Ok(true)
    }

    fn truth(&mut self, at: usize, code: &Code) -> Result<bool, Box<Raised>> {
        match self.run(code)? {
            Value::Bool(value) => Ok(value),
            _ => raise(at, no_overload()),
        }
    }

    fn sort(&mut self, at: usize, range: &Value, keys: Vec<Value>) -> Evaluated {
        let Value::List(list) = range else { return raise(at, no_overload()) };
        let mut pairs: Vec<(Value, Value)> = keys.into_iter().zip(list.items.iter().cloned()).collect();
        raise(at, stable(self.meter, &mut pairs, |pair| &pair.0))?;
        Ok(Value::list(pairs.into_iter().map(|(_, item)| item).collect()))
    }
}

/// What cel-go calls the type of a value that cannot be gone through.
fn go_type(value: &Value) -> String {
    match value {
        Value::Null => "Null".into(),
        Value::Timestamp(_) => "Timestamp".into(),
        Value::Duration(_) => "Duration".into(),
        other => {
            let name = other.type_name();
            format!("{}{}", name[..1].to_ascii_uppercase(), &name[1..])
        }
    }
}

/// A stable sort of values of one kind, paid for before it starts. What is no number goes first.
pub(crate) fn stable<T>(
    meter: &mut Meter,
    items: &mut [T],
    key: impl Fn(&T) -> &Value,
) -> Result<(), Failure> {
    let turns = u64::from(items.len().max(1).ilog2()) + 1;
    for item in items.iter() {
        order(meter, key(&items[0]), key(item))?;
        let bytes = match key(item) {
            Value::String(text) => text.len(),
            Value::Bytes(octets) => octets.len(),
            _ => 0,
        };
        meter.charge(turns.saturating_mul(bytes as u64 / 10 + 1))?;
    }
    items.sort_by(|a, b| total(key(a), key(b)));
    Ok(())
}

fn total(a: &Value, b: &Value) -> Ordering {
    let is_none = |value: &Value| matches!(value, Value::Double(number) if number.is_nan());
    // False is before true.
    is_none(b).cmp(&is_none(a)).then_with(|| ordered(a, b).flatten().unwrap_or(Ordering::Equal))
}
