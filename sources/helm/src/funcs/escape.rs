//! `html`, `js` and `urlquery`.
use super::Type::Any;
use super::{Function, variadic};
use crate::fmt;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("html", &[Any], |args| Ok(Value::text(html(&all(args)?)))),
    variadic("js", &[Any], |args| Ok(Value::text(js(&String::from_utf8_lossy(&all(args)?))))),
    variadic("urlquery", &[Any], |args| Ok(Value::text(super::urls::query_escape(&all(args)?)))),
];

fn all(args: &[Value]) -> Result<Vec<u8>, String> {
    let shown: Vec<Value> =
        args.iter().map(|arg| if arg.is_nil() { Value::text("<no value>") } else { arg.clone() }).collect();
    fmt::sprint(&shown)
}

fn html(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            _ => out.push(*byte),
        }
    }
    out
}

fn js(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            '\'' => out.push_str(r"\'"),
            '"' => out.push_str("\\\""),
            '<' | '>' | '&' | '=' | '\0'..'\u{20}' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            ' '..='\u{7f}' => out.push(c),
            _ if fmt::is_print(c) => out.push(c),
            _ => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        }
    }
    out
}
