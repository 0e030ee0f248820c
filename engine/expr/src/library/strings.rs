//! Text. Positions count characters.

use crate::eval::meter::{Failure, Meter, Outcome, error, no_overload};
use crate::functions::{Function, global, member};
use crate::value::Value;

pub(crate) const FUNCTIONS: &[Function] = &[
    member("contains", &["string string -> bool"], |meter, args| test(meter, args, |a, b| a.contains(b))),
    member("startsWith", &["string string -> bool"], |meter, args| {
        test(meter, args, |a, b| a.starts_with(b))
    }),
    member("endsWith", &["string string -> bool"], |meter, args| test(meter, args, |a, b| a.ends_with(b))),
    member("charAt", &["string int -> string"], |meter, args| match args {
        [Value::String(text), Value::Int(at)] => {
            let chars = chars(meter, text)?;
            match usize::try_from(*at) {
                Ok(at) if at < chars.len() => Ok(Value::string(chars[at].encode_utf8(&mut [0; 4]))),
                Ok(at) if at == chars.len() => Ok(Value::string("")),
                _ => error(format!("index out of range: {at}")),
            }
        }
        _ => no_overload(),
    }),
    member("lowerAscii", &["string -> string"], |meter, args| changed(meter, args, str::to_ascii_lowercase)),
    member("upperAscii", &["string -> string"], |meter, args| changed(meter, args, str::to_ascii_uppercase)),
    // Exactly the characters that Unicode calls white space.
    member("trim", &["string -> string"], |meter, args| changed(meter, args, |text| text.trim().to_owned())),
    member("reverse", &["+string -> string", "list<A> -> list<A>"], |meter, args| match args {
        [Value::List(list)] => {
            meter.elements(list.items.len())?;
            Ok(Value::list(list.items.iter().rev().cloned().collect()))
        }
        args => changed(meter, args, |text| text.chars().rev().collect()),
    }),
    member("substring", &["string int -> string", "string int int -> string"], substring),
    member("replace", &["string string string -> string", "string string string int -> string"], replace),
    member("split", &["string string -> list<string>", "string string int -> list<string>"], split),
    member("join", &["list<string> -> string", "list<string> string -> string"], join),
    global("strings.quote", &["string -> string"], |meter, args| changed(meter, args, quoted)),
];

fn test(meter: &mut Meter, args: &[Value], of: fn(&str, &str) -> bool) -> Outcome {
    match args {
        [Value::String(text), Value::String(part)] => {
            meter.text(text.len() + part.len())?;
            Ok(Value::Bool(of(text, part)))
        }
        _ => no_overload(),
    }
}

fn changed(meter: &mut Meter, args: &[Value], of: fn(&str) -> String) -> Outcome {
    match args {
        [Value::String(text)] => {
            meter.text(text.len() * 2)?;
            Ok(Value::string(&of(text)))
        }
        _ => no_overload(),
    }
}

pub(crate) fn chars(meter: &mut Meter, text: &str) -> Result<Vec<char>, Failure> {
    meter.text(text.len() * 4)?;
    Ok(text.chars().collect())
}

fn substring(meter: &mut Meter, args: &[Value]) -> Outcome {
    let (text, start, end) = match args {
        [Value::String(text), Value::Int(start)] => (text, *start, None),
        [Value::String(text), Value::Int(start), Value::Int(end)] => (text, *start, Some(*end)),
        _ => return no_overload(),
    };
    let chars = chars(meter, text)?;
    let length = chars.len() as i64;
    let last = end.unwrap_or(length);
    if start < 0 || start > length {
        return error(format!("index out of range: {start}"));
    }
    if last < 0 || last > length {
        return error(format!("index out of range: {last}"));
    }
    if start > last {
        return error(format!("invalid substring range. start: {start}, end: {last}"));
    }
    Ok(Value::String(chars[start as usize..last as usize].iter().collect::<String>().into()))
}

