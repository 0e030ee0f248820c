//! Kubernetes' quantities, and the order that they share with versions.

use crate::eval::meter::{Meter, Outcome, error, no_overload};
use crate::functions::{Function, global, member};
use crate::value::Value;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// An amount in units of 10^-9, which is as fine as a quantity gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    pub nanos: i128,
    /// The power of ten in which it is held, where it is held as an int64; only then it can be had as an integer.
    pub scale: Option<i32>,
}

const ORDERED: &[&str] = &["Quantity Quantity -> bool", "Semver Semver -> bool"];

pub(crate) const FUNCTIONS: &[Function] = &[
    global("quantity", &["string -> Quantity"], |meter, args| match args {
        [Value::String(text)] => {
            meter.text(text.len())?;
            made(Quantity::parse(text).map_err(|wrong| wrong.message().to_owned()))
        }
        _ => no_overload(),
    }),
    global("isQuantity", &["string -> bool"], |meter, args| match args {
        [Value::String(text)] => {
            meter.text(text.len())?;
            Ok(Value::Bool(matches!(Quantity::parse(text), Ok(_) | Err(Wrong::TooLarge))))
        }
        _ => no_overload(),
    }),
    global("sign", &["Quantity -> int"], sign),
    member("sign", &["Quantity -> int"], sign),
    member("isGreaterThan", ORDERED, |_, args| compared(args, |order| Value::Bool(order.is_gt()))),
    member("isLessThan", ORDERED, |_, args| compared(args, |order| Value::Bool(order.is_lt()))),
    member("compareTo", &["Quantity Quantity -> int", "Semver Semver -> int"], |_, args| {
        compared(args, |order| Value::Int(order as i64))
    }),
    member("asApproximateFloat", &["Quantity -> double"], |_, args| match args {
        [Value::Quantity(quantity)] => Ok(Value::Double(quantity.approximate())),
        _ => no_overload(),
    }),
    member("asInteger", &["Quantity -> int"], |_, args| match args {
        [Value::Quantity(quantity)] => match quantity.integer() {
            Some(value) => Ok(Value::Int(value)),
            None => error("cannot convert value to integer"),
        },
        _ => no_overload(),
    }),
    member("isInteger", &["Quantity -> bool"], |_, args| match args {
        [Value::Quantity(quantity)] => Ok(Value::Bool(quantity.integer().is_some())),
        _ => no_overload(),
    }),
    member("add", &["Quantity Quantity -> Quantity", "Quantity int -> Quantity"], |_, args| sum(args, 1)),
    member("sub", &["Quantity Quantity -> Quantity", "Quantity int -> Quantity"], |_, args| sum(args, -1)),
];

fn made(quantity: Result<Quantity, String>) -> Outcome {
    quantity.map_or_else(error, |quantity| Ok(Value::Quantity(Arc::new(quantity))))
}

fn sign(_: &mut Meter, args: &[Value]) -> Outcome {
    match args {
        [Value::Quantity(quantity)] => Ok(Value::Int(quantity.nanos.signum() as i64)),
        _ => no_overload(),
    }
}

fn compared(args: &[Value], of: fn(Ordering) -> Value) -> Outcome {
    match args {
        [Value::Quantity(a), Value::Quantity(b)] => Ok(of(a.nanos.cmp(&b.nanos))),
        [Value::Semver(a), Value::Semver(b)] => Ok(of(a.cmp_precedence(b))),
        _ => no_overload(),
    }
}

fn sum(args: &[Value], sign: i128) -> Outcome {
    let (a, b) = match args {
        [Value::Quantity(a), Value::Quantity(b)] => (a, (**b).clone()),
        [Value::Quantity(a), Value::Int(b)] => {
            (a, Quantity { nanos: i128::from(*b) * NANOS, scale: Some(0) })
        }
        _ => return no_overload(),
    };
    let nanos = b.nanos.checked_mul(sign).and_then(|b| a.nanos.checked_add(b));
    let Some(nanos) = nanos else { return error(Wrong::TooLarge.message()) };
    let scale = match (a.nanos, b.nanos) {
        (_, 0) => a.scale,
        (0, _) => b.scale,
        _ => a.scale.zip(b.scale).map(|(a, b)| a.min(b)),
    };
    made(Ok(Quantity { nanos, scale }))
}

const NANOS: i128 = 1_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    Format,
    Suffix,
    Numeric,
    TooLarge,
}

impl Wrong {
    fn message(self) -> &'static str {
        match self {
            Self::Format => {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
            Self::Suffix => "unable to parse quantity's suffix",
            Self::Numeric => "unable to parse numeric part of quantity",
            Self::TooLarge => "quantity is too large",
        }
    }
}

