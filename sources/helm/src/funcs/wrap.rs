//! Line breaks at a width.
use super::Type::{Int, Text};
use super::strings::find;
use super::{Function, args, pure};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    pure("wrap", &[Int, Text], |args| {
        Ok(Value::text(wrap(args::bytes(args, 1), args::int(args, 0), b"\n", false)))
    }),
    pure("wrapWith", &[Int, Text, Text], |args| {
        let by = args::bytes(args, 1);
        let by = if by.is_empty() { b"\n" } else { by };
        let (text, width) = (args::bytes(args, 2), args::int(args, 0));
        args::check_bytes(text.len().saturating_mul(1 + by.len()))?;
        Ok(Value::text(wrap(text, width, by, true)))
    }),
];

fn wrap(text: &[u8], width: i64, by: &[u8], long_words: bool) -> Vec<u8> {
    let width = usize::try_from(width).unwrap_or(0).max(1);
    let mut out = Vec::new();
    let mut at = 0;
    while text.len() - at > width {
        if text[at] == b' ' {
            at += 1;
            continue;
        }
        let line = &text[at..at + width + 1];
        let (end, next) = match line.iter().rposition(|byte| *byte == b' ') {
            Some(space) => (at + space, at + space + 1),
            None if long_words => (at + width, at + width),
            None => match find(text, b" ", at + width) {
                Some(space) => (space, space + 1),
                None => {
                    out.extend_from_slice(&text[at..]);
                    return out;
                }
            },
        };
        out.extend_from_slice(&text[at..end]);
        out.extend_from_slice(by);
        at = next;
    }
    out.extend_from_slice(&text[at..]);
    out
}
