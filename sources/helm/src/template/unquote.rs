//! Go's quoted strings and character constants.

/// The bytes that a quoted or raw string stands for; quotes included in `text`.
pub(crate) fn unquote(text: &str) -> Option<Vec<u8>> {
    if let Some(raw) = text.strip_prefix('`') {
        let raw = raw.strip_suffix('`')?;
        // Carriage returns are dropped from raw strings.
        return Some(raw.bytes().filter(|b| *b != b'\r').collect());
    }
    let body = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        if c == '"' || c == '\n' {
            return None;
        }
        if c != '\\' {
            rest = &rest[c.len_utf8()..];
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let (escaped, after) = escape(&rest[1..], '"')?;
        match escaped {
            Escaped::Byte(byte) => out.push(byte),
            Escaped::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = after;
    }
    Some(out)
}

pub(super) fn unquote_char(text: &str) -> Option<char> {
    let body = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let (c, rest) = match body.strip_prefix('\\') {
        Some(rest) => match escape(rest, '\'')? {
            (Escaped::Byte(byte), rest) => (char::from(byte), rest),
            (Escaped::Char(c), rest) => (c, rest),
        },
        None => {
            let c = body.chars().next().filter(|c| *c != '\'')?;
            (c, &body[c.len_utf8()..])
        }
    };
    rest.is_empty().then_some(c)
}

enum Escaped {
    Byte(u8),
    Char(char),
}

/// What stands behind a backslash, and the rest.
fn escape(text: &str, quote: char) -> Option<(Escaped, &str)> {
    let c = text.chars().next()?;
    let rest = &text[c.len_utf8()..];
    let simple = |c| Some((Escaped::Char(c), rest));
    let code = |digits: usize| -> Option<(u32, &str)> {
        let (number, after) = rest.split_at_checked(digits)?;
        if !number.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        Some((u32::from_str_radix(number, 16).ok()?, after))
    };
    match c {
        'a' => simple('\u{7}'),
        'b' => simple('\u{8}'),
        'f' => simple('\u{c}'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\u{b}'),
        '\\' => simple('\\'),
        _ if c == quote => simple(c),
        'x' => code(2).and_then(|(value, rest)| Some((Escaped::Byte(u8::try_from(value).ok()?), rest))),
        'u' => code(4).and_then(|(value, rest)| Some((Escaped::Char(char::from_u32(value)?), rest))),
        'U' => code(8).and_then(|(value, rest)| Some((Escaped::Char(char::from_u32(value)?), rest))),
        '0'..='7' => {
            let (number, after) = text.split_at_checked(3)?;
            let value = u32::from_str_radix(number, 8).ok().filter(|_| !number.starts_with('+'))?;
            Some((Escaped::Byte(u8::try_from(value).ok()?), after))
        }
        _ => None,
    }
}
