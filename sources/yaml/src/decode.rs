//! From bytes to the text that the reader sees.
use mainstay_diagnostic::Position;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Undecodable {
    Utf16,
    NotUtf8(Position),
    Control(char, Position),
}

/// UTF-8 without a byte order mark in front. Control characters are refused as Kubernetes refuses them.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, Undecodable> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Undecodable::Utf16);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        Undecodable::NotUtf8(end_of(good))
    })?;
    match text.bytes().position(suspicious).and_then(|from| control(text, from)) {
        None => Ok(text),
        Some((at, c)) => Err(Undecodable::Control(c, end_of(&text[..at]))),
    }
}

/// Where a text ends.
pub(crate) fn end_of(text: &str) -> Position {
    let line = text.bytes().filter(|b| *b == b'\n').count() + 1;
    let column = text[text.rfind('\n').map_or(0, |i| i + 1)..].chars().count() + 1;
    Position::new(clamp(line), clamp(column))
}

pub(crate) fn clamp(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// May start a character that is not allowed: C0, DEL, the first byte of a C1 or of a noncharacter.
fn suspicious(byte: u8) -> bool {
    (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || matches!(byte, 0x7f | 0xc2 | 0xef)
}

fn control(text: &str, from: usize) -> Option<(usize, char)> {
    text[from..].char_indices().map(|(i, c)| (from + i, c)).find(|(_, c)| forbidden(*c))
}

fn forbidden(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => true,
        _ => false,
    }
}
