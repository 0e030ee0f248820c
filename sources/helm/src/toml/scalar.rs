//! Strings, numbers and times.
use super::lex::{Item, Kind, Wrong};
use super::{LOCAL_DATE, LOCAL_DATETIME, LOCAL_TIME};
use crate::fmt::quote;
use crate::time::Time;
use crate::value::{Object, Value};

pub(super) fn value(item: &Item<'_>) -> Result<Value, Wrong> {
    match item.kind {
        Kind::Bool => Ok((item.text == "true").into()),
        Kind::Integer => integer(item),
        Kind::Float => float(item),
        Kind::Datetime => datetime(item),
        _ => text(item).map(Value::from),
    }
}

/// Of a string, or of a part of a key.
pub(super) fn text(item: &Item<'_>) -> Result<String, Wrong> {
    match item.kind {
        Kind::Bare | Kind::Plain | Kind::Raw => Ok(item.text.to_owned()),
        Kind::RawMultiline => Ok(without_first_newline(item.text).to_owned()),
        Kind::Escaped => unescaped(item, item.text),
        Kind::Multiline => unescaped(item, &joined(without_first_newline(item.text))),
        Kind::End
        | Kind::Bool
        | Kind::Integer
        | Kind::Float
        | Kind::Datetime
        | Kind::Array
        | Kind::ArrayEnd
        | Kind::Table
        | Kind::TableEnd
        | Kind::Tables
        | Kind::TablesEnd
        | Kind::Key
        | Kind::KeyEnd
        | Kind::Comment
        | Kind::Inline
        | Kind::InlineEnd => Err(wrong(item, "unexpected item".to_owned())),
    }
}

fn wrong(item: &Item<'_>, message: String) -> Wrong {
    Wrong { line: item.line, message }
}

fn shown(text: &str) -> String {
    String::from_utf8_lossy(&quote(text.as_bytes())).into_owned()
}

fn integer(item: &Item<'_>) -> Result<Value, Wrong> {
    let text = item.text;
    let invalid = |why: &str| wrong(item, format!("Invalid integer {}: {why}", shown(text)));
    if !underscores_fit(text) {
        return Err(invalid("underscores must be surrounded by digits"));
    }
    if has_leading_zero(text) {
        return Err(invalid("cannot have leading zeroes"));
    }
    let digits = text.replace('_', "");
    let bases = [("0x", 16), ("0o", 8), ("0b", 2)];
    let based = bases.iter().find_map(|(prefix, base)| Some((digits.strip_prefix(prefix)?, *base)));
    let number = match based {
        Some((digits, base)) => i64::from_str_radix(digits, base),
        None => digits.parse(),
    };
    number.map(Value::Int64).map_err(|_| wrong(item, format!("{text} is out of range for int64")))
}

fn float(item: &Item<'_>) -> Result<Value, Wrong> {
    let text = item.text;
    let invalid = |why: &str| wrong(item, format!("Invalid float {}: {why}", shown(text)));
    let parts: Vec<&str> = text.split(['.', 'e', 'E']).filter(|part| !part.is_empty()).collect();
    if parts.iter().any(|part| !underscores_fit(part)) {
        return Err(invalid("underscores must be surrounded by digits"));
    }
    if parts.first().is_some_and(|part| has_leading_zero(part)) {
        return Err(invalid("cannot have leading zeroes"));
    }
    if text.split('.').skip(1).any(|part| !part.starts_with(|c: char| c.is_ascii_digit())) {
        return Err(invalid("'.' must be followed by one or more digits"));
    }
    let digits = text.replace('_', "");
    let number: f64 =
        digits.parse().map_err(|_| wrong(item, format!("Invalid float value: {}", shown(text))))?;
    if number.is_infinite() && !text.ends_with("inf") {
        return Err(wrong(item, format!("{text} is out of range for float64")));
    }
    Ok(Value::Float(number))
}

