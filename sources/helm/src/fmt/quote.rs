//! Go's strconv.Quote.

pub(crate) fn quote(bytes: &[u8]) -> Vec<u8> {
    quote_bytes(bytes, '"')
}

/// Between quotes of that kind.
pub(crate) fn quote_bytes(bytes: &[u8], around: char) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 2);
    push(&mut out, around);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            escape(&mut out, c, around);
        }
        for byte in chunk.invalid() {
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
    }
    push(&mut out, around);
    out
}

fn escape(out: &mut Vec<u8>, c: char, around: char) {
    let short = match c {
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{b}' => "\\v",
        '\\' => "\\\\",
        _ if c == around => {
            out.push(b'\\');
            return push(out, c);
        }
        _ if is_print(c) => return push(out, c),
        _ => {
            let code = u32::from(c);
            let text = match code {
                0..=0x1f | 0x7f => format!("\\x{code:02x}"),
                0x80..=0xffff => format!("\\u{code:04x}"),
                _ => format!("\\U{code:08x}"),
            };
            return out.extend_from_slice(text.as_bytes());
        }
    };
    out.extend_from_slice(short.as_bytes());
}

fn push(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the blank.
pub(crate) fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // The standard library escapes the same categories; behind another character it leaves marks as they are.
    let mut text = String::from("a");
    text.push(c);
    text.escape_debug().count() == 2
}
