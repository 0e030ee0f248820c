//! Numbers, strings and bytes as they are written.

use crate::lexer::Token;
use crate::value::Value;
use std::ops::Range;

pub(crate) struct Quoted {
    pub body: Range<usize>,
    pub end: usize,
    pub raw: bool,
    pub bytes: bool,
}

/// The prefix letters and the quote that a string starts with.
fn opening(text: &str) -> Option<(usize, &'static str, bool, bool)> {
    let mut prefix = 0;
    let (mut raw, mut bytes) = (false, false);
    for byte in text.bytes().take(2) {
        match byte {
            b'b' | b'B' if !bytes && !raw => bytes = true,
            b'r' | b'R' if !raw => raw = true,
            _ => break,
        }
        prefix += 1;
    }
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| text[prefix..].starts_with(quote))?;
    Some((prefix, quote, raw, bytes))
}

pub(crate) fn opens(text: &str) -> bool {
    opening(text).is_some()
}

/// A string that `text` starts with, where it is closed.
pub(crate) fn quoted(text: &str) -> Option<Quoted> {
    let (prefix, quote, raw, bytes) = opening(text)?;
    let start = prefix + quote.len();
    let all = text.as_bytes();
    let mut at = start;
    while at < all.len() {
        if text.as_bytes()[at..].starts_with(quote.as_bytes()) {
            return Some(Quoted { body: start..at, end: at + quote.len(), raw, bytes });
        }
        match all[at] {
            b'\\' if !raw => at += 2,
            b'\n' | b'\r' if quote.len() == 1 => return None,
            _ => at += 1,
        }
    }
    None
}

/// The value between the quotes, or where an escape is wrong.
pub(crate) fn unescape(text: &str, raw: bool, bytes: bool) -> Result<Value, (usize, String)> {
    if raw || !text.contains('\\') {
        return Ok(if bytes { Value::bytes(text.as_bytes()) } else { Value::string(text) });
    }
    let mut string = String::with_capacity(text.len());
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let at = text.len() - rest.len();
        let wrong = |what: &str| Err((at, format!("Syntax error: invalid escape: {what}")));
        rest = &rest[c.len_utf8()..];
        if c != '\\' {
            push(c, bytes, &mut string, &mut octets);
            continue;
        }
        let Some(kind) = rest.chars().next() else { return wrong("at the end") };
        rest = &rest[kind.len_utf8()..];
        let (digits, radix) = match kind {
            'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' | '?' | '"' | '\'' | '`' => {
                push(simple(kind), bytes, &mut string, &mut octets);
                continue;
            }
            'x' | 'X' => (2, 16),
            'u' if !bytes => (4, 16),
            'U' if !bytes => (8, 16),
            '0'..='3' => {
                rest = &text[at + 1..];
                (3, 8)
            }
            other => return wrong(&format!("\\{other}")),
        };
        let Some(number) = rest
            .get(..digits)
            .filter(|d| !d.starts_with('+'))
            .and_then(|d| u32::from_str_radix(d, radix).ok())
        else {
            return wrong(&format!("\\{kind}"));
        };
        rest = &rest[digits..];
        if bytes {
            octets.push(number as u8);
        } else {
            match char::from_u32(number) {
                Some(c) => string.push(c),
                None => return wrong("no such character"),
            }
        }
    }
    Ok(if bytes { Value::bytes(&octets) } else { Value::string(&string) })
}

fn push(c: char, bytes: bool, string: &mut String, octets: &mut Vec<u8>) {
    if bytes {
        octets.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        string.push(c);
    }
}

fn simple(kind: char) -> char {
    match kind {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        other => other,
    }
}

/// The number that `text` starts with and its length.
pub(crate) fn number(text: &str) -> Result<(Token, usize), String> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let unsigned = |end: usize| matches!(bytes.get(end), Some(b'u' | b'U'));
    if text.starts_with("0x") && bytes.get(2).is_some_and(u8::is_ascii_hexdigit) {
        let end = 2 + bytes[2..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if !unsigned(end) {
            return Ok((Token::Int(text[..end].to_owned()), end));
        }
        let value = u64::from_str_radix(&text[2..end], 16).map_err(|_| "invalid uint literal")?;
        return Ok((Token::Literal(Value::Uint(value)), end + 1));
    }
    let mut end = digits(0);
    let mut double = false;
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        double = true;
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.len() > end + 1 + sign && digits(end + 1 + sign) > 0 {
            double = true;
            end += 1 + sign + digits(end + 1 + sign);
        }
    }
    if double {
        let value: f64 = text[..end].parse().map_err(|_| "invalid double literal")?;
        if !value.is_finite() {
            return Err("invalid double literal".into());
        }
        return Ok((Token::Literal(Value::Double(value)), end));
    }
    if unsigned(end) {
        let value = text[..end].parse().map_err(|_| "invalid uint literal")?;
        return Ok((Token::Literal(Value::Uint(value)), end + 1));
    }
    Ok((Token::Int(text[..end].to_owned()), end))
}

/// What an integer's digits are worth, with its sign.
pub(crate) fn integer(digits: &str, negative: bool) -> Option<i64> {
    let magnitude = match digits.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}
