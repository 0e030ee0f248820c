//! JSON as encoding/json writes it, and what it says of JSON that is wrong.
use crate::fmt::json_float;
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
        Value::Text(text) => string(out, &text.lossy(), html),
        Value::Bytes(bytes) => string(out, &STANDARD.encode(bytes.as_bytes()), html),
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
                block.key(&key.lossy(), html);
                write(block.out, &item, html, block.indent, depth + 1)?;
            }
            block.end('}');
        }
        Value::Object(Object::Struct(object)) => {
            let mut block = Block::begin(out, '{', indent);
            for field in &object.fields {
                let Some(name) = field.json else { continue };
                if !field.omit_empty || field.value.is_true() {
                    block.key(name, html);
                    write(block.out, &field.value, html, block.indent, depth + 1)?;
                }
            }
            block.end('}');
        }
        Value::Object(Object::Files(files)) => {
            let mut block = Block::begin(out, '{', indent);
            for (name, bytes) in &files.0 {
                block.key(&name.lossy(), html);
                string(block.out, &STANDARD.encode(bytes.as_bytes()), html);
            }
            block.end('}');
        }
        Value::Object(Object::Version(version)) => string(out, &version.to_string(), html),
        Value::Object(Object::Time(time)) => string(out, &time.rfc3339(), html),
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

    fn key(&mut self, key: &str, html: bool) {
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

fn string(out: &mut String, text: &str, html: bool) {
    out.push('"');
    for c in text.chars() {
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
    out.push('"');
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
