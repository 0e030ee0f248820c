//! Points in time as go-yaml v2 recognises them: a date, or a date and a time with or without a zone.

/// Whether the reader takes an unquoted text for a point in time.
pub(crate) fn is_timestamp(text: &str) -> bool {
    parse(text.as_bytes()).is_some()
}

fn parse(text: &[u8]) -> Option<()> {
    let mut at = Cursor(text);
    if text.iter().take_while(|b| b.is_ascii_digit()).count() != 4 {
        return None;
    }
    let year = at.digits(4)?;
    at.byte(b'-')?;
    let month = at.one_or_two()?;
    at.byte(b'-')?;
    let day = at.one_or_two()?;
    if !(1..=12).contains(&month) || day < 1 || day > days(year, month) {
        return None;
    }
    match at.0.first() {
        None => Some(()),
        Some(b'T' | b't') => {
            at.0 = &at.0[1..];
            at.time()?;
            at.zone()?;
            at.end()
        }
        Some(b' ') => {
            at.spaces();
            // A date with blanks behind it is no timestamp, but a plain scalar never ends with one.
            at.time()?;
            at.end()
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

    fn spaces(&mut self) {
        while self.byte(b' ').is_some() {}
    }

    fn time(&mut self) -> Option<()> {
        let hour = self.one_or_two()?;
        self.byte(b':')?;
        let minute = self.one_or_two()?;
        self.byte(b':')?;
        let second = self.one_or_two()?;
        if let [b'.' | b',', b'0'..=b'9', ..] = self.0 {
            self.0 = &self.0[1..];
            while self.digits(1).is_some() {}
        }
        (hour < 24 && minute < 60 && second < 60).then_some(())
    }

    fn zone(&mut self) -> Option<()> {
        if self.byte(b'Z').is_some() {
            return Some(());
        }
        self.byte(b'+').or_else(|| self.byte(b'-'))?;
        let hour = self.digits(2)?;
        self.byte(b':')?;
        let minute = self.digits(2)?;
        (hour <= 24 && minute <= 60).then_some(())
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
