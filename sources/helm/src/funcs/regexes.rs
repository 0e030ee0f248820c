//! Regular expressions. A pattern that is wrong is an error, but to `regexMatch`, to which it is no match.
use super::Type::{Int, Text};
use super::{Function, args, pure};
use crate::text;
use crate::value::{List, ListType, Value};
use mainstay_package::re2;
use regex::bytes::{Captures, Match, Regex};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("regexMatch", &[Text, Text], |args| {
        Ok(Value::Bool(pattern(args).is_ok_and(|regex| regex.is_match(args::bytes(args, 1)))))
    }),
    pure("mustRegexMatch", &[Text, Text], |args| {
        Ok(Value::Bool(pattern(args)?.is_match(args::bytes(args, 1))))
    }),
    pure("regexFind", &[Text, Text], find),
    pure("mustRegexFind", &[Text, Text], find),
    pure("regexFindAll", &[Text, Text, Int], find_all),
    pure("mustRegexFindAll", &[Text, Text, Int], find_all),
    pure("regexReplaceAll", &[Text, Text, Text], replace),
    pure("mustRegexReplaceAll", &[Text, Text, Text], replace),
    pure("regexReplaceAllLiteral", &[Text, Text, Text], replace_literal),
    pure("mustRegexReplaceAllLiteral", &[Text, Text, Text], replace_literal),
    pure("regexSplit", &[Text, Text, Int], split),
    pure("mustRegexSplit", &[Text, Text, Int], split),
    pure("regexQuoteMeta", &[Text], |args| {
        let mut out = Vec::new();
        for byte in args::bytes(args, 0) {
            if br"\.+*?()|[]{}^$".contains(byte) {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        Ok(Value::text(out))
    }),
];

fn pattern(args: &[Value]) -> Result<Regex, String> {
    match std::str::from_utf8(args::bytes(args, 0)) {
        Ok(pattern) => re2::compile(pattern),
        Err(_) => Err(format!("error parsing regexp: invalid UTF-8: `{}`", args::text(args, 0))),
    }
}

/// Whether a place is one between characters; every byte that is part of none stands for itself.
fn is_between(text: &[u8], at: usize) -> bool {
    let inside = |back: usize| {
        let rest = &text[at - back..];
        let first = rest.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
        first.is_some_and(|first| first.len_utf8() > back)
    };
    at == text.len() || !(1..=at.min(3)).any(inside)
}

fn matches<'t>(regex: &Regex, text: &'t [u8]) -> impl Iterator<Item = Match<'t>> {
    regex.find_iter(text).filter(|found| is_match(text, found))
}

/// Go's expressions match between characters, and never within one.
fn is_match(text: &[u8], found: &Match<'_>) -> bool {
    !found.is_empty() || is_between(text, found.start())
}

fn find(args: &[Value]) -> Result<Value, String> {
    let found = pattern(args)?;
    let found = found.find(args::bytes(args, 1)).map_or(&b""[..], |found| found.as_bytes());
    Ok(Value::text(found))
}

fn find_all(args: &[Value]) -> Result<Value, String> {
    let most = usize::try_from(args::int(args, 2)).unwrap_or(usize::MAX);
    let regex = pattern(args)?;
    let found: Vec<text::Text> =
        matches(&regex, args::bytes(args, 1)).take(most).map(|found| found.as_bytes().into()).collect();
    Ok(if found.is_empty() { Value::List(List::nil(ListType::Text)) } else { Value::texts(found) })
}

fn replace(args: &[Value]) -> Result<Value, String> {
    let by = args::bytes(args, 2);
    replaced(args, |found, out| found.expand(by, out))
}

fn replace_literal(args: &[Value]) -> Result<Value, String> {
    let by = args::bytes(args, 2);
    replaced(args, |_, out| out.extend_from_slice(by))
}

fn replaced(args: &[Value], put: impl Fn(&Captures<'_>, &mut Vec<u8>)) -> Result<Value, String> {
    let (regex, text) = (pattern(args)?, args::bytes(args, 1));
    let (mut out, mut kept) = (Vec::new(), 0);
    for found in regex.captures_iter(text) {
        let Some(whole) = found.get(0).filter(|whole| is_match(text, whole)) else { continue };
        out.extend_from_slice(&text[kept..whole.start()]);
        put(&found, &mut out);
        kept = whole.end();
        args::check_bytes(out.len())?;
    }
    out.extend_from_slice(&text[kept..]);
    args::check_bytes(out.len())?;
    Ok(Value::text(out))
}

/// Go's Regexp.Split, which ignores an empty match at the start.
fn split(args: &[Value]) -> Result<Value, String> {
    let (text, count) = (args::bytes(args, 1), args::int(args, 2));
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let regex = pattern(args)?;
    if most == 0 {
        return Ok(Value::List(List::nil(ListType::Text)));
    }
    if !args::bytes(args, 0).is_empty() && text.is_empty() {
        return Ok(Value::texts([""]));
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for found in matches(&regex, text) {
        if most != usize::MAX && parts.len() + 1 == most {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(&text[begin..end]);
        }
        begin = found.end();
    }
    if end != text.len() {
        parts.push(&text[begin..]);
    }
    Ok(Value::texts(parts))
}
