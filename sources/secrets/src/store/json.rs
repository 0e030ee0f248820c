//! JSON in source order, written as Go's `encoding/json` does, with tabs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use crate::buffer::{Buffer, Plaintext};
use crate::format::Format;
use crate::tree::{Branch, Budget, Entry, Item, Value};
use crate::{Limits, SopsError, number};

pub(super) fn load(bytes: &[u8], format: Format, limits: &Limits) -> Result<Branch, SopsError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let mut read = Read { budget: Budget::new(limits), exceeded: None };
    let value = read.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    if let Some(exceeded) = read.exceeded {
        return Err(exceeded);
    }
    let wrong = |why: &str, line| SopsError::Syntax { format, why: why.to_owned(), line };
    match value {
        Ok(Value::Map(branch)) => Ok(branch),
        Ok(_) => Err(wrong("not an object", None)),
        // The library's words may quote the document.
        Err(error) => Err(wrong("a syntax error", u32::try_from(error.line()).ok())),
    }
}

struct Read {
    budget: Budget,
    exceeded: Option<SopsError>,
}

impl Read {
    fn deserialize<'de, D: serde::Deserializer<'de>>(&mut self, from: D) -> Result<Value, D::Error> {
        DeserializeSeed::deserialize(self, from)
    }

    fn within<E: Error>(&mut self, check: Result<(), SopsError>) -> Result<(), E> {
        check.map_err(|error| {
            self.exceeded = Some(error);
            E::custom("limit")
        })
    }
}

impl<'de> DeserializeSeed<'de> for &mut Read {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        let check = self.budget.node();
        self.within(check)?;
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Read {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let check = self.budget.enter();
        self.within(check)?;
        let mut list = Vec::new();
        while let Some(value) = items.next_element_seed(&mut *self)? {
            list.push(Item::Value(value));
        }
        self.budget.leave();
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let check = self.budget.enter();
        self.within(check)?;
        let mut branch = Branch::new();
        while let Some(key) = members.next_key::<String>()? {
            branch.push(Entry::Member(key, members.next_value_seed(&mut *self)?));
        }
        self.budget.leave();
        Ok(Value::Map(branch))
    }
}

pub(super) fn emit(branch: &[Entry]) -> Result<Plaintext, SopsError> {
    let mut writer = Writer { out: Buffer::with_capacity(0), indent: 0 };
    writer.map(branch)?;
    writer.out.push(b"\n");
    Ok(writer.out.finish())
}

struct Writer {
    out: Buffer,
    indent: usize,
}

impl Writer {
    /// `name` is the nearest name above, for an error.
    fn value(&mut self, value: &Value, name: &str) -> Result<(), SopsError> {
        match value {
            Value::Null => self.out.push(b"null"),
            Value::Bool(value) => self.out.push(if *value { b"true" } else { b"false" }),
            Value::Int(n) => self.out.push(n.to_string().as_bytes()),
            Value::Float(f) => {
                let text = number::json(*f);
                let text = text.ok_or_else(|| SopsError::Unwritable(name.to_owned(), Format::Json))?;
                self.out.push(text.as_bytes());
            }
            Value::Time(time) => self.string(time.as_bytes()),
            Value::Text(text) => self.string(text),
            Value::Bytes(bytes) => self.string(STANDARD.encode(&**bytes).as_bytes()),
            Value::List(items) => self.list(items, name)?,
            Value::Map(branch) => self.map(branch)?,
        }
        Ok(())
    }

    fn map(&mut self, branch: &[Entry]) -> Result<(), SopsError> {
        self.out.push(b"{");
        let mut first = true;
        for entry in branch {
            let Entry::Member(key, value) = entry else { continue };
            self.next(&mut first);
            self.string(key.as_bytes());
            self.out.push(b": ");
            self.value(value, key)?;
        }
        self.end(first, b"}");
        Ok(())
    }

    fn list(&mut self, items: &[Item], name: &str) -> Result<(), SopsError> {
        self.out.push(b"[");
        let mut first = true;
        for item in items {
            let Item::Value(value) = item else { continue };
            self.next(&mut first);
            self.value(value, name)?;
        }
        self.end(first, b"]");
        Ok(())
    }

    fn next(&mut self, first: &mut bool) {
        match std::mem::take(first) {
            true => self.indent += 1,
            false => self.out.push(b","),
        }
        self.line();
    }

    fn end(&mut self, empty: bool, close: &[u8]) {
        if !empty {
            self.indent -= 1;
            self.line();
        }
        self.out.push(close);
    }

    fn line(&mut self) {
        self.out.push(b"\n");
        for _ in 0..self.indent {
            self.out.push(b"\t");
        }
    }

    /// What is not UTF-8 becomes U+FFFD, byte by byte.
    fn string(&mut self, bytes: &[u8]) {
        self.out.push(b"\"");
        let mut encoded = [0; 4];
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '"' => self.out.push(b"\\\""),
                    '\\' => self.out.push(b"\\\\"),
                    '\u{8}' => self.out.push(b"\\b"),
                    '\u{c}' => self.out.push(b"\\f"),
                    '\n' => self.out.push(b"\\n"),
                    '\r' => self.out.push(b"\\r"),
                    '\t' => self.out.push(b"\\t"),
                    '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                        self.out.push(format!("\\u{:04x}", u32::from(c)).as_bytes());
                    }
                    _ => self.out.push(c.encode_utf8(&mut encoded).as_bytes()),
                }
            }
            for _ in chunk.invalid() {
                self.out.push(b"\\ufffd");
            }
        }
        self.out.push(b"\"");
    }
}
