//! Documents that are JSON: a document that starts with `{` is read as JSON first, as kubectl does.
use crate::compose::{Budget, Problem};
use crate::decode::clamp;
use crate::mapping::{MappingFrame, number_value};
use crate::number::{Number, parse_float};
use crate::{Key, Node, NodeValue};
use mainstay_diagnostic::{Position, Span, codes::yaml};

pub(crate) enum Failure {
    /// Not JSON: flow style YAML perhaps.
    Syntax(Problem),
    Limit(Problem),
}

/// All JSON values in a text that is on `first_line` of its file; they may follow each other without a separator.
pub(crate) fn parse(
    text: &str,
    first_line: u32,
    budget: &mut Budget<'_>,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Node>, Failure> {
    let mut reader = Reader { text, at: 0, place: Position::new(first_line, 1), budget, problems };
    let mut values = Vec::new();
    loop {
        reader.blanks();
        if reader.peek().is_none() {
            return Ok(values);
        }
        values.push(reader.value(0)?);
    }
}

struct Reader<'a, 'b, 'l> {
    text: &'a str,
    at: usize,
    place: Position,
    budget: &'b mut Budget<'l>,
    problems: &'b mut Vec<Problem>,
}

impl<'a> Reader<'a, '_, '_> {
    /// Recursive, but never deeper than the limit.
    fn value(&mut self, depth: usize) -> Result<Node, Failure> {
        let start = self.place;
        let here = Span::new(start, start);
        self.budget.take_nodes(1, here).map_err(Failure::Limit)?;
        let value = match self.peek() {
            Some(b'{') => {
                self.budget.check_depth(depth + 1, here).map_err(Failure::Limit)?;
                self.object(depth + 1)?
            }
            Some(b'[') => {
                self.budget.check_depth(depth + 1, here).map_err(Failure::Limit)?;
                self.array(depth + 1)?
            }
            Some(b'"') => NodeValue::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number(start)?,
            _ if self.word("true") => NodeValue::Bool(true),
            _ if self.word("false") => NodeValue::Bool(false),
            _ if self.word("null") => NodeValue::Null,
            _ => return Err(self.wrong("expected a JSON value")),
        };
        Ok(Node { span: Span::new(start, self.place), value })
    }

    fn object(&mut self, depth: usize) -> Result<NodeValue, Failure> {
        self.skip(1);
        let mut members = MappingFrame::default();
        self.blanks();
        if self.take(b'}') {
            return Ok(NodeValue::Mapping(members.entries));
        }
        loop {
            self.blanks();
            let start = self.place;
            if self.peek() != Some(b'"') {
                return Err(self.wrong("expected a JSON key"));
            }
            let text = self.string()?;
            let key = Key { text, span: Span::new(start, self.place) };
            self.blanks();
            if !self.take(b':') {
                return Err(self.wrong("expected `:` behind a JSON key"));
            }
            self.blanks();
            let value = self.value(depth)?;
            members.insert(key, value, self.problems);
            self.blanks();
            if self.take(b'}') {
                return Ok(NodeValue::Mapping(members.entries));
            }
            if !self.take(b',') {
                return Err(self.wrong("expected `,` or `}` in a JSON object"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<NodeValue, Failure> {
        self.skip(1);
        let mut items = Vec::new();
        self.blanks();
        if self.take(b']') {
            return Ok(NodeValue::Sequence(items));
        }
        loop {
            self.blanks();
            items.push(self.value(depth)?);
            self.blanks();
            if self.take(b']') {
                return Ok(NodeValue::Sequence(items));
            }
            if !self.take(b',') {
                return Err(self.wrong("expected `,` or `]` in a JSON array"));
            }
        }
    }

    fn number(&mut self, start: Position) -> Result<NodeValue, Failure> {
        let rest = &self.text[self.at..];
        let end =
            rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        let text = &rest[..end];
        if !is_json_number(text) {
            return Err(self.wrong("expected a JSON number"));
        }
        self.skip(end);
        if let Ok(value) = text.parse() {
            return Ok(NodeValue::Int(value));
        }
        if let Ok(value) = text.parse() {
            return Ok(NodeValue::Uint(value));
        }
        match parse_float(text) {
            Some(value) => Ok(number_value(Number::Float(value))),
            None => {
                let span = Span::new(start, self.place);
                self.problems.push(Problem::new(&yaml::VALUE_TYPE, span, "this number is too large"));
                Ok(NodeValue::Null)
            }
        }
    }

    fn string(&mut self) -> Result<String, Failure> {
        self.skip(1);
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(end) = rest.bytes().position(|b| b < 0x20 || matches!(b, b'"' | b'\\')) else {
                return Err(self.wrong("a JSON string without an end"));
            };
            out.push_str(&rest[..end]);
            self.skip(end);
            match rest.as_bytes()[end] {
                b'"' => {
                    self.skip(1);
                    return Ok(out);
                }
                b'\\' => out.push(self.escape()?),
                _ => return Err(self.wrong("a control character in a JSON string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Failure> {
        let c = match self.text.as_bytes().get(self.at + 1) {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(*c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.wrong("an unknown escape in a JSON string")),
        };
        self.skip(2);
        Ok(c)
    }

    /// Half a surrogate pair becomes the replacement character, as in Go.
    fn unicode(&mut self) -> Result<char, Failure> {
        let Some(first) = self.hex() else { return Err(self.wrong("an unknown escape in a JSON string")) };
        self.skip(6);
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        match self.hex() {
            Some(second @ 0xdc00..=0xdfff) => {
                self.skip(6);
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            Some(_) | None => Ok(char::REPLACEMENT_CHARACTER),
        }
    }

    fn hex(&self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |code, b| Some(code * 16 + char::from(*b).to_digit(16)?))
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.text[self.at..].starts_with(word);
        if found {
            self.skip(word.len());
        }
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.skip(1);
        }
        found
    }

    fn blanks(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
            self.at += 1;
            self.place.column += 1;
            if byte == b'\n' {
                self.place = Position::new(self.place.line + 1, 1);
            }
        }
    }

    /// Goes over bytes of the current line.
    fn skip(&mut self, bytes: usize) {
        let chars = self.text[self.at..self.at + bytes].chars().count();
        self.at += bytes;
        self.place.column += clamp(chars);
    }

    fn wrong(&self, message: &str) -> Failure {
        Failure::Syntax(Problem::new(&yaml::SYNTAX, Span::new(self.place, self.place), message))
    }
}

fn is_json_number(text: &str) -> bool {
    let whole = text.strip_prefix('-').unwrap_or(text);
    let digits = whole.bytes().take_while(u8::is_ascii_digit).count();
    let leading_zero = digits > 1 && whole.starts_with('0');
    let fraction_is_empty =
        whole[digits..].starts_with('.') && !whole[digits + 1..].starts_with(|c: char| c.is_ascii_digit());
    digits > 0 && !leading_zero && !fraction_is_empty && parse_shape(text)
}

/// Whether it is a decimal at all, however large.
fn parse_shape(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}
