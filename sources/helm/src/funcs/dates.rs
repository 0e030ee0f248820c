//! Dates. `now` is a time that the caller gave; the local zone is UTC.
use super::Type::{Any, Text, Time as TimeType};
use super::{Context, Function, args, pure, with_context};
use crate::exec::Failure;
use crate::time::{Time, format_duration, parse_duration, zone};
use crate::value::{Object, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    with_context("now", &[], |context, _| Ok(time(now(context)))),
    with_context("date", &[Text, Any], |context, args| {
        in_zone(context, &args::text(args, 0), &args[1], "Local")
    }),
    with_context("dateInZone", &[Text, Any, Text], date_in_zone),
    with_context("date_in_zone", &[Text, Any, Text], date_in_zone),
    with_context("htmlDate", &[Any], |context, args| in_zone(context, "2006-01-02", &args[0], "Local")),
    with_context("htmlDateInZone", &[Any, Text], |context, args| {
        in_zone(context, "2006-01-02", &args[0], &args::text(args, 1))
    }),
    pure("dateModify", &[Text, TimeType], |args| modify(args).or_else(|_| Ok(args[1].clone()))),
    pure("date_modify", &[Text, TimeType], |args| modify(args).or_else(|_| Ok(args[1].clone()))),
    pure("mustDateModify", &[Text, TimeType], modify),
    pure("must_date_modify", &[Text, TimeType], modify),
    with_context("ago", &[Any], |context, args| {
        let now = now(context);
        let then = given(&args[0]).unwrap_or_else(|| now.clone());
        Ok(format_duration((now.seconds - then.seconds).saturating_mul(1_000_000_000)).into())
    }),
    pure("duration", &[Any], |args| {
        let seconds = match &args[0] {
            Value::Text(text) => text.lossy().parse().unwrap_or(0),
            Value::Int64(seconds) => *seconds,
            _ => 0i64,
        };
        Ok(format_duration(seconds.wrapping_mul(1_000_000_000)).into())
    }),
    with_context("durationRound", &[Any], |context, args| {
        let nanos = match &args[0] {
            Value::Text(text) => parse_duration(&text.lossy()).unwrap_or(0),
            Value::Int64(nanos) => *nanos,
            Value::Object(Object::Time(then)) => {
                (now(context).seconds - then.seconds).saturating_mul(1_000_000_000)
            }
            _ => 0,
        };
        Ok(round(nanos).into())
    }),
    pure("unixEpoch", &[TimeType], |args| match &args[0] {
        Value::Object(Object::Time(time)) => Ok(time.seconds.to_string().into()),
        _ => Ok("0".into()),
    }),
    pure("toDate", &[Text, Text], |args| {
        Ok(time(Time::read(&args::text(args, 0), &args::text(args, 1)).unwrap_or_else(|_| Time::zero())))
    }),
    pure("mustToDate", &[Text, Text], |args| {
        Time::read(&args::text(args, 0), &args::text(args, 1)).map(time)
    }),
];

fn time(time: Time) -> Value {
    Value::Object(Object::Time(time))
}

fn now(context: &Context<'_, '_>) -> Time {
    Time::unix(context.engine.host.now())
}

fn given(value: &Value) -> Option<Time> {
    match value {
        Value::Object(Object::Time(time)) => Some(time.clone()),
        Value::Int(seconds) | Value::Int64(seconds) => Some(Time::unix(*seconds)),
        _ => None,
    }
}

fn date_in_zone(context: &mut Context<'_, '_>, args: &[Value]) -> Result<Value, Failure> {
    in_zone(context, &args::text(args, 0), &args[1], &args::text(args, 2))
}

fn in_zone(context: &Context<'_, '_>, layout: &str, value: &Value, name: &str) -> Result<Value, Failure> {
    let time = given(value).unwrap_or_else(|| now(context));
    let zone = zone(name).unwrap_or(jiff::tz::TimeZone::UTC);
    Ok(time.within(zone).format(layout).into())
}

fn modify(args: &[Value]) -> Result<Value, String> {
    let nanos = parse_duration(&args::text(args, 0))?;
    match &args[1] {
        Value::Object(Object::Time(then)) => Ok(time(then.plus(nanos))),
        other => Ok(other.clone()),
    }
}

fn round(nanos: i64) -> String {
    const SECOND: u64 = 1_000_000_000;
    const UNITS: [(u64, &str); 6] = [
        (SECOND * 3600 * 24 * 365, "y"),
        (SECOND * 3600 * 24 * 30, "mo"),
        (SECOND * 3600 * 24, "d"),
        (SECOND * 3600, "h"),
        (SECOND * 60, "m"),
        (SECOND, "s"),
    ];
    let size = nanos.unsigned_abs();
    let unit = UNITS.iter().find(|(unit, _)| size > *unit);
    unit.map_or_else(|| "0s".into(), |(unit, name)| format!("{}{name}", size / unit))
}
