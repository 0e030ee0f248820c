//! YAML as Kubernetes' tools print it (sigs.k8s.io/yaml, so `kustomize build` too): two spaces, lists not indented
//! under their key, keys in go-yaml's natural order, text folded at the first blank behind column 80.
mod fold;
mod order;
mod style;

use crate::number::{Number, format_float, through_json};
use serde_json::Value;
use style::{Style, style_of};
pub use style::{is_plain, reads_as_text};

/// One document, ending in a line break, without `---`.
pub fn emit(value: &Value) -> String {
    write(value, false)
}

/// As go-yaml 3 prints with an indent of two: lists are indented under their key, nothing is folded, and floats are
/// written as Go prints them (`1e+06`).
pub fn emit_indented(value: &Value) -> String {
    write(value, true)
}

fn write(value: &Value, indented: bool) -> String {
    let mut writer = Writer { out: String::new(), line: Line::Start, indented };
    writer.node(value, 0, 0);
    if writer.line != Line::Start {
        writer.end_line();
    }
    writer.out
}

/// Documents with `---` between them.
pub fn emit_documents<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    let mut out = String::new();
    for (i, value) in values.into_iter().enumerate() {
        if i > 0 {
            out.push_str("---\n");
        }
        out.push_str(&emit(value));
    }
    out
}

struct Writer {
    out: String,
    line: Line,
    /// Lists under keys are, and lines are as long as they are.
    indented: bool,
}

/// How far the current line is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Nothing stands in it.
    Start,
    /// Indicators (`-`, `?`, `:`) only: a block collection may go on behind them.
    Indicators,
    /// A key or a value.
    Content,
}

impl Writer {
    /// Writes a node. Keys of a map go to column `indent`, the dashes of a list to column `dash`.
    fn node(&mut self, value: &Value, indent: usize, dash: usize) {
        match value {
            Value::Object(members) if members.is_empty() => self.word("{}"),
            Value::Array(items) if items.is_empty() => self.word("[]"),
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().map(|(key, value)| (key.as_str(), value)).collect();
                order::sort(&mut members);
                for (key, value) in members {
                    self.member(key, value, indent);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.indicator('-', dash);
                    self.node(item, dash + 2, dash + 2);
                }
            }
            Value::Null => self.word("null"),
            Value::Bool(value) => self.word(if *value { "true" } else { "false" }),
            Value::Number(number) => match number.as_f64() {
                Some(value) if self.indented && number.is_f64() => self.word(&format_float(value)),
                Some(_) | None => self.word(&number_text(number)),
            },
            // At the root a block scalar is indented although nothing is above it.
            Value::String(text) => self.scalar(text, Some(indent.max(2))),
        }
    }

    fn member(&mut self, key: &str, value: &Value, indent: usize) {
        // A key that is long or has several lines cannot stand in front of its colon.
        if key.len() > 128 || style::has_break(key) {
            self.indicator('?', indent);
            self.scalar(key, Some(indent + 2));
            self.indicator(':', indent);
            self.node(value, indent + 2, indent + 2);
        } else {
            self.reach(indent);
            self.scalar(key, None);
            self.out.push(':');
            self.node(value, indent + 2, if self.indented { indent + 2 } else { indent });
        }
    }

    /// `indent` is where further lines start; a key has none.
    fn scalar(&mut self, text: &str, indent: Option<usize>) {
        let style = style_of(text, indent.is_none());
        let Some(indent) = indent else {
            self.space();
            fold::write(&mut self.out, text, style, None);
            self.line = Line::Content;
            return;
        };
        if style == Style::Literal {
            return self.literal(text, indent);
        }
        self.space();
        fold::write(&mut self.out, text, style, Some(indent).filter(|_| !self.indented));
        self.line = Line::Content;
    }

    fn literal(&mut self, text: &str, indent: usize) {
        let hint = if text.starts_with([' ', '\n']) { "2" } else { "" };
        let body = text.strip_suffix('\n');
        let chomp = match body {
            None => "-",
            Some(body) if body.is_empty() || body.ends_with('\n') => "+",
            Some(_) => "",
        };
        self.word(&format!("|{hint}{chomp}"));
        for line in body.unwrap_or(text).split('\n') {
            self.out.push('\n');
            if !line.is_empty() {
                self.out.extend(std::iter::repeat_n(' ', indent));
                self.out.push_str(line);
            }
        }
        if body.is_some() {
            self.end_line();
        }
    }

    fn space(&mut self) {
        if !matches!(self.out.as_bytes().last(), None | Some(b'\n' | b' ')) {
            self.out.push(' ');
        }
    }

    /// Text behind a blank, unless it starts the line.
    fn word(&mut self, text: &str) {
        self.space();
        self.out.push_str(text);
        self.line = Line::Content;
    }

    fn indicator(&mut self, indicator: char, column: usize) {
        self.reach(column);
        self.out.push(indicator);
        self.line = Line::Indicators;
    }

    /// Goes to a column: in this line if only indicators stand in it, else in the next.
    fn reach(&mut self, column: usize) {
        if self.line == Line::Content {
            self.end_line();
        }
        let missing = column.saturating_sub(fold::column(&self.out));
        self.out.extend(std::iter::repeat_n(' ', missing));
    }

    fn end_line(&mut self) {
        self.out.push('\n');
        self.line = Line::Start;
    }
}

fn number_text(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(value) if number.is_f64() => match through_json(value) {
            Number::Int(value) => value.to_string(),
            Number::Uint(value) => value.to_string(),
            Number::Float(value) => format_float(value),
        },
        Some(_) | None => number.to_string(),
    }
}
