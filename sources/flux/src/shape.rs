//! The shape of an API as a table, and what is wrong with a value beside it.
use mainstay_diagnostic::{Code, codes, dotted, nearest};
use mainstay_unit::parse_duration;
use serde_json::{Map, Value};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Any,
    Text,
    OneOf(&'static [&'static str]),
    /// A text that starts with one of these.
    Url(&'static [&'static str]),
    Flag,
    Integer,
    Duration,
    /// String to string.
    Texts,
    List(&'static Shape),
    Fields(&'static [Field]),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub name: &'static str,
    pub shape: Shape,
    pub required: bool,
    pub support: Support,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Support {
    Read,
    /// Valid in Flux, but not acted on: what to do instead.
    NotYet(&'static str),
    /// Valid in Flux, and without meaning here: what happens instead.
    NoEffect(&'static str),
    /// Gone since the first stable version.
    Older,
}

pub(crate) const fn must(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: true, support: Support::Read }
}

pub(crate) const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false, support: Support::Read }
}

pub(crate) const fn older(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false, support: Support::Older }
}

pub(crate) const fn not_yet(name: &'static str, hint: &'static str) -> Field {
    Field { name, shape: Shape::Any, required: false, support: Support::NotYet(hint) }
}

/// Its shape counts, its value does not.
pub(crate) const fn idle(name: &'static str, shape: Shape, instead: &'static str) -> Field {
    Field { name, shape, required: false, support: Support::NoEffect(instead) }
}

/// One thing that is wrong, at a JSON pointer.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub code: &'static Code,
    pub pointer: String,
    pub message: String,
    pub hint: Option<String>,
}

impl Problem {
    pub(crate) fn is_error(&self) -> bool {
        self.code.severity == mainstay_diagnostic::Severity::Error
    }

    pub(crate) fn new(code: &'static Code, pointer: &str, message: impl Into<String>) -> Self {
        Self { code, pointer: pointer.to_owned(), message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// `allow_older`: the version still has the fields that were dropped later.
pub(crate) fn check(shape: Shape, value: &Value, pointer: &str, allow_older: bool, out: &mut Vec<Problem>) {
    match (shape, value) {
        // An explicit null is an absent field, as API machinery reads it.
        (Shape::Any, _)
        | (_, Value::Null)
        | (Shape::Text, Value::String(_))
        | (Shape::Flag, Value::Bool(_)) => {}
        (Shape::Integer, Value::Number(n)) if n.is_i64() || n.is_u64() => {}
        (Shape::OneOf(values), Value::String(text)) => {
            if !values.contains(&text.as_str()) {
                let problem = wrong(pointer, format!("{text:?} is none of {}", values.join(", ")));
                out.push(match nearest(text, values.iter().copied()) {
                    Some(near) => problem.hint(format!("did you mean {near}?")),
                    None => problem,
                });
            }
        }
        (Shape::Url(schemes), Value::String(text)) => {
            if !schemes.iter().any(|scheme| text.starts_with(scheme)) {
                out.push(wrong(pointer, format!("the URL must start with {}", schemes.join(" or "))));
            }
        }
        (Shape::Duration, Value::String(text)) => {
            if parse_duration(text).is_none() {
                out.push(
                    wrong(pointer, format!("{text:?} is not a duration"))
                        .hint("write a number and a unit: 30s, 5m, 1h30m"),
                );
            }
        }
        (Shape::Texts, Value::Object(map)) => {
            for (key, value) in map {
                if !value.is_string() && !value.is_null() {
                    let at = child(pointer, key);
                    out.push(mismatch(&at, "a string", value).hint("quote the value"));
                }
            }
        }
        (Shape::List(item), Value::Array(items)) => {
            for (i, value) in items.iter().enumerate() {
                check(*item, value, &format!("{pointer}/{i}"), allow_older, out);
            }
        }
        (Shape::Fields(fields), Value::Object(map)) => check_fields(fields, map, pointer, allow_older, out),
        (shape, value) => out.push(mismatch(pointer, expected(shape), value)),
    }
}

fn check_fields(
    fields: &'static [Field],
    map: &Map<String, Value>,
    pointer: &str,
    allow_older: bool,
    out: &mut Vec<Problem>,
) {
    for field in fields.iter().filter(|field| field.required) {
        if map.get(field.name).is_none_or(Value::is_null) {
            let path = dotted(&child(pointer, field.name));
            out.push(Problem::new(
                &codes::flux::MISSING_FIELD,
                pointer,
                format!("required field {path} is missing"),
            ));
        }
    }
    for (key, value) in map {
        let at = child(pointer, key);
        match fields.iter().find(|field| field.name == key) {
            Some(Field { support: Support::Older, .. }) if !allow_older => out.push(
                Problem::new(&codes::flux::UNKNOWN_FIELD, &at, format!("unknown field {}", dotted(&at)))
                    .hint("the field was removed from the API before this version"),
            ),
            Some(Field { support: Support::NotYet(hint), .. }) if !value.is_null() => out.push(
                Problem::new(
                    &codes::flux::UNSUPPORTED_FIELD,
                    &at,
                    format!("field {} is not supported yet", dotted(&at)),
                )
                .hint(*hint),
            ),
            Some(Field { shape, support: Support::NoEffect(instead), .. }) => {
                check(*shape, value, &at, allow_older, out);
                if !value.is_null() {
                    let message = format!("field {} has no effect", dotted(&at));
                    out.push(Problem::new(&codes::flux::NO_EFFECT, &at, message).hint(*instead));
                }
            }
            Some(field) => check(field.shape, value, &at, allow_older, out),
            None => {
                let problem =
                    Problem::new(&codes::flux::UNKNOWN_FIELD, &at, format!("unknown field {}", dotted(&at)));
                out.push(match nearest(key, fields.iter().map(|field| field.name)) {
                    Some(near) => problem.hint(format!("did you mean {near}?")),
                    None => problem,
                });
            }
        }
    }
}

pub(crate) fn wrong(pointer: &str, what: impl std::fmt::Display) -> Problem {
    Problem::new(&codes::flux::VALUE, pointer, format!("{}: {what}", dotted(pointer)))
}

fn mismatch(pointer: &str, expected: &str, value: &Value) -> Problem {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    };
    wrong(pointer, format!("expected {expected}, found {found}"))
}

fn expected(shape: Shape) -> &'static str {
    match shape {
        Shape::Any => "anything",
        Shape::Text | Shape::OneOf(_) | Shape::Url(_) => "a string",
        Shape::Flag => "true or false",
        Shape::Integer => "an integer",
        Shape::Duration => "a duration such as 5m",
        Shape::Texts => "a map of strings",
        Shape::List(_) => "a list",
        Shape::Fields(_) => "a map",
    }
}

pub(crate) fn child(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}
