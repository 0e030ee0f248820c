//! Reading a time by a layout.
use super::Time;
use super::layout::{DAYS, MONTHS, Part, next};
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

pub(super) fn read(layout: &str, text: &str) -> Result<Time, String> {
    let failed = || format!("parsing time {text:?} as {layout:?}: cannot parse {text:?}");
    let mut found =
        Found { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanos: 0, pm: None, offset: None };
    let mut rest = text;
    let mut left = layout;
    while let Some((part, behind)) = next(left) {
        left = behind;
        rest = found.take(part, rest, left).ok_or_else(failed)?;
    }
    if !rest.is_empty() {
        return Err(format!("parsing time {text:?}: extra text: {rest:?}"));
    }
    found.time().ok_or_else(|| format!("parsing time {text:?}: out of range"))
}

struct Found {
    year: i16,
    month: i8,
    day: i8,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
    pm: Option<bool>,
    offset: Option<i32>,
}

impl Found {
    /// The text behind the part.
    fn take<'a>(&mut self, part: Part<'_>, text: &'a str, left: &str) -> Option<&'a str> {
        Some(match part {
            Part::Plain(plain) => text.strip_prefix(plain)?,
            Part::LongMonth | Part::Month => {
                let at = MONTHS.iter().position(|month| has_prefix(text, name(part, month)))?;
                self.month = i8::try_from(at + 1).ok()?;
                &text[name(part, MONTHS[at]).len()..]
            }
            Part::LongWeekday | Part::Weekday => {
                let day = DAYS.iter().find(|day| has_prefix(text, name(part, day)))?;
                &text[name(part, day).len()..]
            }
            Part::NumMonth | Part::ZeroMonth => digits(text, part == Part::ZeroMonth, 2, &mut self.month)?,
            Part::Day | Part::UnderDay | Part::ZeroDay => {
                let text = if part == Part::UnderDay { text.strip_prefix(' ').unwrap_or(text) } else { text };
                digits(text, part == Part::ZeroDay, 2, &mut self.day)?
            }
            Part::Hour => digits(text, false, 2, &mut self.hour)?,
            Part::Hour12 | Part::ZeroHour12 => digits(text, part == Part::ZeroHour12, 2, &mut self.hour)?,
            Part::Minute | Part::ZeroMinute => digits(text, part == Part::ZeroMinute, 2, &mut self.minute)?,
            Part::Second | Part::ZeroSecond => {
                let rest = digits(text, part == Part::ZeroSecond, 2, &mut self.second)?;
                // A fraction is read even where the layout has none.
                let expected = matches!(next(left), Some((Part::Fraction { .. }, _)));
                if !expected && rest.starts_with(['.', ',']) {
                    self.fraction(rest).unwrap_or(rest)
                } else {
                    rest
                }
            }
            Part::LongYear => digits(text, true, 4, &mut self.year)?,
            Part::Year => {
                let rest = digits(text, true, 2, &mut self.year)?;
                self.year += if self.year >= 69 { 1900 } else { 2000 };
                rest
            }
            Part::Noon | Part::SmallNoon => {
                let half = text.get(..2)?;
                self.pm = Some(half.eq_ignore_ascii_case("pm"));
                if !half.eq_ignore_ascii_case("pm") && !half.eq_ignore_ascii_case("am") {
                    return None;
                }
                &text[2..]
            }
            Part::Zone => {
                let length = text.chars().take_while(char::is_ascii_uppercase).count();
                if length < 3 {
                    return None;
                }
                self.offset.get_or_insert(0);
                &text[length..]
            }
            Part::Offset { z: true, .. } if text.starts_with('Z') => {
                self.offset = Some(0);
                &text[1..]
            }
            Part::Offset { colons, seconds, short, .. } => self.take_offset(text, colons, seconds, short)?,
            Part::Fraction { trims: true, .. } if !text.starts_with(['.', ',']) => text,
            Part::Fraction { .. } => self.fraction(text)?,
            Part::YearDay | Part::UnderYearDay => return None,
        })
    }

    fn fraction<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let rest = text.strip_prefix(['.', ','])?;
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return None;
        }
        let padded = format!("{:0<9}", &rest[..length.min(9)]);
        self.nanos = padded.parse().ok()?;
        Some(&rest[length..])
    }

    fn take_offset<'a>(
        &mut self,
        text: &'a str,
        colons: bool,
        seconds: bool,
        short: bool,
    ) -> Option<&'a str> {
        let sign = if text.starts_with('-') { -1 } else { 1 };
        let mut rest = text.strip_prefix(['+', '-'])?;
        let mut all = 0;
        let units: &[i32] = match (short, seconds) {
            (true, _) => &[3600],
            (false, false) => &[3600, 60],
            (false, true) => &[3600, 60, 1],
        };
        for (i, unit) in units.iter().enumerate() {
            if colons && i > 0 {
                rest = rest.strip_prefix(':')?;
            }
            let mut number = 0i32;
            rest = digits(rest, true, 2, &mut number)?;
            // Some write 24 hours and 60 minutes.
            if number > if i == 0 { 24 } else { 60 } {
                return None;
            }
            all += number * unit;
        }
        self.offset = Some(sign * all);
        Some(rest)
    }

    fn time(&self) -> Option<Time> {
        let hour = match self.pm {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        if hour > 23 || self.minute > 59 || self.second > 59 {
            return None;
        }
        let date = Date::new(self.year, self.month, self.day).ok()?;
        let civil = date.at(
            i8::try_from(hour).ok()?,
            i8::try_from(self.minute).ok()?,
            i8::try_from(self.second).ok()?,
            0,
        );
        let offset = Offset::from_seconds(self.offset.unwrap_or(0)).ok()?;
        let seconds = offset.to_timestamp(civil).ok()?.as_second();
        let zone = if offset == Offset::UTC { TimeZone::UTC } else { TimeZone::fixed(offset) };
        Some(Time { seconds, nanos: self.nanos, zone, named: None })
    }
}

/// The part's form of a name: whole or its first three letters.
fn name<'a>(part: Part<'_>, name: &'a str) -> &'a str {
    if matches!(part, Part::LongMonth | Part::LongWeekday) { name } else { &name[..3] }
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Up to `most` digits, or exactly as many.
fn digits<'a, T: std::str::FromStr>(
    text: &'a str,
    fixed: bool,
    most: usize,
    into: &mut T,
) -> Option<&'a str> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if length == 0 || (fixed && length != most) {
        return None;
    }
    *into = text[..length].parse().ok()?;
    Some(&text[length..])
}
