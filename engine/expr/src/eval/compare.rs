//! Equality of any two values, order of those that have one.

use super::meter::{Failure, Meter, no_overload};
use crate::value::{List, Merge, Value};
use std::cmp::Ordering;

/// Values of different kinds differ; numbers are compared by what they are worth.
pub(crate) fn equal(meter: &mut Meter, a: &Value, b: &Value) -> Result<bool, Failure> {
    meter.charge(1)?;
    Ok(match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::String(a), Value::String(b)) => {
            meter.text(a.len().min(b.len()))?;
            a == b
        }
        (Value::Bytes(a), Value::Bytes(b)) => {
            meter.text(a.len().min(b.len()))?;
            a == b
        }
        (Value::List(a), Value::List(b)) => return lists(meter, a, b),
        (Value::Map(a), Value::Map(b)) => {
            if a.entries.len() != b.entries.len() {
                return Ok(false);
            }
            for (key, value) in &a.entries {
                let Some(other) = b.entries.get(key) else { return Ok(false) };
                if !equal(meter, value, other)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
        (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Type(a), Value::Type(b)) => a == b,
        (Value::Optional(a), Value::Optional(b)) => match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => return equal(meter, a, b),
            _ => false,
        },
        (Value::Url(a), Value::Url(b)) => a.text == b.text,
        (Value::Ip(a), Value::Ip(b)) => a == b,
        (Value::Cidr(a), Value::Cidr(b)) => a == b,
        (Value::Quantity(a), Value::Quantity(b)) => a.nanos == b.nanos,
        (Value::Semver(a), Value::Semver(b)) => a.cmp_precedence(b) == Ordering::Equal,
        (Value::Format(a), Value::Format(b)) => a.name == b.name,
        (a, b) => numbers(a, b) == Some(Ordering::Equal),
    })
}

fn lists(meter: &mut Meter, a: &List, b: &List) -> Result<bool, Failure> {
    if a.items.len() != b.items.len() {
        return Ok(false);
    }
    match &a.merge {
        Merge::Atomic => {
            for (a, b) in a.items.iter().zip(&b.items) {
                if !equal(meter, a, b)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        // In any order: every element of one has its equal in the other.
        Merge::Set | Merge::ByKeys(_) => {
            for item in &a.items {
                if !super::holds(meter, &b.items, item)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}

/// The least and the most, as doubles.
const INT: (f64, f64) = (i64::MIN as f64, i64::MAX as f64);
const UINT: (f64, f64) = (0.0, u64::MAX as f64);

/// `None` where one is no number, or none at all.
fn numbers(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Uint(a), Value::Uint(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Uint(a), Value::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Double(a), Value::Int(b)) => with_double(*a, i128::from(*b), INT.0, INT.1),
        (Value::Int(a), Value::Double(b)) => {
            with_double(*b, i128::from(*a), INT.0, INT.1).map(Ordering::reverse)
        }
        (Value::Double(a), Value::Uint(b)) => with_double(*a, i128::from(*b), UINT.0, UINT.1),
        (Value::Uint(a), Value::Double(b)) => {
            with_double(*b, i128::from(*a), UINT.0, UINT.1).map(Ordering::reverse)
        }
        _ => None,
    }
}

/// As cel-go: beyond the integers' range by that alone, within it as doubles.
fn with_double(double: f64, integer: i128, least: f64, most: f64) -> Option<Ordering> {
    match double {
        double if double < least => Some(Ordering::Less),
        double if double > most => Some(Ordering::Greater),
        double => double.partial_cmp(&(integer as f64)),
    }
}

/// The order of two values of one kind; `None` for numbers that have none.
pub(crate) fn order(meter: &mut Meter, a: &Value, b: &Value) -> Result<Option<Ordering>, Failure> {
    meter.charge(1)?;
    match (a, b) {
        (Value::String(a), Value::String(b)) => meter.text(a.len().min(b.len()))?,
        (Value::Bytes(a), Value::Bytes(b)) => meter.text(a.len().min(b.len()))?,
        _ => {}
    }
    ordered(a, b).map_or_else(no_overload, Ok)
}

/// `None` for two kinds, or a kind without order; within, `None` where a number is none.
pub(crate) fn ordered(a: &Value, b: &Value) -> Option<Option<Ordering>> {
    Some(Some(match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (
            Value::Int(_) | Value::Uint(_) | Value::Double(_),
            Value::Int(_) | Value::Uint(_) | Value::Double(_),
        ) => return Some(numbers(a, b)),
        _ => return None,
    }))
}
