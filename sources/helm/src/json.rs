//! JSON as encoding/json writes it, and what it says of JSON that is wrong.
use crate::fmt::{format_float, json_float};
use crate::value::{List, MOST_DEPTH, Map, Object, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// `json.Marshal`; with `html`, `<`, `>` and `&` are escaped.
pub(crate) fn marshal(value: &Value, html: bool) -> Result<String, String> {
    let mut out = String::new();
    write(&mut out, value, html, None, 0)?;
    Ok(out)
}

/// `json.MarshalIndent` by two blanks.
pub(crate) fn pretty(value: &Value) -> Result<String, String> {
    let mut out = String::new();
    write(&mut out, value, true, Some(0), 0)?;
    Ok(out)
}

fn write(
    out: &mut String,
    value: &Value,
    html: bool,
    indent: Option<usize>,
    depth: usize,
) -> Result<(), String> {
    if depth > MOST_DEPTH {
        return Err(format!("a value is nested more than {MOST_DEPTH} deep"));
    }
    match value {
        Value::None | Value::Nil => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) | Value::Int64(value) => out.push_str(&value.to_string()),
        Value::Uint8(value) => out.push_str(&value.to_string()),
        Value::Uint64(value) => out.push_str(&value.to_string()),
        Value::Float(value) if value.is_finite() => out.push_str(&json_float(*value)),
        Value::Float(value) => return Err(format!("json: unsupported value: {value}")),
        Value::Text(text) => string(out, text.as_bytes(), html),
        Value::Bytes(bytes) => string(out, STANDARD.encode(bytes.as_bytes()).as_bytes(), html),
        Value::List(List { nil: true, .. }) | Value::Map(Map { nil: true, .. }) => out.push_str("null"),
        Value::List(list) => {
            let mut block = Block::begin(out, '[', indent);
            for item in list.items() {
                block.next();
                write(block.out, item, html, block.indent, depth + 1)?;
            }
            block.end(']');
        }
        Value::Map(map) => {
            let mut block = Block::begin(out, '{', indent);
            for (key, item) in map.snapshot() {
                block.key(key.as_bytes(), html);
                write(block.out, &item, html, block.indent, depth + 1)?;
            }
            block.end('}');
        }
        Value::Object(Object::Struct(object)) => {
            let mut block = Block::begin(out, '{', indent);
            for field in &object.fields {
                let Some(name) = field.json else { continue };
                if !field.omit_empty || field.value().is_true() {
                    block.key(name.as_bytes(), html);
                    write(block.out, field.value(), html, block.indent, depth + 1)?;
                }
            }
            block.end('}');
        }
        Value::Object(Object::Files(files)) => {
            let mut block = Block::begin(out, '{', indent);
            for (name, bytes) in &files.0 {
                block.key(name.as_bytes(), html);
                string(block.out, STANDARD.encode(bytes.as_bytes()).as_bytes(), html);
            }
            block.end('}');
        }
        Value::Object(Object::Version(version)) => string(out, version.to_string().as_bytes(), html),
        Value::Object(Object::Time(time)) => string(out, time.rfc3339().as_bytes(), html),
    }
    Ok(())
}

/// The members of a list or an object.
struct Block<'a> {
    out: &'a mut String,
    indent: Option<usize>,
    empty: bool,
}

impl<'a> Block<'a> {
    fn begin(out: &'a mut String, bracket: char, indent: Option<usize>) -> Self {
        out.push(bracket);
        Self { out, indent: indent.map(|indent| indent + 2), empty: true }
    }

    fn next(&mut self) {
        if !std::mem::take(&mut self.empty) {
            self.out.push(',');
        }
        self.line(self.indent);
    }

    fn line(&mut self, indent: Option<usize>) {
        if let Some(indent) = indent {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', indent));
        }
    }

    fn key(&mut self, key: &[u8], html: bool) {
        self.next();
        string(self.out, key, html);
        self.out.push_str(if self.indent.is_some() { ": " } else { ":" });
    }

    fn end(mut self, bracket: char) {
        if !self.empty {
            let indent = self.indent.map(|indent| indent - 2);
            self.line(indent);
            self.empty = true;
        }
        self.out.push(bracket);
    }
}

fn string(out: &mut String, text: &[u8], html: bool) {
    out.push('"');
    for chunk in text.utf8_chunks() {
        chunk.valid().chars().for_each(|c| character(out, c, html));
        // What is no UTF-8 is replaced byte by byte.
        out.extend(std::iter::repeat_n("\\ufffd", chunk.invalid().len()));
    }
    out.push('"');
}

fn character(out: &mut String, c: char, html: bool) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '<' | '>' | '&' if html => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        _ => out.push(c),
    }
}

/// A scalar where a string is wanted: the YAML library writes numbers and booleans out.
pub(crate) fn as_text(json: &serde_json::Value) -> Option<String> {
    match json {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Bool(value) => Some(value.to_string()),
        serde_json::Value::Number(number) => Some(match number.as_f64() {
            Some(value) if number.is_f64() => format_float(value, 'g', None),
            Some(_) | None => number.to_string(),
        }),
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    }
}

/// What `json.Unmarshal` says of JSON of another type.
pub(crate) fn mismatch(found: &serde_json::Value, wanted: &str) -> String {
    let found = match found {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "bool",
        serde_json::Value::Number(_) => "number",
        serde_json::Value::String(_) => "string",
        serde_json::Value::Array(_) => "array",
        serde_json::Value::Object(_) => "object",
    };
    format!("json: cannot unmarshal {found} into Go value of type {wanted}")
}

/// What `json.Unmarshal` says of the commonest mistakes, and what our reader says of others.
pub(crate) fn syntax(error: &serde_json::Error, bytes: &[u8]) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".into();
    }
    let first = bytes.trim_ascii_start().first().copied().map(char::from);
    match first {
        Some(c) if error.line() == 1 && error.column() <= 1 => {
            format!("invalid character '{c}' looking for beginning of value")
        }
        Some(_) | None => error.to_string(),
    }
}
