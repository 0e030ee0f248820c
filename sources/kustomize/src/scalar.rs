//! Scalars as go-yaml v3 types them: `yes` is text, `0644` is octal, a date is a point in time.
use serde_json::{Number, Value};
use smol_str::SmolStr;
use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// Not decided: the text says it when it is written.
    Empty,
    Null,
    Bool,
    Str,
    Int,
    Float,
    Timestamp,
    Merge,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    /// Short ones are held in place: most of what a build compares are keys, and looking elsewhere for each is what a
    /// large build would wait for.
    pub(crate) text: SmolStr,
    pub(crate) tag: Tag,
    /// Written without quotes and not as a block.
    pub(crate) plain: bool,
    /// Written as a folded block (`>`).
    pub(crate) folded: bool,
    /// Within an object, one and the same value wherever this number stands; none if zero.
    pub(crate) share: u32,
    /// Changed in this place, but not yet where it is shared.
    pub(crate) written: bool,
    /// It is a key, and a comment stands between it and the lines of its value.
    pub(crate) comment: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum NotJson {
    #[error("{0:?} has no form in JSON")]
    NotFinite(String),
    #[error("the key {0:?} is not a string; quote it")]
    Key(String),
    #[error(
        "behind {0:?} stands a comment, and what follows it can't be read as kustomize writes it; put the comment on a line of its own"
    )]
    Comment(String),
    #[error("{text:?} can't be read as {wanted}")]
    Mismatch { text: String, wanted: &'static str },
}

impl Scalar {
    pub(crate) fn string(text: impl Into<SmolStr>) -> Self {
        Self::tagged(Tag::Str, text)
    }

    pub(crate) fn untyped(text: impl Into<SmolStr>) -> Self {
        Self::tagged(Tag::Empty, text)
    }

    pub(crate) fn null() -> Self {
        Self::tagged(Tag::Null, "null")
    }

    pub(crate) fn tagged(tag: Tag, text: impl Into<SmolStr>) -> Self {
        Self { text: text.into(), tag, plain: true, folded: false, share: 0, written: false, comment: false }
    }

    /// A patch's key as it is written into an object: with its quotes, without its type and its comment.
    pub(crate) fn into_new_key(self) -> Self {
        Self { plain: self.plain, folded: self.folded, ..Self::untyped(self.text) }
    }

    /// A number as it is written after it went through JSON: from a million on as a float with an exponent.
    pub(crate) fn number(number: &Number) -> Self {
        match number.as_i64() {
            Some(n) if n.unsigned_abs() < 1_000_000 => Self::tagged(Tag::Int, n.to_string()),
            _ => Self::tagged(Tag::Float, general(number.as_f64().unwrap_or_default())),
        }
    }

    /// As read: the type of an untagged scalar follows from its text and quotes.
    pub(crate) fn read(text: impl Into<SmolStr>, plain: bool) -> Self {
        let text = text.into();
        let tag = match plain {
            true if text == "<<" => Tag::Merge,
            true => resolve(&text).0,
            false => Tag::Str,
        };
        Self { text, tag, plain, folded: false, share: 0, written: false, comment: false }
    }

    /// Takes another's place, and stays shared.
    pub(crate) fn overwrite(&mut self, new: Scalar) {
        let share = self.share;
        *self = Scalar { share, written: share != 0, ..new };
    }

    /// Text, or undecided.
    pub(crate) fn may_be_string(&self) -> bool {
        matches!(self.tag, Tag::Str | Tag::Empty)
    }

    pub(crate) fn is_string(&self) -> bool {
        match self.tag {
            Tag::Str | Tag::Merge => true,
            Tag::Empty => !self.plain || self.text.contains('\n') || resolve(&self.text).0 == Tag::Str,
            Tag::Null | Tag::Bool | Tag::Int | Tag::Float | Tag::Timestamp => false,
        }
    }

    /// Within brackets or braces nothing is written as a block.
    pub(crate) fn to_value(&self, flow: bool) -> Result<Value, NotJson> {
        let text = || {
            Ok(if self.folded && !flow {
                Value::from(refold(&self.text))
            } else {
                Value::from(self.text.as_str())
            })
        };
        match self.tag {
            Tag::Str | Tag::Merge => text(),
            Tag::Empty if !self.plain || self.text.contains('\n') => text(),
            Tag::Empty => self.json(resolve(&self.text).1),
            Tag::Null | Tag::Bool | Tag::Int | Tag::Float | Tag::Timestamp => {
                let (tag, found) = resolve(&self.text);
                if tag == self.tag && !self.plain {
                    return text();
                }
                if tag == self.tag || (self.tag == Tag::Float && tag == Tag::Int) {
                    return self.json(found);
                }
                Err(NotJson::Mismatch { text: self.text.to_string(), wanted: self.tag.word() })
            }
        }
    }

    fn json(&self, found: Found) -> Result<Value, NotJson> {
        Ok(match found {
            Found::Null => Value::Null,
            Found::Bool(b) => Value::from(b),
            Found::Int(n) => Value::from(n),
            Found::Uint(n) => Value::from(n),
            Found::Float(f) => float(f).ok_or_else(|| NotJson::NotFinite(self.text.to_string()))?,
            Found::Time(t) => Value::from(t),
            Found::Text => Value::from(self.text.as_str()),
        })
    }
}

