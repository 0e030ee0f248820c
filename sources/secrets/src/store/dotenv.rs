//! `NAME=value` lines; a line break in a value is written `\n`, and nothing else is escaped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::buffer::{Buffer, Plaintext};
use crate::flatten::unflatten;
use crate::format::Format;
use crate::metadata::Metadata;
use crate::tree::{Branch, Budget, Comment, Entry, Value};
use crate::{Limits, SopsError, number};

pub(super) fn load(bytes: &[u8], limits: &Limits) -> Result<Branch, SopsError> {
    let mut budget = Budget::new(limits);
    let mut branch = Branch::new();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let wrong = |why: &str| SopsError::Syntax {
            format: Format::Dotenv,
            why: why.to_owned(),
            line: u32::try_from(at + 1).ok(),
        };
        budget.node()?;
        if let Some(comment) = line.strip_prefix(b"#") {
            branch.push(Entry::Comment(Comment { text: Plaintext::new(comment.to_vec()), inline: false }));
        } else if !line.is_empty() {
            let equals = line.iter().position(|byte| *byte == b'=');
            let equals = equals.ok_or_else(|| wrong("a line that is not NAME=value"))?;
            let name = std::str::from_utf8(&line[..equals]).map_err(|_| wrong("a name that is not text"))?;
            let value = replace(&line[equals + 1..], b"\\n", b"\n");
            branch.push(Entry::Member(name.to_owned(), Value::Text(value)));
        }
    }
    Ok(branch)
}

/// Takes the metadata out: each of its fields is a line `sops_...`.
pub(crate) fn metadata(branches: &mut [Branch], limits: &Limits) -> Result<Metadata, SopsError> {
    let branch = branches.first_mut().ok_or(SopsError::NotEncrypted)?;
    let mut flat = Vec::new();
    branch.retain(|entry| match entry {
        Entry::Member(key, value) => match key.strip_prefix("sops_") {
            Some(field) => {
                flat.push((field.to_owned(), value.clone()));
                false
            }
            None => true,
        },
        Entry::Comment(_) => true,
    });
    if flat.is_empty() {
        return Err(SopsError::NotEncrypted);
    }
    Metadata::read(&unflatten(flat)?, limits)
}

pub(super) fn emit(branch: &[Entry]) -> Result<Plaintext, SopsError> {
    let mut out = Buffer::with_capacity(0);
    for entry in branch {
        match entry {
            Entry::Comment(comment) => {
                out.push(b"#");
                out.push(&comment.text);
            }
            Entry::Member(key, value) => {
                out.push(key.as_bytes());
                out.push(b"=");
                match value {
                    Value::Text(text) => out.push(&replace(text, b"\n", b"\\n")),
                    Value::Bool(value) => out.push(value.to_string().as_bytes()),
                    Value::Int(n) => out.push(n.to_string().as_bytes()),
                    Value::Float(f) => out.push(number::dotenv(*f).as_bytes()),
                    Value::Time(time) => out.push(time.as_bytes()),
                    Value::Bytes(bytes) => out.push(STANDARD.encode(&**bytes).as_bytes()),
                    Value::Null => out.push(b"<nil>"),
                    Value::List(_) | Value::Map(_) => {
                        return Err(SopsError::Unwritable(key.clone(), Format::Dotenv));
                    }
                }
            }
        }
        out.push(b"\n");
    }
    Ok(out.finish())
}

fn replace(bytes: &[u8], what: &[u8], with: &[u8]) -> Plaintext {
    let mut out = Buffer::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(what.len()).position(|window| window == what) {
        out.push(&rest[..at]);
        out.push(with);
        rest = &rest[at + what.len()..];
    }
    out.push(rest);
    out.finish()
}