fn replace(meter: &mut Meter, args: &[Value]) -> Outcome {
    let (text, from, to, count) = match args {
        [Value::String(text), Value::String(from), Value::String(to)] => (text, from, to, -1),
        [Value::String(text), Value::String(from), Value::String(to), Value::Int(count)] => {
            (text, from, to, *count)
        }
        _ => return no_overload(),
    };
    meter.text(text.len() + from.len())?;
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    // How long the result is decides what it costs, before it is made.
    let hits = match from.is_empty() {
        true => text.chars().count() + 1,
        false => text.matches(from.as_ref()).count(),
    };
    meter.text(text.len().saturating_add(hits.min(most).saturating_mul(to.len())))?;
    Ok(Value::String(text.replacen(from.as_ref(), to, most).into()))
}

fn split(meter: &mut Meter, args: &[Value]) -> Outcome {
    let (text, by, count) = match args {
        [Value::String(text), Value::String(by)] => (text, by, -1),
        [Value::String(text), Value::String(by), Value::Int(count)] => (text, by, *count),
        _ => return no_overload(),
    };
    meter.text(text.len() + by.len())?;
    let most = match count {
        0 => return Ok(Value::list(Vec::new())),
        count => usize::try_from(count).unwrap_or(usize::MAX),
    };
    let parts: Vec<String> = match by.is_empty() {
        true => {
            let mut chars = text.chars();
            let mut parts: Vec<String> = chars.by_ref().take(most - 1).map(String::from).collect();
            let rest = chars.as_str();
            parts.extend((!rest.is_empty()).then(|| rest.to_owned()));
            parts
        }
        false => {
            let hits = text.matches(by.as_ref()).count();
            meter.elements(hits)?;
            text.splitn(most, by.as_ref()).map(str::to_owned).collect()
        }
    };
    meter.elements(parts.len())?;
    Ok(Value::list(parts.iter().map(|part| Value::string(part)).collect()))
}

fn join(meter: &mut Meter, args: &[Value]) -> Outcome {
    let (list, by) = match args {
        [Value::List(list)] => (list, ""),
        [Value::List(list), Value::String(by)] => (list, by.as_ref()),
        _ => return no_overload(),
    };
    meter.elements(list.items.len())?;
    let mut out = String::new();
    for (at, item) in list.items.iter().enumerate() {
        let Value::String(text) = item else { return no_overload() };
        meter.text(text.len() + by.len())?;
        if at > 0 {
            out.push_str(by);
        }
        out.push_str(text);
    }
    Ok(Value::String(out.into()))
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// Where a part begins at or behind a place, for `indexOf`; both count characters.
pub(crate) fn index_of(meter: &mut Meter, text: &str, part: &str, from: i64) -> Outcome {
    let chars = chars(meter, text)?;
    meter.text(part.len())?;
    let length = chars.len() as i64;
    if from < 0 {
        return error(format!("index out of range: {from}"));
    }
    if part.is_empty() {
        return Ok(Value::Int(from));
    }
    if from >= length {
        return Ok(Value::Int(-1));
    }
    let start: usize = chars[..from as usize].iter().map(|c| c.len_utf8()).sum();
    Ok(Value::Int(match text[start..].find(part) {
        Some(at) => text[..start + at].chars().count() as i64,
        None => -1,
    }))
}

/// Where a part begins at or before a place, for `lastIndexOf`.
pub(crate) fn last_index_of(meter: &mut Meter, text: &str, part: &str, from: Option<i64>) -> Outcome {
    let chars = chars(meter, text)?;
    meter.text(part.len())?;
    let length = chars.len() as i64;
    if from.is_some_and(|from| from < 0) {
        return error(format!("index out of range: {}", from.unwrap_or_default()));
    }
    if part.is_empty() {
        return Ok(Value::Int(from.unwrap_or(length)));
    }
    let from = from.unwrap_or((length - 1).max(0));
    if from >= length {
        return Ok(Value::Int(-1));
    }
    let until: usize = chars[..from as usize].iter().map(|c| c.len_utf8()).sum();
    let mut end = (until + part.len()).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Ok(Value::Int(match text[..end].rfind(part) {
        Some(at) => text[..at].chars().count() as i64,
        None => -1,
    }))
}