/// What a folded block becomes when go-yaml writes and reads it once more, as every build does: a line break before a
/// line that begins with a blank is doubled, and where the text itself begins with one, others are lost.
fn refold(text: &str) -> String {
    let body = text.trim_start_matches('\n');
    let doubles = !body.is_empty() && !body.starts_with([' ', '\t']);
    let lines: Vec<&str> = text.split('\n').collect();
    let blank = |line: &str| line.starts_with([' ', '\t']);
    let mut out = String::with_capacity(text.len() + 8);
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        out.push_str(line);
        let next = lines[at + 1..].iter().position(|l| !l.is_empty()).map(|n| at + 1 + n);
        match next {
            // Nothing but line breaks follows: a single one stays, several are one more.
            None => {
                let count = lines.len() - 1 - at;
                let more = count > 1 && doubles && !line.is_empty() && !blank(line);
                out.extend(std::iter::repeat_n('\n', count + usize::from(more)));
                break;
            }
            Some(next) => {
                let count = next - at;
                let (above, below) = (blank(line), blank(lines[next]));
                let breaks = match (line.is_empty() || above, below) {
                    (true, _) => count,
                    (false, true) => count + usize::from(doubles),
                    (false, false) => count - usize::from(!doubles),
                };
                if breaks == 0 {
                    out.push(' ');
                }
                out.extend(std::iter::repeat_n('\n', breaks));
                at = next;
            }
        }
    }
    out
}

impl Tag {
    fn word(self) -> &'static str {
        match self {
            Tag::Null => "null",
            Tag::Bool => "a boolean",
            Tag::Int => "an integer",
            Tag::Float => "a number",
            Tag::Timestamp => "a point in time",
            Tag::Empty | Tag::Str | Tag::Merge => "text",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    /// RFC 3339.
    Time(String),
    Text,
}

/// JSON has no difference between `1.0` and `1`.
fn float(f: f64) -> Option<Value> {
    if f.fract() == 0.0 && f.abs() < 9.2e18 {
        return Some(Value::from(f as i64));
    }
    Number::from_f64(f).map(Value::Number)
}

/// An untagged plain scalar.
pub(crate) fn resolve(text: &str) -> (Tag, Found) {
    let text_ = || (Tag::Str, Found::Text);
    let Some(first) = text.bytes().next() else { return (Tag::Null, Found::Null) };
    match first {
        b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' => match text {
            "~" | "null" | "Null" | "NULL" => (Tag::Null, Found::Null),
            "true" | "True" | "TRUE" => (Tag::Bool, Found::Bool(true)),
            "false" | "False" | "FALSE" => (Tag::Bool, Found::Bool(false)),
            _ => text_(),
        },
        b'.' => match text {
            ".nan" | ".NaN" | ".NAN" => (Tag::Float, Found::Float(f64::NAN)),
            ".inf" | ".Inf" | ".INF" => (Tag::Float, Found::Float(f64::INFINITY)),
            _ => go_float(text).map_or_else(text_, |f| (Tag::Float, Found::Float(f))),
        },
        b'0'..=b'9' | b'+' | b'-' => match text {
            "+.inf" | "+.Inf" | "+.INF" => (Tag::Float, Found::Float(f64::INFINITY)),
            "-.inf" | "-.Inf" | "-.INF" => (Tag::Float, Found::Float(f64::NEG_INFINITY)),
            _ => numeric(text),
        },
        _ => text_(),
    }
}

fn numeric(text: &str) -> (Tag, Found) {
    if let Some(time) = mainstay_yaml::rfc3339(text) {
        return (Tag::Timestamp, Found::Time(time));
    }
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    if let Some(found) = integer(&plain) {
        return (Tag::Int, found);
    }
    if style_float(&plain)
        && let Ok(f) = plain.parse::<f64>()
        && f.is_finite()
    {
        return (Tag::Float, Found::Float(f));
    }
    (Tag::Str, Found::Text)
}

/// Go's ParseInt, then ParseUint, with base 0.
fn integer(text: &str) -> Option<Found> {
    let (negative, signed, digits) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', _, ..] => (16, &digits[2..]),
        [b'0', b'b', _, ..] => (2, &digits[2..]),
        [b'0', b'o', _, ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, base).ok()?;
    match i64::try_from(magnitude) {
        Ok(n) => Some(Found::Int(if negative { -n } else { n })),
        Err(_) if negative && magnitude == 1 << 63 => Some(Found::Int(i64::MIN)),
        Err(_) if signed => None,
        Err(_) => Some(Found::Uint(magnitude)),
    }
}

fn style_float(text: &str) -> bool {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(rest);
    let mut rest = &rest[whole..];
    if let Some(after) = rest.strip_prefix('.') {
        let fraction = digits(after);
        if whole + fraction == 0 {
            return false;
        }
        rest = &after[fraction..];
    } else if whole == 0 {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        None => rest.is_empty(),
        Some(exponent) => {
            let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
    }
}

/// A number that begins with its point.
fn go_float(text: &str) -> Option<f64> {
    style_float(text).then(|| text.parse().ok()).flatten().filter(|f: &f64| f.is_finite())
}

/// Go's `%g` with the fewest digits.
fn general(f: f64) -> String {
    let scientific = format!("{f:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{f}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}
