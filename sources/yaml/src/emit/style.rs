//! How a string must be written so that Kubernetes' reader gets the same string back.
use crate::resolve::{Scalar, resolve};
use std::borrow::Cow;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// As a key, `<<` means a merge; as a value it means nothing.
pub(super) fn style_of(text: &str, key: bool) -> Style {
    let shape = Shape::of(text);
    if shape.unprintable || shape.blank_before_break || shape.odd_break {
        return Style::Double;
    }
    if text.contains('\n') {
        return if text.ends_with(' ') { Style::Double } else { Style::Literal };
    }
    let misread = match resolve(text) {
        Scalar::Text => is_base_60(text),
        Scalar::Merge => key,
        _ => true,
    };
    if misread {
        return Style::Double;
    }
    let bare = !shape.indicators && !text.starts_with(' ') && !text.ends_with(' ');
    if bare { Style::Plain } else { Style::Single }
}

/// Whether [`emit`](crate::emit) writes the text of a value without quotes, in a scalar that is not a literal.
pub fn is_plain(text: &str) -> bool {
    style_of(text, false) == Style::Plain
}

/// Whether a plain scalar of that text is read as that text: not as a number, a boolean, nothing or a time.
pub fn reads_as_text(text: &str) -> bool {
    matches!(resolve(text), Scalar::Text)
}

/// Whether a key needs more than one line.
pub(super) fn has_break(text: &str) -> bool {
    text.chars().any(is_break)
}

/// The escape of a character that a double-quoted scalar cannot hold as it is, or of any.
pub(super) fn escape(c: char, any: bool) -> Option<Cow<'static, str>> {
    Some(match c {
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        '\0' => "\\0".into(),
        '\u{7}' => "\\a".into(),
        '\u{8}' => "\\b".into(),
        '\t' => "\\t".into(),
        '\n' => "\\n".into(),
        '\u{b}' => "\\v".into(),
        '\u{c}' => "\\f".into(),
        '\r' => "\\r".into(),
        '\u{1b}' => "\\e".into(),
        '\u{85}' => "\\N".into(),
        '\u{a0}' if any => "\\_".into(),
        '\u{2028}' => "\\L".into(),
        '\u{2029}' => "\\P".into(),
        _ if is_printable(c) && !any => return None,
        _ => match u32::from(c) {
            code @ 0..=0xff => format!("\\x{code:02X}").into(),
            code @ 0x100..=0xffff => format!("\\u{code:04X}").into(),
            code => format!("\\U{code:08X}").into(),
        },
    })
}

#[derive(Default)]
struct Shape {
    /// A character that only an escape can write.
    unprintable: bool,
    /// A blank that folding would lose.
    blank_before_break: bool,
    /// A line break that is no `\n`: readers disagree on what it means.
    odd_break: bool,
    /// Something that means structure in a plain scalar.
    indicators: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut shape =
            Self { indicators: text.starts_with("---") || text.starts_with("..."), ..Self::default() };
        // Most texts are words: nothing in them means anything but at their beginning.
        if text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
            && text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b':' && b != b'#')
        {
            return shape;
        }
        let mut before = None;
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let next = rest.clone().next();
            let blank_follows = matches!(next, None | Some(' ' | '\t'));
            let blank_precedes = before.is_none_or(|c| c == ' ' || c == '\t' || is_break(c));
            shape.indicators |= match c {
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                    before.is_none()
                }
                '?' | '-' => before.is_none() && blank_follows,
                ':' => blank_follows,
                '#' => blank_precedes,
                _ => false,
            };
            shape.unprintable |= !is_printable(c);
            shape.odd_break |= c != '\n' && is_break(c);
            shape.blank_before_break |= c == ' ' && next.is_some_and(is_break);
            before = Some(c);
        }
        shape
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What libyaml takes for printable: no tab, no C1, no byte order mark.
fn is_printable(c: char) -> bool {
    match c {
        '\n' | ' '..='~' => true,
        '\0'..='\u{9f}' => false,
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => false,
        '\u{10000}'.. => false,
        _ => true,
    }
}

/// Numbers with base 60 are text here, but numbers to other readers of YAML 1.1:
/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`.
fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let mut sixtieths = 0;
    for part in parts {
        sixtieths += 1;
        match part.as_bytes() {
            [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'] => {}
            _ => return false,
        }
    }
    sixtieths > 0 && first.starts_with(|c: char| c.is_ascii_digit()) && digits(first) && digits(fraction)
}
