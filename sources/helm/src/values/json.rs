//! The JSON value that a text begins with, as Go's `json.Decoder` cuts it off.
use serde_json::Value as Json;

/// The value and the bytes that it takes, blanks before it included.
pub(super) fn prefix(text: &str) -> Option<(Json, usize)> {
    let blank = text.len() - text.trim_start_matches([' ', '\t', '\r', '\n']).len();
    let rest = &text[blank..];
    if rest.starts_with(['{', '[', '"']) {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Json>();
        let value = values.next()?.ok()?;
        return Some((super::floats(value), blank + values.byte_offset()));
    }
    let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word));
    let end = word.map_or_else(|| number(rest.as_bytes()), str::len);
    let value = serde_json::from_str(&rest[..end]).ok()?;
    Some((super::floats(value), blank + end))
}

/// Where the number ends that a text begins with, by JSON's grammar.
fn number(text: &[u8]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(text.first() == Some(&b'-'));
    at += if text.get(at) == Some(&b'0') { 1 } else { digits(at) };
    if text.get(at) == Some(&b'.') {
        at += 1 + digits(at + 1);
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(text.get(at), Some(b'+' | b'-')));
        at += digits(at);
    }
    at
}
