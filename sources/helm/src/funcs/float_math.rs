//! `addf` and its kin: decimal arithmetic, so that 0.1 and 0.2 are 0.3.
use super::Type::Any;
use super::convert::to_float;
use super::{Function, pure, variadic};
use crate::fmt::json_float;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    pure("add1f", &[Any], |args| {
        fold(Decimal::of(to_float(&args[0]))?, &[Value::Int(1)], Decimal::add, |a, b| a + b)
    }),
    variadic("addf", &[Any], |args| fold(Decimal::of(0.0)?, args, Decimal::add, |a, b| a + b)),
    variadic("subf", &[Any, Any], |args| {
        fold(Decimal::of(to_float(&args[0]))?, &args[1..], Decimal::sub, |a, b| a - b)
    }),
    variadic("mulf", &[Any, Any], |args| {
        fold(Decimal::of(to_float(&args[0]))?, &args[1..], Decimal::mul, |a, b| a * b)
    }),
    variadic("divf", &[Any, Any], |args| {
        if args[1..].iter().any(|divisor| to_float(divisor) == 0.0) {
            return Err("decimal division by 0".into());
        }
        fold(Decimal::of(to_float(&args[0]))?, &args[1..], Decimal::div, |a, b| a / b)
    }),
];

/// `mantissa * 10^exponent`
#[derive(Debug, Clone, Copy)]
struct Decimal {
    mantissa: i128,
    exponent: i32,
}

/// Digits behind the point that a division keeps.
const DIVISION_DIGITS: i32 = 16;

/// In decimals as long as they fit, in floats from then on.
fn fold(
    start: Decimal,
    operands: &[Value],
    exact: fn(Decimal, Decimal) -> Option<Decimal>,
    rough: fn(f64, f64) -> f64,
) -> Result<Value, String> {
    let mut result = Some(start);
    let mut float = start.to_float();
    for operand in operands {
        let operand = to_float(operand);
        let decimal = Decimal::of(operand)?;
        result = result.and_then(|result| exact(result, decimal));
        float = result.map_or_else(|| rough(float, operand), Decimal::to_float);
    }
    Ok(Value::Float(float))
}

impl Decimal {
    fn of(value: f64) -> Result<Self, String> {
        if !value.is_finite() {
            return Err(format!("Cannot create a Decimal from {value}"));
        }
        let text = json_float(value);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent = exponent.parse::<i32>().unwrap_or(0) - i32::try_from(fraction.len()).unwrap_or(0);
        let mantissa = format!("{whole}{fraction}").parse().unwrap_or(0);
        Ok(Self { mantissa, exponent })
    }

    fn to_float(self) -> f64 {
        format!("{}e{}", self.mantissa, self.exponent).parse().unwrap_or(0.0)
    }

    fn at_exponent(self, exponent: i32) -> Option<i128> {
        let shift = u32::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        self.mantissa.checked_mul(10i128.checked_pow(shift)?)
    }

    fn add(self, other: Self) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        let mantissa = self.at_exponent(exponent)?.checked_add(other.at_exponent(exponent)?)?;
        Some(Self { mantissa, exponent })
    }

    fn sub(self, other: Self) -> Option<Self> {
        self.add(Self { mantissa: -other.mantissa, ..other })
    }

    fn mul(self, other: Self) -> Option<Self> {
        let mantissa = self.mantissa.checked_mul(other.mantissa)?;
        Some(Self { mantissa, exponent: self.exponent + other.exponent })
    }

    /// Rounded half away from zero.
    fn div(self, other: Self) -> Option<Self> {
        let shift = self.exponent - other.exponent + DIVISION_DIGITS;
        let power = 10i128.checked_pow(shift.unsigned_abs())?;
        let (over, under) = match shift {
            0.. => (self.mantissa.checked_mul(power)?, other.mantissa),
            _ => (self.mantissa, other.mantissa.checked_mul(power)?),
        };
        let (quotient, rest) = (over.checked_div(under)?, over.checked_rem(under)?);
        let up = rest.checked_abs()?.checked_mul(2)? >= under.checked_abs()?;
        let away = if (over < 0) == (under < 0) { 1 } else { -1 };
        let mantissa = if up && rest != 0 { quotient + away } else { quotient };
        Some(Self { mantissa, exponent: -DIVISION_DIGITS })
    }
}
