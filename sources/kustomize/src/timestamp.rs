//! Points in time as go-yaml v3 recognises them, written as JSON writes them.

/// RFC 3339 in the zone that was written, UTC without one; nothing where the text is no point in time.
pub(crate) fn rfc3339(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return None;
    }
    let mut at = Cursor(bytes);
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
            at.0 = &at.0[1..];
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
        if hour == 0 && minute == 0 {
            return Some("Z".to_owned());
        }
        (hour <= 24 && minute < 60).then(|| format!("{sign}{hour:02}:{minute:02}"))
    }
}