/// What stands behind a number: a power of ten, or of two.
enum Unit {
    Ten(i32),
    Two(u32),
}

impl Quantity {
    /// As apimachinery's `ParseQuantity`: what is finer than a billionth is rounded up, away from zero.
    pub(crate) fn parse(text: &str) -> Result<Self, Wrong> {
        if text.is_empty() {
            return Err(Wrong::Format);
        }
        let (negative, rest) = match text.as_bytes()[0] {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let rest = rest.trim_start_matches('0');
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, rest) = rest.split_at(digits(rest));
        let whole = if whole.is_empty() { "0" } else { whole };
        let (part, suffix) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(digits(rest)),
            None => ("", rest),
        };
        let unit = unit(suffix)?;
        if whole.len() + part.len() > 30 {
            return Err(Wrong::TooLarge);
        }
        let value: i128 = format!("{whole}{part}").parse().map_err(|_| Wrong::Numeric)?;
        let places = part.len() as i32;
        let (nanos, scale) = match unit {
            Unit::Ten(power) => {
                let scale = power.checked_sub(places).ok_or(Wrong::TooLarge)?;
                let small = whole.len() + part.len() <= 18;
                (scaled(value, 1, scale)?, (small && scale >= -9).then_some(scale))
            }
            Unit::Two(power) => {
                // The margin that the API machinery keeps, with its truncation.
                let margin = 15 - whole.len() as i32 - (power * 3 / 10) as i32 - 1;
                let small = part.is_empty() && margin >= 0;
                let nanos = scaled(value, 1i128 << power, -places)?;
                (nanos.min(i128::from(i64::MAX) * NANOS), small.then_some(0))
            }
        };
        Ok(Self { nanos: if negative { -nanos } else { nanos }, scale })
    }

    fn integer(&self) -> Option<i64> {
        self.scale.filter(|scale| *scale >= 0)?;
        i64::try_from(self.nanos / NANOS).ok()
    }

    fn approximate(&self) -> f64 {
        let scale = self.scale.unwrap_or(-9);
        let unscaled = match u32::try_from(9 + scale).ok().and_then(|power| 10i128.checked_pow(power)) {
            Some(unit) => self.nanos / unit,
            None => self.nanos,
        };
        match scale {
            0 => unscaled as f64,
            // The nearest double to that power of ten, which multiplying would not give.
            scale => unscaled as f64 * format!("1e{scale}").parse::<f64>().unwrap_or(f64::NAN),
        }
    }
}

/// `value * factor * 10^scale` in billionths, rounded up.
fn scaled(value: i128, factor: i128, scale: i32) -> Result<i128, Wrong> {
    if value == 0 {
        return Ok(0);
    }
    let value = value.checked_mul(factor).ok_or(Wrong::TooLarge)?;
    let power = scale.saturating_add(9);
    if power >= 0 {
        let unit = 10i128.checked_pow(power as u32).ok_or(Wrong::TooLarge)?;
        return value.checked_mul(unit).ok_or(Wrong::TooLarge);
    }
    match 10i128.checked_pow(power.unsigned_abs()) {
        Some(unit) => Ok((value + unit - 1) / unit),
        None => Ok(1),
    }
}

fn unit(suffix: &str) -> Result<Unit, Wrong> {
    let power = match suffix {
        "n" => -9,
        "u" => -6,
        "m" => -3,
        "" => 0,
        "k" => 3,
        "M" => 6,
        "G" => 9,
        "T" => 12,
        "P" => 15,
        "E" => 18,
        "Ki" => return Ok(Unit::Two(10)),
        "Mi" => return Ok(Unit::Two(20)),
        "Gi" => return Ok(Unit::Two(30)),
        "Ti" => return Ok(Unit::Two(40)),
        "Pi" => return Ok(Unit::Two(50)),
        "Ei" => return Ok(Unit::Two(60)),
        other => {
            let letters = other.bytes().take_while(|b| b"eEinumkKMGTP".contains(b)).count();
            let number = other[letters..].strip_prefix(['+', '-']).unwrap_or(&other[letters..]);
            if !number.bytes().all(|b| b.is_ascii_digit()) {
                return Err(Wrong::Format);
            }
            let power = other.strip_prefix(['e', 'E']).ok_or(Wrong::Suffix)?;
            return power.parse().map(Unit::Ten).map_err(|_| Wrong::Suffix);
        }
    };
    Ok(Unit::Ten(power))
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) =
            (self.nanos.unsigned_abs() / 1_000_000_000, self.nanos.unsigned_abs() % 1_000_000_000);
        write!(f, "{}{whole}", if self.nanos < 0 { "-" } else { "" })?;
        match part {
            0 => Ok(()),
            part => write!(f, ".{}", format!("{part:09}").trim_end_matches('0')),
        }
    }
}
