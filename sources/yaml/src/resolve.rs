//! The type of a scalar, as go-yaml v2 resolves it: YAML 1.1 without base 60, `yes` and `on` included.
use crate::number::{Number, parse_float, parse_integer};
use crate::timestamp::rfc3339;

const CORE: &str = "tag:yaml.org,2002:";

/// What a scalar is before it becomes JSON.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Number(Number),
    /// `.inf`, `-.inf` and `.nan`: readable, but JSON cannot hold them.
    NotFinite(&'static str),
    /// Text that looks like a point in time stays text; only who prints it has to know.
    Timestamp,
    /// The plain scalar `<<`.
    Merge,
    Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    Str,
    Bool,
    Int,
    Float,
    Null,
    Timestamp,
    Binary,
    Merge,
    /// Any other tag leaves the scalar a string.
    Other,
}

impl Tag {
    pub(crate) fn of(tag: &str) -> Self {
        tag.strip_prefix(CORE).map_or(Tag::Other, Tag::of_core)
    }

    /// What stands behind `!!`.
    pub(crate) fn of_core(name: &str) -> Self {
        match name {
            "str" => Tag::Str,
            "bool" => Tag::Bool,
            "int" => Tag::Int,
            "float" => Tag::Float,
            "null" => Tag::Null,
            "timestamp" => Tag::Timestamp,
            "binary" => Tag::Binary,
            "merge" => Tag::Merge,
            _ => Tag::Other,
        }
    }

    pub(crate) fn short(self) -> &'static str {
        match self {
            Tag::Str => "!!str",
            Tag::Bool => "!!bool",
            Tag::Int => "!!int",
            Tag::Float => "!!float",
            Tag::Null => "!!null",
            Tag::Timestamp => "!!timestamp",
            Tag::Binary => "!!binary",
            Tag::Merge => "!!merge",
            Tag::Other => "another tag",
        }
    }
}

/// An untagged plain scalar.
pub(crate) fn resolve(text: &str) -> Scalar {
    resolve_as(text, true)
}

/// A scalar under a tag, whatever its quotes; `Err` is what it is instead.
pub(crate) fn resolve_tagged(tag: Tag, text: &str) -> Result<Scalar, Tag> {
    let found = match tag {
        Tag::Str | Tag::Other | Tag::Merge | Tag::Binary => return Ok(Scalar::Text),
        Tag::Timestamp => resolve_as(text, true),
        Tag::Bool | Tag::Int | Tag::Float | Tag::Null => resolve_as(text, false),
    };
    match (tag, found) {
        (Tag::Float, Scalar::Number(Number::Int(value))) => Ok(Scalar::Number(Number::Float(value as f64))),
        _ if kind(found) == tag => Ok(found),
        _ => Err(kind(found)),
    }
}

fn kind(scalar: Scalar) -> Tag {
    match scalar {
        Scalar::Null => Tag::Null,
        Scalar::Bool(_) => Tag::Bool,
        Scalar::Number(Number::Int(_) | Number::Uint(_)) => Tag::Int,
        Scalar::Number(Number::Float(_)) | Scalar::NotFinite(_) => Tag::Float,
        Scalar::Timestamp => Tag::Timestamp,
        Scalar::Merge => Tag::Merge,
        Scalar::Text => Tag::Str,
    }
}

fn resolve_as(text: &str, timestamps: bool) -> Scalar {
    let Some(first) = text.bytes().next() else { return Scalar::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' | b'<' => word(text),
        b'.' => match word(text) {
            Scalar::Text => dotted(text),
            found => found,
        },
        b'0'..=b'9' | b'+' | b'-' => match word(text) {
            Scalar::Text if timestamps && rfc3339(text).is_some() => Scalar::Timestamp,
            Scalar::Text => number(text),
            found => found,
        },
        _ => Scalar::Text,
    }
}

fn word(text: &str) -> Scalar {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        ".nan" | ".NaN" | ".NAN" => Scalar::NotFinite(".nan"),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::NotFinite(".inf"),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::NotFinite("-.inf"),
        "<<" => Scalar::Merge,
        _ => Scalar::Text,
    }
}

/// A float without digits before its point, in Go's syntax: underscores between digits are fine.
fn dotted(text: &str) -> Scalar {
    let bytes = text.as_bytes();
    let between_digits = |i: usize| {
        let digit = |j: usize| bytes.get(j).is_some_and(u8::is_ascii_digit);
        i > 0 && digit(i - 1) && digit(i + 1)
    };
    let sound = bytes.iter().enumerate().all(|(i, b)| *b != b'_' || between_digits(i));
    match parse_float(&text.replace('_', "")) {
        Some(value) if sound => Scalar::Number(Number::Float(value)),
        Some(_) | None => Scalar::Text,
    }
}

fn number(text: &str) -> Scalar {
    let plain: std::borrow::Cow<'_, str> =
        if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    if let Some(found) = parse_integer(&plain) {
        return Scalar::Number(found);
    }
    parse_float(&plain).map_or(Scalar::Text, |value| Scalar::Number(Number::Float(value)))
}
