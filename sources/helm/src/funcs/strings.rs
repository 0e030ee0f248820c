//! Strings, byte by byte as Go has them.
use super::Type::{Any, Int, Text};
use super::{Function, args, pure, variadic};
use crate::fmt;
use crate::value::{MapType, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("hello", &[], |_| Ok("Hello!".into())),
    pure("trim", &[Text], |args| Ok(args::text(args, 0).trim().into())),
    pure("upper", &[Text], |args| Ok(args::text(args, 0).chars().map(upper).collect::<String>().into())),
    pure("lower", &[Text], |args| Ok(args::text(args, 0).chars().map(lower).collect::<String>().into())),
    pure("trimAll", &[Text, Text], trim_all),
    pure("trimall", &[Text, Text], trim_all),
    pure("trimSuffix", &[Text, Text], |args| {
        let text = args::bytes(args, 1);
        Ok(Value::text(text.strip_suffix(args::bytes(args, 0)).unwrap_or(text)))
    }),
    pure("trimPrefix", &[Text, Text], |args| {
        let text = args::bytes(args, 1);
        Ok(Value::text(text.strip_prefix(args::bytes(args, 0)).unwrap_or(text)))
    }),
    pure("contains", &[Text, Text], |args| {
        Ok(Value::Bool(find(args::bytes(args, 1), args::bytes(args, 0), 0).is_some()))
    }),
    pure("hasPrefix", &[Text, Text], |args| {
        Ok(Value::Bool(args::bytes(args, 1).starts_with(args::bytes(args, 0))))
    }),
    pure("hasSuffix", &[Text, Text], |args| {
        Ok(Value::Bool(args::bytes(args, 1).ends_with(args::bytes(args, 0))))
    }),
    variadic("quote", &[Any], |args| join_given(args, |arg| Ok(fmt::quote(args::string(arg)?.as_bytes())))),
    variadic("squote", &[Any], |args| {
        join_given(args, |arg| Ok([b"'", &fmt::display(arg)?[..], b"'"].concat()))
    }),
    variadic("cat", &[Any], |args| join_given(args, fmt::display)),
    pure("indent", &[Int, Text], |args| indent(args, "")),
    pure("nindent", &[Int, Text], |args| indent(args, "\n")),
    pure("replace", &[Text, Text, Text], |args| {
        replace(args::bytes(args, 2), args::bytes(args, 0), args::bytes(args, 1)).map(Value::text)
    }),
    pure("plural", &[Text, Text, Int], |args| Ok(args[usize::from(args::int(args, 2) != 1)].clone())),
    pure("repeat", &[Int, Text], |args| {
        let count = usize::try_from(args::int(args, 0)).map_err(|_| "strings: negative Repeat count")?;
        let text = args::bytes(args, 1);
        args::check_bytes(text.len().saturating_mul(count))?;
        Ok(Value::text(text.repeat(count)))
    }),
    pure("trunc", &[Int, Text], trunc),
    pure("substr", &[Int, Int, Text], substr),
    pure("abbrev", &[Int, Text], |args| {
        Ok(Value::text(abbreviate(args::bytes(args, 1), 0, args::int(args, 0))))
    }),
    pure("abbrevboth", &[Int, Int, Text], |args| {
        let (left, right, text) = (args::int(args, 0), args::int(args, 1), args::bytes(args, 2));
        let too_short = right < 4 || (left > 0 && right < 7);
        Ok(Value::text(if too_short { text.to_vec() } else { abbreviate(text, left, right) }))
    }),
    pure("split", &[Text, Text], |args| Ok(numbered(split(args::bytes(args, 1), args::bytes(args, 0), -1)))),
    pure("splitn", &[Text, Int, Text], |args| {
        Ok(numbered(split(args::bytes(args, 2), args::bytes(args, 0), args::int(args, 1))))
    }),
    pure("splitList", &[Text, Text], |args| {
        Ok(Value::texts(split(args::bytes(args, 1), args::bytes(args, 0), -1)))
    }),
    pure("nospace", &[Text], |args| {
        let kept = args::bytes(args, 0).iter().map(|byte| char::from(*byte)).filter(|c| !c.is_whitespace());
        let text: String = kept.collect();
        // Byte by byte, as upstream: only what has no blank at all keeps its characters.
        let unchanged = text.chars().count() == args::bytes(args, 0).len();
        Ok(if unchanged { args[0].clone() } else { text.into() })
    }),
];

/// One character for one, as Go maps them.
pub(super) fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    mapped.next().filter(|_| mapped.next().is_none()).unwrap_or(c)
}

pub(super) fn lower(c: char) -> char {
    let mut mapped = c.to_lowercase();
    mapped.next().filter(|_| mapped.next().is_none()).unwrap_or(c)
}

fn trim_all(args: &[Value]) -> Result<Value, String> {
    let cut = args::text(args, 0);
    Ok(args::text(args, 1).trim_matches(|c| cut.contains(c)).into())
}

