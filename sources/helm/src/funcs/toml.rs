//! TOML, both ways: read by [`crate::toml`], written as the library does that Helm uses: values first, then tables, each level indented by two blanks.
use super::Type::{Any, Text};
use super::{Function, args, pure};
use crate::fmt::format_float;
use crate::time::Time;
use crate::toml::{LOCAL_DATE, LOCAL_DATETIME, LOCAL_TIME};
use crate::value::{List, MOST_DEPTH, Map, Object, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("toToml", &[Any], |args| {
        if args[0].is_nil() {
            return Err("reflect: call of reflect.Value.Type on zero Value".into());
        }
        // What else is wrong is the result, as upstream.
        Ok(encode(&args[0]).unwrap_or_else(|message| message).into())
    }),
    pure("fromToml", &[Text], |args| {
        Ok(match crate::toml::read(args::bytes(args, 0)) {
            Ok(table) => Value::Map(table),
            Err(message) => Value::map([("Error".into(), message.into())]),
        })
    }),
];

fn encode(value: &Value) -> Result<String, String> {
    let mut writer = Writer { out: String::new() };
    match value {
        Value::Map(map) => writer.table(&[], map)?,
        value if is_table(value) => return Err("toml: top-level values must be Go maps or structs".into()),
        value => writer.element(value, 0)?,
    }
    Ok(writer.out)
}

struct Writer {
    out: String,
}

impl Writer {
    fn newline(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn table(&mut self, path: &[String], map: &Map) -> Result<(), String> {
        if path.len() > MOST_DEPTH {
            return Err(format!("a value is nested more than {MOST_DEPTH} deep"));
        }
        let entries = map.snapshot();
        let (below, direct): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(_, value)| is_table(value));
        for (key, value) in direct.into_iter().chain(below) {
            let mut path = path.to_vec();
            path.push(quoted_key(&key.lossy()));
            self.entry(&path, &value)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &[String], value: &Value) -> Result<(), String> {
        let indent = "  ".repeat(path.len() - 1);
        match value {
            Value::None | Value::Nil => {}
            Value::List(List { nil: true, .. }) | Value::Map(Map { nil: true, .. }) => {}
            Value::Map(map) => {
                if path.len() == 1 {
                    self.newline();
                }
                self.out.push_str(&format!("{indent}[{}]", path.join(".")));
                self.newline();
                self.table(path, map)?;
            }
            Value::List(list) if is_table(value) => {
                for item in list.items() {
                    let Value::Map(map) = item else { continue };
                    self.newline();
                    self.out.push_str(&format!("{indent}[[{}]]", path.join(".")));
                    self.newline();
                    self.table(path, map)?;
                }
            }
            _ => {
                let key = path.last().map_or("", String::as_str);
                self.out.push_str(&format!("{indent}{key} = "));
                self.element(value, path.len())?;
                self.newline();
            }
        }
        Ok(())
    }

    fn element(&mut self, value: &Value, depth: usize) -> Result<(), String> {
        if depth > MOST_DEPTH {
            return Err(format!("a value is nested more than {MOST_DEPTH} deep"));
        }
        match value {
            Value::Bool(value) => self.out.push_str(&value.to_string()),
            Value::Int(value) | Value::Int64(value) => self.out.push_str(&value.to_string()),
            Value::Uint8(value) => self.out.push_str(&value.to_string()),
            Value::Uint64(value) => self.out.push_str(&value.to_string()),
            Value::Float(value) => self.out.push_str(&float(*value)),
            Value::Text(text) => self.out.push_str(&quoted(&text.lossy())),
            Value::List(list) => {
                self.out.push('[');
                for (i, item) in list.items().iter().enumerate() {
                    if i > 0 {
                        self.out.push_str(", ");
                    }
                    self.element(item, depth + 1)?;
                }
                self.out.push(']');
            }
            Value::Map(map) => {
                self.out.push('{');
                let entries = map.snapshot();
                let (below, direct): (Vec<_>, Vec<_>) =
                    entries.into_iter().partition(|(_, value)| is_table(value));
                // The comma follows a value, whether what comes after it is written or is nil.
                let last = direct.len() + below.len();
                for (i, (key, value)) in direct.into_iter().chain(below).enumerate() {
                    if value.is_nil() {
                        continue;
                    }
                    self.out.push_str(&format!("{} = ", quoted_key(&key.lossy())));
                    self.element(&value, depth + 1)?;
                    if i + 1 < last {
                        self.out.push_str(", ");
                    }
                }
                self.out.push('}');
            }
            Value::None | Value::Nil => return Err("toml: cannot encode array with nil element".into()),
            Value::Object(Object::Time(time)) => self.out.push_str(&written(time)),
            Value::Bytes(_) | Value::Object(_) => {
                return Err(format!("unexpected type: {}", value.type_name()));
            }
        }
        Ok(())
    }
}

/// A map, or a list of nothing but maps.
fn is_table(value: &Value) -> bool {
    match value {
        Value::Map(map) => !map.nil,
        Value::List(list) => {
            !list.items().is_empty()
                && list.items().iter().all(|item| matches!(item, Value::Map(map) if !map.nil))
        }
        _ => false,
    }
}

fn float(value: f64) -> String {
    if value.is_nan() {
        return if value.is_sign_negative() { "-nan" } else { "nan" }.into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.into();
    }
    let text = format_float(value, 'g', None);
    if text.contains(['e', '.']) { text } else { format!("{text}.0") }
}

fn quoted_key(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { key.to_owned() } else { quoted(key) }
}

/// Only what it was read with.
fn written(time: &Time) -> String {
    match time.parts().abbreviation.as_str() {
        LOCAL_DATETIME => time.format("2006-01-02T15:04:05.999999999"),
        LOCAL_DATE => time.format("2006-01-02"),
        LOCAL_TIME => time.format("15:04:05.999999999"),
        _ => time.rfc3339(),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' | '\u{7f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}
