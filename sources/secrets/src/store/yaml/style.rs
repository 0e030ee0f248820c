//! How go-yaml 3 writes a text so that it reads the same back.

use super::typing::{Plain, is_of_yaml_1_1, resolve};
use crate::buffer::Buffer;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// A text of several lines is a block, except as a key.
pub(super) fn of_text(text: &str, key: bool) -> Style {
    let shape = Shape::of(text);
    if text.contains('\n') {
        let block = !key && !text.ends_with(' ') && !shape.blank_before_break && !shape.special;
        return if block { Style::Literal } else { Style::Double };
    }
    if resolve(text) != Plain::Text || is_of_yaml_1_1(text) {
        return Style::Double;
    }
    if shape.break_before_blank || shape.blank_before_break || shape.special || shape.tab {
        return Style::Double;
    }
    let bare = !shape.indicator && !shape.breaks && !text.starts_with(' ') && !text.ends_with(' ');
    if bare { Style::Plain } else { Style::Single }
}

#[derive(Default)]
struct Shape {
    /// Something that a plain scalar may not begin with or hold.
    indicator: bool,
    /// What only an escape can write.
    special: bool,
    tab: bool,
    breaks: bool,
    break_before_blank: bool,
    blank_before_break: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut shape =
            Self { indicator: text.starts_with("---") || text.starts_with("..."), ..Self::default() };
        let mut before = None;
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let blank_follows = matches!(rest.clone().next(), None | Some(' ' | '\t'));
            let blank_precedes = before.is_none_or(|c| c == ' ' || c == '\t' || c == '\0' || is_break(c));
            shape.indicator |= match c {
                '#' => blank_precedes,
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                    before.is_none()
                }
                '?' | '-' => before.is_none() && blank_follows,
                ':' => blank_follows,
                _ => false,
            };
            shape.tab |= c == '\t';
            shape.special |= c != '\t' && !is_printable(c);
            shape.breaks |= is_break(c);
            shape.break_before_blank |= c == ' ' && before.is_some_and(is_break);
            shape.blank_before_break |= is_break(c) && before == Some(' ');
            before = Some(c);
        }
        shape
    }
}

pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What libyaml prints as it is: nothing beyond the basic plane, no byte order mark.
fn is_printable(c: char) -> bool {
    match c {
        '\n' | ' '..='~' => true,
        '\0'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{10000}'.. => false,
        _ => true,
    }
}

pub(super) fn single(out: &mut Buffer, text: &str) {
    out.push(b"'");
    for (at, part) in text.split('\'').enumerate() {
        out.push(if at > 0 { b"''" } else { b"" });
        out.push(part.as_bytes());
    }
    out.push(b"'");
}

pub(super) fn double(out: &mut Buffer, text: &str) {
    // go-yaml escapes every character of a text that begins with a byte order mark.
    let all = text.starts_with('\u{feff}');
    let mut encoded = [0; 4];
    out.push(b"\"");
    for c in text.chars() {
        let escape: &[u8] = match c {
            '"' => b"\\\"",
            '\\' => b"\\\\",
            '\0' => b"\\0",
            '\u{7}' => b"\\a",
            '\u{8}' => b"\\b",
            '\t' => b"\\t",
            '\n' => b"\\n",
            '\u{b}' => b"\\v",
            '\u{c}' => b"\\f",
            '\r' => b"\\r",
            '\u{1b}' => b"\\e",
            '\u{85}' => b"\\N",
            '\u{a0}' if all => b"\\_",
            '\u{2028}' => b"\\L",
            '\u{2029}' => b"\\P",
            _ if is_printable(c) && !all => c.encode_utf8(&mut encoded).as_bytes(),
            _ => {
                let escape = match u32::from(c) {
                    code @ 0..=0xff => format!("\\x{code:02X}"),
                    code @ 0x100..=0xffff => format!("\\u{code:04X}"),
                    code => format!("\\U{code:08X}"),
                };
                out.push(escape.as_bytes());
                continue;
            }
        };
        out.push(escape);
    }
    out.push(b"\"");
}
