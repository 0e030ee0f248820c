//! Parts of points in time and of durations.

use crate::eval::meter::{Outcome, error, no_overload};
use crate::functions::{Function, member};
use crate::value::Value;
use jiff::civil::DateTime;

const TIME: &[&str] = &["timestamp -> int", "timestamp string -> int"];
const BOTH: &[&str] = &["timestamp -> int", "timestamp string -> int", "duration -> int"];

pub(crate) const FUNCTIONS: &[Function] = &[
    member("getFullYear", TIME, |_, args| part(args, |time| i64::from(time.year()), None)),
    member("getMonth", TIME, |_, args| part(args, |time| i64::from(time.month()) - 1, None)),
    member("getDayOfYear", TIME, |_, args| part(args, |time| i64::from(time.day_of_year()) - 1, None)),
    member("getDayOfMonth", TIME, |_, args| part(args, |time| i64::from(time.day()) - 1, None)),
    member("getDate", TIME, |_, args| part(args, |time| i64::from(time.day()), None)),
    member("getDayOfWeek", TIME, |_, args| {
        part(args, |time| i64::from(time.weekday().to_sunday_zero_offset()), None)
    }),
    member("getHours", BOTH, |_, args| part(args, |time| i64::from(time.hour()), Some(3_600_000_000_000))),
    member("getMinutes", BOTH, |_, args| part(args, |time| i64::from(time.minute()), Some(60_000_000_000))),
    member("getSeconds", BOTH, |_, args| part(args, |time| i64::from(time.second()), Some(1_000_000_000))),
    member("getMilliseconds", BOTH, |_, args| {
        part(args, |time| i64::from(time.subsec_nanosecond()) / 1_000_000, Some(1_000_000))
    }),
];

/// A part of a time in its zone; of a duration, how many whole units it has.
fn part(args: &[Value], of: fn(DateTime) -> i64, unit: Option<i64>) -> Outcome {
    let (time, zone) = match (args, unit) {
        ([Value::Timestamp(time)], _) => (time, None),
        ([Value::Timestamp(time), Value::String(zone)], _) => (time, Some(zone.as_ref())),
        ([Value::Duration(duration)], Some(unit)) => return Ok(Value::Int(duration.0 / unit)),
        _ => return no_overload(),
    };
    time.civil(zone).map_or_else(error, |civil| Ok(Value::Int(of(civil))))
}
