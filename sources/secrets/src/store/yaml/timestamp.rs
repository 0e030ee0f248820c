//! Points in time that go-yaml 3 recognises without a tag.

/// RFC 3339 as Go writes it; nothing where the text is no point in time.
pub(super) fn rfc3339(text: &str) -> Option<String> {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some((text.as_bytes()[at] == b' ', &text[at + 1..]))),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = parts.next().filter(|year| year.len() == 4).and_then(digits)?;
    let month = parts.next().and_then(short)?;
    let day = parts.next().and_then(short)?;
    let length = match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=length).contains(&day) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    let Some((blank, time)) = time else { return Some(format!("{date}T00:00:00Z")) };
    let zone_at = time.find(['Z', '+', '-']);
    let (clock, zone) = match zone_at {
        Some(at) if !blank => (&time[..at], zone(&time[at..])?),
        None if blank => (time, "Z".to_owned()),
        Some(_) | None => return None,
    };
    let (clock, fraction) = match clock.find(['.', ',']) {
        Some(at) => (&clock[..at], Some(&clock[at + 1..])),
        None => (clock, None),
    };
    let mut parts = clock.split(':');
    let (hour, minute, second) =
        (parts.next().and_then(short)?, parts.next().and_then(short)?, parts.next().and_then(short)?);
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = match fraction {
        Some("") => return None,
        Some(text) => {
            digits(&text[..text.len().min(9)])?;
            let text = text.bytes().all(|b| b.is_ascii_digit()).then(|| &text[..text.len().min(9)])?;
            text.trim_end_matches('0')
        }
        None => "",
    };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{date}T{hour:02}:{minute:02}:{second:02}{point}{fraction}{zone}"))
}

fn zone(text: &str) -> Option<String> {
    match text {
        "Z" | "+00:00" | "-00:00" => Some("Z".to_owned()),
        _ => {
            let (hour, minute) = text[1..].split_once(':')?;
            let fits = hour.len() == 2 && minute.len() == 2 && digits(hour)? < 25 && digits(minute)? < 60;
            fits.then(|| text.to_owned())
        }
    }
}

fn short(text: &str) -> Option<u32> {
    if text.len() <= 2 { digits(text) } else { None }
}

fn digits(text: &str) -> Option<u32> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}
