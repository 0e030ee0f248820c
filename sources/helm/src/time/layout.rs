//! Go's layouts: a time written the way `Mon Jan 2 15:04:05 MST 2006` is.
use super::Parts;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Plain(&'a str),
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    YearDay,
    UnderYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    Noon,
    SmallNoon,
    Zone,
    /// `Z07:00`: with `Z` for UTC; with colons; with seconds; hours only.
    Offset {
        z: bool,
        colons: bool,
        seconds: bool,
        short: bool,
    },
    /// `.000` or `.999`, with its separator.
    Fraction {
        separator: char,
        digits: usize,
        trims: bool,
    },
}

const NAMED: [(&str, Part<'static>); 34] = [
    ("January", Part::LongMonth),
    ("Jan", Part::Month),
    ("Monday", Part::LongWeekday),
    ("Mon", Part::Weekday),
    ("MST", Part::Zone),
    ("2006", Part::LongYear),
    ("002", Part::YearDay),
    ("__2", Part::UnderYearDay),
    ("_2006", Part::LongYear),
    ("_2", Part::UnderDay),
    ("01", Part::ZeroMonth),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::Year),
    ("15", Part::Hour),
    ("1", Part::NumMonth),
    ("2", Part::Day),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::Noon),
    ("pm", Part::SmallNoon),
    ("-07:00:00", offset(false, true, true, false)),
    ("-070000", offset(false, false, true, false)),
    ("-07:00", offset(false, true, false, false)),
    ("-0700", offset(false, false, false, false)),
    ("-07", offset(false, false, false, true)),
    ("Z07:00:00", offset(true, true, true, false)),
    ("Z070000", offset(true, false, true, false)),
    ("Z07:00", offset(true, true, false, false)),
    ("Z0700", offset(true, false, false, false)),
    ("Z07", offset(true, false, false, true)),
];

const fn offset(z: bool, colons: bool, seconds: bool, short: bool) -> Part<'static> {
    Part::Offset { z, colons, seconds, short }
}

/// The next part of a layout, and what is behind it.
pub(super) fn next(layout: &str) -> Option<(Part<'_>, &str)> {
    if layout.is_empty() {
        return None;
    }
    for (at, _) in layout.char_indices() {
        if let Some((part, length)) = part_at(&layout[at..]) {
            if at > 0 {
                // `_2006` is a plain underscore and a year.
                return Some((Part::Plain(&layout[..at]), &layout[at..]));
            }
            return Some((part, &layout[length..]));
        }
    }
    Some((Part::Plain(layout), ""))
}

fn part_at(text: &str) -> Option<(Part<'_>, usize)> {
    if let Some(rest) = text.strip_prefix(['.', ',']) {
        let digit = rest.chars().next().filter(|c| matches!(c, '0' | '9'))?;
        let digits = rest.chars().take_while(|c| *c == digit).count();
        if rest[digits..].starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let separator = text.chars().next().unwrap_or('.');
        return Some((Part::Fraction { separator, digits, trims: digit == '9' }, digits + 1));
    }
    if text.starts_with("_2006") {
        return Some((Part::Plain("_"), 1));
    }
    // `Jan` is none within `January`, nor a month within another word that goes on in small letters.
    let (word, part) = NAMED.iter().find(|(word, _)| text.starts_with(word))?;
    let goes_on = text[word.len()..].starts_with(|c: char| c.is_ascii_lowercase());
    if matches!(part, Part::Month | Part::Weekday) && goes_on {
        return None;
    }
    Some((*part, word.len()))
}

pub(super) fn format(parts: &Parts, layout: &str) -> String {
    let mut out = String::new();
    let mut rest = layout;
    while let Some((part, behind)) = next(rest) {
        rest = behind;
        out.push_str(&one(parts, part));
    }
    out
}

fn one(parts: &Parts, part: Part<'_>) -> String {
    let at = parts.civil;
    let month = MONTHS[usize::from(at.month().unsigned_abs()).saturating_sub(1).min(11)];
    let day = DAYS[usize::from(at.date().weekday().to_sunday_zero_offset().unsigned_abs()).min(6)];
    let twelve = match at.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    match part {
        Part::Plain(text) => text.to_owned(),
        Part::LongMonth => month.to_owned(),
        Part::Month => month[..3].to_owned(),
        Part::NumMonth => at.month().to_string(),
        Part::ZeroMonth => format!("{:02}", at.month()),
        Part::LongWeekday => day.to_owned(),
        Part::Weekday => day[..3].to_owned(),
        Part::Day => at.day().to_string(),
        Part::UnderDay => format!("{:>2}", at.day()),
        Part::ZeroDay => format!("{:02}", at.day()),
        Part::YearDay => format!("{:03}", at.date().day_of_year()),
        Part::UnderYearDay => format!("{:>3}", at.date().day_of_year()),
        Part::Hour => format!("{:02}", at.hour()),
        Part::Hour12 => twelve.to_string(),
        Part::ZeroHour12 => format!("{twelve:02}"),
        Part::Minute => at.minute().to_string(),
        Part::ZeroMinute => format!("{:02}", at.minute()),
        Part::Second => at.second().to_string(),
        Part::ZeroSecond => format!("{:02}", at.second()),
        Part::LongYear => format!("{:04}", at.year()),
        Part::Year => format!("{:02}", at.year().rem_euclid(100)),
        Part::Noon => if at.hour() >= 12 { "PM" } else { "AM" }.to_owned(),
        Part::SmallNoon => if at.hour() >= 12 { "pm" } else { "am" }.to_owned(),
        Part::Zone => parts.abbreviation.clone(),
        Part::Offset { z: true, .. } if parts.offset == 0 => "Z".to_owned(),
        Part::Offset { colons, seconds, short, .. } => offset_text(parts.offset, colons, seconds, short),
        Part::Fraction { separator, digits, trims } => {
            let text = format!("{:09}", at.subsec_nanosecond());
            let text = &text[..digits.min(9)];
            let text = if trims { text.trim_end_matches('0') } else { text };
            if text.is_empty() && trims { String::new() } else { format!("{separator}{text}") }
        }
    }
}

fn offset_text(offset: i32, colons: bool, seconds: bool, short: bool) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let size = offset.unsigned_abs();
    let (h, m, s) = (size / 3600, size / 60 % 60, size % 60);
    let colon = if colons { ":" } else { "" };
    match (short, seconds) {
        (true, _) => format!("{sign}{h:02}"),
        (false, false) => format!("{sign}{h:02}{colon}{m:02}"),
        (false, true) => format!("{sign}{h:02}{colon}{m:02}{colon}{s:02}"),
    }
}