/// All but nil, with blanks between.
fn join_given(args: &[Value], show: impl Fn(&Value) -> Result<Vec<u8>, String>) -> Result<Value, String> {
    let given = args.iter().filter(|arg| !arg.is_nil());
    let shown: Result<Vec<_>, String> = given.map(show).collect();
    Ok(Value::text(shown?.join(&b' ')))
}

fn indent(args: &[Value], start: &str) -> Result<Value, String> {
    let Ok(spaces) = usize::try_from(args::int(args, 0)) else {
        return Err("strings: negative Repeat count".into());
    };
    let text = args::bytes(args, 1);
    let lines = 1 + text.iter().filter(|byte| **byte == b'\n').count();
    let size = text.len().saturating_add(lines.saturating_mul(spaces)).saturating_add(start.len());
    args::check_bytes(size)?;
    let pad = vec![b' '; spaces];
    let mut out = Vec::with_capacity(size);
    out.extend_from_slice(start.as_bytes());
    out.extend_from_slice(&pad);
    for byte in text {
        out.push(*byte);
        if *byte == b'\n' {
            out.extend_from_slice(&pad);
        }
    }
    Ok(Value::text(out))
}

pub(super) fn find(text: &[u8], part: &[u8], from: usize) -> Option<usize> {
    if part.is_empty() {
        return Some(from);
    }
    text.get(from..)?.windows(part.len()).position(|window| window == part).map(|at| at + from)
}

/// Where characters begin, the end included: where Go finds the empty string.
fn boundaries(text: &[u8]) -> Vec<usize> {
    let mut at = 0;
    let mut found = vec![0];
    while at < text.len() {
        at += fmt::width_of(&text[at..]);
        found.push(at);
    }
    found
}

fn replace(text: &[u8], old: &[u8], new: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    if old.is_empty() {
        let at = boundaries(text);
        args::check_bytes(text.len().saturating_add(at.len().saturating_mul(new.len())))?;
        for (i, start) in at.iter().enumerate() {
            out.extend_from_slice(new);
            out.extend_from_slice(at.get(i + 1).map_or(&b""[..], |end| &text[*start..*end]));
        }
        return Ok(out);
    }
    let mut from = 0;
    while let Some(at) = find(text, old, from) {
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(new);
        args::check_bytes(out.len())?;
        from = at + old.len();
    }
    out.extend_from_slice(&text[from..]);
    Ok(out)
}

/// `strings.SplitN`: a negative count means all.
pub(super) fn split<'a>(text: &'a [u8], by: &[u8], count: i64) -> Vec<&'a [u8]> {
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    if most == 0 {
        return Vec::new();
    }
    if by.is_empty() {
        let at = boundaries(text);
        let mut parts: Vec<&[u8]> = at.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        if parts.len() > most {
            parts.truncate(most - 1);
            parts.push(&text[at[most - 1]..]);
        }
        return parts;
    }
    let mut parts = Vec::new();
    let mut from = 0;
    while parts.len() + 1 < most {
        let Some(at) = find(text, by, from) else { break };
        parts.push(&text[from..at]);
        from = at + by.len();
    }
    parts.push(&text[from..]);
    parts
}

fn numbered(parts: Vec<&[u8]>) -> Value {
    let entries = parts.into_iter().enumerate().map(|(i, part)| (format!("_{i}").into(), Value::text(part)));
    Value::Map(crate::value::Map::new(MapType::Text, entries))
}

fn trunc(args: &[Value]) -> Result<Value, String> {
    let (count, text) = (args::int(args, 0), args::bytes(args, 1));
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    Ok(Value::text(match text.len() {
        length if size >= length => text,
        length if count < 0 => &text[length - size..],
        _ => &text[..size],
    }))
}

fn substr(args: &[Value]) -> Result<Value, String> {
    let (start, end, text) = (args::int(args, 0), args::int(args, 1), args::bytes(args, 2));
    let part = match (usize::try_from(start), usize::try_from(end)) {
        (Err(_), Err(_)) => None,
        (Err(_), Ok(end)) => text.get(..end),
        (Ok(start), Ok(end)) if end <= text.len() => text.get(start..end),
        (Ok(start), _) => text.get(start..),
    };
    part.map(Value::text).ok_or_else(|| "runtime error: slice bounds out of range".into())
}

fn abbreviate(text: &[u8], left: i64, width: i64) -> Vec<u8> {
    let Some(width) = usize::try_from(width).ok().filter(|width| *width >= 4) else { return text.to_vec() };
    if text.len() <= width {
        return text.to_vec();
    }
    let mut from = usize::try_from(left).unwrap_or(0).min(text.len());
    if text.len() - from < width - 3 {
        from = text.len() - (width - 3);
    }
    if from <= 4 {
        return [&text[..width - 3], b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if from + width - 3 < text.len() {
        return [b"...", &abbreviate(&text[from..], 0, i64::try_from(width - 3).unwrap_or(4))[..]].concat();
    }
    [b"...", &text[text.len() - (width - 3)..]].concat()
}
