//! Kubernetes' named formats.

use super::url::is_url;
use crate::eval::meter::{Outcome, no_overload};
use crate::functions::{Function, global, member};
use crate::time::Timestamp;
use crate::value::Value;
use base64::Engine as _;
use std::sync::Arc;

/// A format that texts are held against, and what is wrong where they don't have it.
#[derive(Debug)]
pub struct Named {
    pub name: &'static str,
    check: fn(&str) -> Vec<String>,
}

static NAMED: [Named; 13] = [
    Named { name: "dns1123Label", check: |text| label(text, false) },
    Named { name: "dns1123Subdomain", check: |text| subdomain(text, false) },
    Named { name: "dns1035Label", check: |text| label_1035(text, false) },
    Named { name: "qualifiedName", check: qualified },
    Named { name: "dns1123LabelPrefix", check: |text| label(text, true) },
    Named { name: "dns1123SubdomainPrefix", check: |text| subdomain(text, true) },
    Named { name: "dns1035LabelPrefix", check: |text| label_1035(text, true) },
    Named { name: "labelValue", check: label_value },
    Named {
        name: "uri",
        check: |text| told(is_url(text), &format!("parse {text:?}: invalid URI for request")),
    },
    Named { name: "uuid", check: |text| told(is_uuid(text), "does not match the UUID format") },
    Named { name: "byte", check: |text| told(is_base64(text), "invalid base64") },
    Named { name: "date", check: |text| told(is_date(text), "invalid date") },
    Named { name: "datetime", check: |text| told(Timestamp::parse(text).is_some(), "invalid datetime") },
];

pub(crate) const FUNCTIONS: &[Function] = &[
    global("format.named", &["string -> optional<Format>"], |_, args| match args {
        [Value::String(name)] => {
            let found = NAMED.iter().find(|named| named.name == name.as_ref());
            Ok(Value::Optional(found.map(|named| Arc::new(Value::Format(named)))))
        }
        _ => no_overload(),
    }),
    member("validate", &["Format string -> optional<list<string>>"], |meter, args| match args {
        [Value::Format(named), Value::String(text)] => {
            meter.text(text.len() * 4)?;
            let wrong = (named.check)(text);
            let texts =
                |wrong: Vec<String>| Value::list(wrong.iter().map(|text| Value::string(text)).collect());
            Ok(Value::Optional((!wrong.is_empty()).then(|| Arc::new(texts(wrong)))))
        }
        _ => no_overload(),
    }),
    global("format.dns1123Label", CONSTANT, |_, _| constant(0)),
    global("format.dns1123Subdomain", CONSTANT, |_, _| constant(1)),
    global("format.dns1035Label", CONSTANT, |_, _| constant(2)),
    global("format.qualifiedName", CONSTANT, |_, _| constant(3)),
    global("format.dns1123LabelPrefix", CONSTANT, |_, _| constant(4)),
    global("format.dns1123SubdomainPrefix", CONSTANT, |_, _| constant(5)),
    global("format.dns1035LabelPrefix", CONSTANT, |_, _| constant(6)),
    global("format.labelValue", CONSTANT, |_, _| constant(7)),
    global("format.uri", CONSTANT, |_, _| constant(8)),
    global("format.uuid", CONSTANT, |_, _| constant(9)),
    global("format.byte", CONSTANT, |_, _| constant(10)),
    global("format.date", CONSTANT, |_, _| constant(11)),
    global("format.datetime", CONSTANT, |_, _| constant(12)),
];

const CONSTANT: &[&str] = &["-> Format"];

fn constant(at: usize) -> Outcome {
    NAMED.get(at).map_or_else(no_overload, |named| Ok(Value::Format(named)))
}

fn told(fits: bool, wrong: &str) -> Vec<String> {
    if fits { Vec::new() } else { vec![wrong.to_owned()] }
}

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const SLASHES: &str = "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

fn too_long(text: &str, most: usize) -> Vec<String> {
    if text.len() > most { vec![format!("must be no more than {most} bytes")] } else { Vec::new() }
}

/// A prefix may end in the hyphen behind which a generated name goes on. As in the API machinery an `a` takes the place
/// of the hyphen and of what is before it.
fn without_hyphen(text: &str, prefix: bool) -> String {
    match text.len().checked_sub(2).and_then(|length| text.get(..length)) {
        Some(rest) if prefix && text.ends_with('-') => format!("{rest}a"),
        _ => text.to_owned(),
    }
}

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    matches!((bytes.first(), bytes.last()), (Some(a), Some(b)) if inner(*a) && inner(*b))
        && bytes.iter().all(|b| inner(*b) || *b == b'-')
}

fn label(text: &str, prefix: bool) -> Vec<String> {
    let text = without_hyphen(text, prefix);
    let mut wrong = too_long(&text, 63);
    if !is_label(&text) {
        // A label with dots is nearly always meant to be a subdomain.
        wrong.push(if subdomain(&text, false).is_empty() {
            "must not contain dots".into()
        } else {
            LABEL.into()
        });
    }
    wrong
}

fn subdomain(text: &str, prefix: bool) -> Vec<String> {
    let text = without_hyphen(text, prefix);
    let mut wrong = too_long(&text, 253);
    if !text.split('.').all(is_label) {
        wrong.push(SUBDOMAIN.into());
    }
    wrong
}

fn label_1035(text: &str, prefix: bool) -> Vec<String> {
    let text = without_hyphen(text, prefix);
    let mut wrong = too_long(&text, 63);
    if !is_label(&text) || !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        wrong.push(LABEL_1035.into());
    }
    wrong
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn qualified(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts[..] {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                wrong.push("prefix part must be non-empty".to_owned());
            } else {
                wrong.extend(subdomain(prefix, false).into_iter().map(|why| format!("prefix part {why}")));
            }
            name
        }
        _ => return vec![SLASHES.to_owned()],
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        wrong.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_name(name) {
        wrong.push(QUALIFIED.to_owned());
    }
    wrong
}

fn label_value(text: &str) -> Vec<String> {
    let mut wrong = too_long(text, 63);
    if !text.is_empty() && !is_name(text) {
        wrong.push(VALUE.to_owned());
    }
    wrong
}

fn is_uuid(text: &str) -> bool {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let places = text
        .char_indices()
        .filter(|(_, c)| *c == '-')
        .all(|(at, _)| matches!(at, 8 | 12 | 13 | 16 | 17 | 18 | 20 | 23));
    digits.len() == 32 && places && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_base64(text: &str) -> bool {
    !text.is_empty() && base64::engine::general_purpose::STANDARD.decode(text).is_ok()
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && Timestamp::parse(&format!("{text}T00:00:00Z")).is_some()
}
