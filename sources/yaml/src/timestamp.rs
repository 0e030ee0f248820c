//! Points in time as go-yaml recognises them, v2 and v3 alike: a date, or a date and a time with or without a zone.

/// RFC 3339 in the zone that was written, UTC without one; nothing where the text is no point in time.
pub fn rfc3339(text: &str) -> Option<String> {
    let mut at = Cursor(text.as_bytes());
    let year = at.digits(4)?;
    at.byte(b'-')?;
    let month = at.one_or_two()?;
    at.byte(b'-')?;
    let day = at.one_or_two()?;
    if !(1..=12).contains(&month) || day < 1 || day > days(year, month) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    match at.0.first() {
        None => Some(format!("{date}T00:00:00Z")),
        Some(b'T' | b't') => {
            at.0 = &at.0[1..];
            let time = at.time()?;
            let zone = at.zone()?;
            at.0.is_empty().then(|| format!("{date}T{time}{zone}"))
        }
        Some(b' ') => {
            // A date with blanks behind it is no timestamp, but a plain scalar never ends with one.
            while at.byte(b' ').is_some() {}
            let time = at.time()?;
            at.0.is_empty().then(|| format!("{date}T{time}Z"))
        }
        Some(_) => None,
    }
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn byte(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let digits = self.0.get(..count).filter(|d| d.iter().all(u8::is_ascii_digit))?;
        self.0 = &self.0[count..];
        Some(digits.iter().fold(0, |n, d| n * 10 + u32::from(d - b'0')))
    }

    fn one_or_two(&mut self) -> Option<u32> {
        self.digits(2).or_else(|| self.digits(1))
    }

    fn time(&mut self) -> Option<String> {
        let hour = self.one_or_two()?;
        self.byte(b':')?;
        let minute = self.one_or_two()?;
        self.byte(b':')?;
        let second = self.one_or_two()?;
        let mut fraction = String::new();
        if let [b'.' | b',', b'0'..=b'9', ..] = self.0 {
            self.0 = &self.0[1..];
            while let Some(digit) = self.digits(1) {
                if fraction.len() < 9 {
                    fraction.push_str(&digit.to_string());
                }
            }
        }
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        (hour < 24 && minute < 60 && second < 60)
            .then(|| format!("{hour:02}:{minute:02}:{second:02}{point}{fraction}"))
    }

    fn zone(&mut self) -> Option<String> {
        if self.byte(b'Z').is_some() {
            return Some("Z".to_owned());
        }
        let sign = match self.0.first()? {
            b'+' => '+',
            b'-' => '-',
            _ => return None,
        };
        self.0 = &self.0[1..];
        let hour = self.digits(2)?;
        self.byte(b':')?;
        let minute = self.digits(2)?;
        // Go takes an offset of 60 minutes for one of an hour.
        match (hour * 60 + minute, hour <= 24 && minute <= 60) {
            (_, false) => None,
            (0, true) => Some("Z".to_owned()),
            (minutes, true) => Some(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    /// What go-yaml's layouts make of each, by Go's own time package; `-` for what is no point in time.
    const TIMES: [(&str, &str); 29] = [
        ("2001-12-14", "2001-12-14T00:00:00Z"),
        ("2001-1-2", "2001-01-02T00:00:00Z"),
        ("2001-02-29", "-"),
        ("2000-02-29", "2000-02-29T00:00:00Z"),
        ("2001-13-01", "-"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14T21:59:43.1-05:00"),
        ("2001-12-14T21:59:43Z", "2001-12-14T21:59:43Z"),
        ("2001-12-14T1:2:3Z", "2001-12-14T01:02:03Z"),
        ("2001-12-14 21:59:43", "2001-12-14T21:59:43Z"),
        ("2001-12-14   21:59:43.5", "2001-12-14T21:59:43.5Z"),
        ("2001-12-14 21:59:43Z", "-"),
        ("2001-12-14T21:59:43", "-"),
        ("2001-12-14T21:59:43+01:60", "2001-12-14T21:59:43+02:00"),
        ("2001-12-14T21:59:43+24:00", "2001-12-14T21:59:43+24:00"),
        ("2001-12-14T21:59:43+25:00", "-"),
        ("2001-12-14T21:59:43-00:00", "2001-12-14T21:59:43Z"),
        ("2001-12-14T21:59:43+01:61", "-"),
        ("2001-12-14T21:59:60Z", "-"),
        ("2001-12-14T24:00:00Z", "-"),
        ("2001-12-14T21:59:43,25Z", "2001-12-14T21:59:43.25Z"),
        ("2001-12-14T21:59:43.1234567891Z", "2001-12-14T21:59:43.123456789Z"),
        ("2001-12-14T21:59:43z", "-"),
        ("20011-1-1", "-"),
        ("2001-1-1x", "-"),
        ("2001-12-14T21:59:43.Z", "-"),
        ("2001-12-14 21:59:43+01:00", "-"),
        ("2001-12-14T 21:59:43Z", "-"),
        ("0000-1-1", "0000-01-01T00:00:00Z"),
        ("2001-12-14T21:59:43-24:60", "2001-12-14T21:59:43-25:00"),
    ];

    #[test]
    fn points_in_time_are_what_go_takes_for_them() {
        for (text, expected) in TIMES {
            assert_eq!(rfc3339(text).as_deref().unwrap_or("-"), expected, "{text}");
        }
    }
}
