//! Regular expressions. A pattern that is wrong is an error, but to `regexMatch`, to which it is no match.
use super::Type::{Int, Text};
use super::{Function, args, pure};
use crate::re2;
use crate::text;
use crate::value::{List, ListType, Value};
use regex::bytes::Regex;

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
    re2::compile(&args::text(args, 0))
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
        regex.find_iter(args::bytes(args, 1)).take(most).map(|found| found.as_bytes().into()).collect();
    Ok(if found.is_empty() { Value::List(List::nil(ListType::Text)) } else { Value::texts(found) })
}

fn replace(args: &[Value]) -> Result<Value, String> {
    let out = pattern(args)?.replace_all(args::bytes(args, 1), args::bytes(args, 2)).into_owned();
    args::check_bytes(out.len())?;
    Ok(Value::text(out))
}

fn replace_literal(args: &[Value]) -> Result<Value, String> {
    let by = regex::bytes::NoExpand(args::bytes(args, 2));
    let out = pattern(args)?.replace_all(args::bytes(args, 1), by).into_owned();
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
    for found in regex.find_iter(text) {
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
