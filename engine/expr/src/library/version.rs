//! Semantic versions.

use crate::eval::meter::{Outcome, error, no_overload};
use crate::functions::{Function, global, member};
use crate::value::Value;
use semver::Version;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = &[
    global("semver", &["string -> Semver", "string bool -> Semver"], |meter, args| {
        let (text, normalize) = given(args).map_or_else(no_overload, Ok)?;
        meter.text(text.len())?;
        match parse(text, normalize) {
            Some(version) => Ok(Value::Semver(Arc::new(version))),
            None => error(why_not(text)),
        }
    }),
    global("isSemver", &["string -> bool", "string bool -> bool"], |meter, args| {
        let (text, normalize) = given(args).map_or_else(no_overload, Ok)?;
        meter.text(text.len())?;
        Ok(Value::Bool(parse(text, normalize).is_some()))
    }),
    member("major", &["Semver -> int"], |_, args| part(args, |version| version.major)),
    member("minor", &["Semver -> int"], |_, args| part(args, |version| version.minor)),
    member("patch", &["Semver -> int"], |_, args| part(args, |version| version.patch)),
];

fn given(args: &[Value]) -> Option<(&str, bool)> {
    match args {
        [Value::String(text)] => Some((text, false)),
        [Value::String(text), Value::Bool(normalize)] => Some((text, *normalize)),
        _ => None,
    }
}

/// In the words of the library that Kubernetes uses, as far as they tell more than that it is none.
fn why_not(text: &str) -> String {
    if text.is_empty() {
        return "Version string empty".into();
    }
    let core = text.split(['-', '+']).next().unwrap_or(text);
    let parts: Vec<&str> = core.splitn(3, '.').collect();
    if parts.len() < 3 {
        return "No Major.Minor.Patch elements found".into();
    }
    for (name, part) in ["Major", "Minor", "Patch"].iter().zip(&parts) {
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            let name = name.to_ascii_lowercase();
            return format!("Invalid character(s) found in {name} number {part:?}");
        }
        if part.len() > 1 && part.starts_with('0') {
            return format!("{name} number must not contain leading zeroes {part:?}");
        }
    }
    format!("Invalid semantic version {text:?}")
}

fn part(args: &[Value], of: fn(&Version) -> u64) -> Outcome {
    match args {
        [Value::Semver(version)] => match i64::try_from(of(version)) {
            Ok(part) => Ok(Value::Int(part)),
            Err(_) => error("integer overflow"),
        },
        _ => no_overload(),
    }
}

fn parse(text: &str, normalize: bool) -> Option<Version> {
    if !normalize {
        return Version::parse(text).ok();
    }
    // `v1.02` is 1.2.0.
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut parts: Vec<String> = text.splitn(3, '.').map(without_zeros).collect();
    if parts.len() < 3 && parts.last().is_some_and(|part| part.contains(['+', '-'])) {
        return None;
    }
    parts.resize(3, "0".to_owned());
    Version::parse(&parts.join(".")).ok()
}

fn without_zeros(part: &str) -> String {
    if part.len() < 2 {
        return part.to_owned();
    }
    let rest = part.trim_start_matches('0');
    match rest.starts_with(|c: char| c.is_ascii_digit()) {
        true => rest.to_owned(),
        false => format!("0{rest}"),
    }
}