/// The forms of a time, each with the zone that it is in where it says none.
const FORMS: [(&str, Option<&'static str>); 7] = [
    ("2006-01-02T15:04:05.999999999Z07:00", None),
    ("2006-01-02T15:04:05.999999999", Some(LOCAL_DATETIME)),
    ("2006-01-02", Some(LOCAL_DATE)),
    ("15:04:05.999999999", Some(LOCAL_TIME)),
    ("2006-01-02T15:04Z07:00", None),
    ("2006-01-02T15:04", Some(LOCAL_DATETIME)),
    ("15:04", Some(LOCAL_TIME)),
];

fn datetime(item: &Item<'_>) -> Result<Value, Wrong> {
    let text: String =
        item.text.chars().map(|c| if c == ' ' { 'T' } else { c.to_ascii_uppercase() }).collect();
    let invalid = || wrong(item, format!("invalid datetime: {}", shown(&text)));
    let mut forms = FORMS.into_iter();
    let read = forms.find_map(|(form, zone)| Some((form, zone, Time::read(form, &text).ok()?)));
    let (form, zone, time) = read.ok_or_else(invalid)?;
    // Go reads one digit where the form has two.
    let digits = form.bytes().take_while(|byte| !matches!(byte, b'.' | b'Z')).zip(text.bytes());
    if digits.into_iter().any(|(form, byte)| !form.is_ascii_digit() && byte != form) {
        return Err(invalid());
    }
    // The machine's zone is UTC, as everywhere in a chart.
    Ok(Value::Object(Object::Time(Time { named: zone, ..time })))
}

pub(super) fn is_binary(c: char) -> bool {
    matches!(c, '0' | '1')
}

pub(super) fn is_octal(c: char) -> bool {
    matches!(c, '0'..='7')
}

pub(super) fn is_hex(c: char) -> bool {
    c.is_ascii_hexdigit()
}

fn has_leading_zero(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes {
        [b'0', second, ..] => !matches!(second, b'b' | b'o' | b'x'),
        [b'+' | b'-', b'0', _, ..] => true,
        _ => false,
    }
}

/// Each underscore stands between digits.
fn underscores_fit(text: &str) -> bool {
    if matches!(text.trim_start_matches(['+', '-']), "nan" | "inf") {
        return true;
    }
    let mut digit = false;
    for c in text.chars() {
        if c == '_' && !digit {
            return false;
        }
        digit = is_hex(c);
    }
    digit
}

fn without_first_newline(text: &str) -> &str {
    text.strip_prefix('\n').or_else(|| text.strip_prefix("\r\n")).unwrap_or(text)
}

/// Without the blanks behind a backslash that ends its line.
fn joined(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('\\') {
        let behind = &rest[at + 1..];
        if behind.starts_with('\\') {
            out.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
            continue;
        }
        let after = behind.trim_start_matches([' ', '\t', '\r', '\n']);
        if behind[..behind.len() - after.len()].contains('\n') {
            out.push_str(&rest[..at]);
            rest = after;
        } else {
            out.push_str(&rest[..=at]);
            rest = behind;
        }
    }
    out + rest
}

fn unescaped(item: &Item<'_>, text: &str) -> Result<String, Wrong> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let c = behind.chars().next().unwrap_or('\\');
        let digits = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        rest = behind.get(c.len_utf8().min(behind.len())..).unwrap_or_default();
        out.push(match c {
            'b' => '\u{8}',
            't' => '\t',
            'n' => '\n',
            'f' => '\u{c}',
            'r' => '\r',
            'e' => '\u{1b}',
            '"' | '\\' => c,
            'x' | 'u' | 'U' => {
                let code = rest.get(..digits).unwrap_or_default();
                let found = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
                rest = rest.get(digits..).unwrap_or_default();
                found.ok_or_else(|| {
                    wrong(item, format!("Escaped character '\\u{code}' is not valid UTF-8."))
                })?
            }
            c => return Err(wrong(item, format!("invalid escape: '\\{c}'"))),
        });
    }
    Ok(out + rest)
}
