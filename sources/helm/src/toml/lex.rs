//! Tokens. States are those of the library's lexer, because what is wrong is told by the state that finds it.
mod numbers;
mod strings;

use crate::fmt::{quote, quote_bytes};
use std::collections::VecDeque;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    End,
    /// A bare name or a comment.
    Bare,
    Plain,
    Escaped,
    Raw,
    Multiline,
    RawMultiline,
    Bool,
    Integer,
    Float,
    Datetime,
    Array,
    ArrayEnd,
    Table,
    TableEnd,
    Tables,
    TablesEnd,
    Key,
    KeyEnd,
    Comment,
    Inline,
    InlineEnd,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) line: usize,
    pub(super) message: String,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Top,
    TopEnd,
    TableEnd,
    TablesEnd,
    TableNameStart,
    TableNameEnd,
    KeyStart,
    KeyNameStart,
    KeyEnd,
    Value,
    ArrayValue,
    ArrayValueEnd,
    InlineValue,
    InlineValueEnd,
    Comment,
}

/// What follows; none once something is wrong or everything is read.
type Next = Option<State>;

/// Control characters are refused, so that this is none of the text's.
const END: char = '\0';

pub(super) struct Lexer<'a> {
    text: &'a str,
    /// The byte behind the text that is no UTF-8.
    broken: Option<u8>,
    start: usize,
    at: usize,
    line: usize,
    at_end: bool,
    items: VecDeque<Item<'a>>,
    wrong: Option<Wrong>,
    state: Next,
    open: Vec<State>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let (text, broken) = match bytes.utf8_chunks().next() {
            Some(chunk) => (chunk.valid(), chunk.invalid().first().copied()),
            None => ("", None),
        };
        Self {
            text,
            broken,
            start: 0,
            at: 0,
            line: 1,
            at_end: false,
            items: VecDeque::new(),
            wrong: None,
            state: Some(State::Top),
            open: Vec::new(),
        }
    }

    pub(super) fn item(&mut self) -> Result<Item<'a>, Wrong> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Ok(item);
            }
            if let Some(wrong) = &self.wrong {
                return Err(wrong.clone());
            }
            let Some(state) = self.state else {
                return Ok(Item { kind: Kind::End, text: "", line: self.line });
            };
            self.state = match state {
                State::Top => self.top(),
                State::TopEnd => self.top_end(),
                State::TableEnd => {
                    self.emit(Kind::TableEnd);
                    Some(State::TopEnd)
                }
                State::TablesEnd => self.tables_end(),
                State::TableNameStart => self.table_name_start(),
                State::TableNameEnd => self.table_name_end(),
                State::KeyStart => self.key_start(),
                State::KeyNameStart => self.key_name_start(),
                State::KeyEnd => self.key_end(),
                State::Value => self.value(),
                State::ArrayValue => self.array_value(),
                State::ArrayValueEnd => self.array_value_end(),
                State::InlineValue => self.inline_value(),
                State::InlineValueEnd => self.inline_value_end(),
                State::Comment => self.comment(),
            };
        }
    }

    fn next(&mut self) -> char {
        let Some(c) = self.text[self.at..].chars().next() else {
            if let Some(byte) = self.broken {
                self.fail(self.line, format!("invalid UTF-8 byte: 0x{byte:02x}"));
                return char::REPLACEMENT_CHARACTER;
            }
            self.at_end = true;
            return END;
        };
        if c == '\n' {
            self.line += 1;
        }
        let lone = c == '\r' && !self.text[self.at..].starts_with("\r\n");
        if lone || (c.is_ascii_control() && !matches!(c, '\t' | '\r' | '\n')) {
            let code = u32::from(c);
            let message = format!("TOML files cannot contain control characters: '0x{code:02x}'");
            self.fail(self.line, message);
            return char::REPLACEMENT_CHARACTER;
        }
        self.at += c.len_utf8();
        c
    }

    fn backup(&mut self) {
        if std::mem::take(&mut self.at_end) || self.wrong.is_some() {
            return;
        }
        if let Some(c) = self.text[..self.at].chars().next_back() {
            self.at -= c.len_utf8();
            self.line -= usize::from(c == '\n');
        }
    }

    fn accept(&mut self, valid: char) -> bool {
        let found = self.next() == valid;
        if !found {
            self.backup();
        }
        found
    }

    fn peek(&mut self) -> char {
        let c = self.next();
        self.backup();
        c
    }

    fn take_while(&mut self, valid: impl Fn(char) -> bool) {
        while valid(self.next()) {}
        self.backup();
    }

    fn skip_blanks(&mut self) {
        self.take_while(is_blank);
        self.ignore();
    }

    fn current(&self) -> &'a str {
        &self.text[self.start..self.at]
    }

    fn ignore(&mut self) {
        self.start = self.at;
    }

    fn skip(&mut self, to: State) -> Next {
        self.ignore();
        Some(to)
    }

    fn emit(&mut self, kind: Kind) {
        if self.wrong.is_none() {
            self.items.push_back(Item { kind, text: self.current(), line: self.line });
        }
        self.ignore();
    }

    /// A value is done: on with what it stands in.
    fn done(&mut self, kind: Kind) -> Next {
        self.emit(kind);
        self.open.pop()
    }

    fn then(&mut self, state: State, after: State) -> Next {
        self.open.push(after);
        Some(state)
    }

    /// What is found first counts.
    fn fail(&mut self, line: usize, message: String) -> Next {
        self.wrong.get_or_insert(Wrong { line, message });
        None
    }

    fn wrong(&mut self, message: impl Into<String>) -> Next {
        let on_next = self.at_end && self.text[..self.at].ends_with('\n');
        self.fail(self.line - usize::from(on_next), message.into())
    }

    /// Of the end of a line that is read already.
    fn wrong_before(&mut self, message: impl Into<String>) -> Next {
        self.fail(self.line.saturating_sub(1), message.into())
    }

    fn top(&mut self) -> Next {
        match self.next() {
            c if is_blank(c) || is_newline(c) => self.skip(State::Top),
            '#' => self.comment_start(State::Top),
            '[' => {
                if self.peek() == '[' {
                    self.next();
                    self.emit(Kind::Tables);
                    self.then(State::TableNameStart, State::TablesEnd)
                } else {
                    self.emit(Kind::Table);
                    self.then(State::TableNameStart, State::TableEnd)
                }
            }
            END => {
                self.emit(Kind::End);
                None
            }
            _ => {
                self.backup();
                self.then(State::KeyStart, State::TopEnd)
            }
        }
    }

    fn top_end(&mut self) -> Next {
        match self.next() {
            '#' => self.comment_start(State::Top),
            c if is_blank(c) => Some(State::TopEnd),
            c if is_newline(c) => self.skip(State::Top),
            END => {
                self.emit(Kind::End);
                None
            }
            c => {
                let c = quoted(c);
                let wanted = "expected a top-level item to end with a newline, comment, or EOF";
                self.wrong(format!("{wanted}, but got {c} instead"))
            }
        }
    }

    fn tables_end(&mut self) -> Next {
        match self.next() {
            ']' => {
                self.emit(Kind::TablesEnd);
                Some(State::TopEnd)
            }
            c => {
                let c = quoted(c);
                self.wrong(format!("expected end of table array name delimiter ']', but got {c} instead"))
            }
        }
    }

    fn table_name_start(&mut self) -> Next {
        self.skip_blanks();
        match self.peek() {
            ']' | END => self.wrong("unexpected end of table name (table names cannot be empty)"),
            '.' => self.wrong("unexpected table separator (table names cannot be empty)"),
            c => self.name(c, State::TableNameEnd),
        }
    }

    fn table_name_end(&mut self) -> Next {
        self.skip_blanks();
        match self.next() {
            '.' => self.skip(State::TableNameStart),
            ']' => self.open.pop(),
            c => {
                let c = quoted(c);
                self.wrong(format!("expected '.' or ']' to end table name, but got {c} instead"))
            }
        }
    }

    /// One part of a name, which begins with that character.
    fn name(&mut self, first: char, after: State) -> Next {
        self.open.push(after);
        if matches!(first, '"' | '\'') {
            self.ignore();
            self.next();
            self.ignore();
            return if first == '"' { self.string() } else { self.raw() };
        }
        self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        self.done(Kind::Bare)
    }

    fn key_start(&mut self) -> Next {
        self.skip_blanks();
        match self.peek() {
            '=' | END => self.wrong("unexpected '=': key name appears blank"),
            '.' => self.wrong("unexpected '.': keys cannot start with a '.'"),
            _ => {
                self.emit(Kind::Key);
                Some(State::KeyNameStart)
            }
        }
    }

    fn key_name_start(&mut self) -> Next {
        self.skip_blanks();
        match self.peek() {
            '=' | END => self.wrong("unexpected '='"),
            '.' => self.wrong("unexpected '.'"),
            c => self.name(c, State::KeyEnd),
        }
    }

    fn key_end(&mut self) -> Next {
        self.skip_blanks();
        match self.next() {
            END => self.wrong("unexpected EOF; expected key separator '='"),
            '.' => self.skip(State::KeyNameStart),
            '=' => {
                self.emit(Kind::KeyEnd);
                self.skip(State::Value)
            }
            c => {
                let message = format!("expected '.' or '=', but got {} instead", quoted(c));
                if c == '\n' { self.wrong_before(message) } else { self.wrong(message) }
            }
        }
    }

    fn value(&mut self) -> Next {
        let c = self.next();
        match c {
            c if is_blank(c) => return self.skip(State::Value),
            '0'..='9' => return self.number_or_date(c),
            '[' => {
                self.ignore();
                self.emit(Kind::Array);
                return Some(State::ArrayValue);
            }
            '{' => {
                self.ignore();
                self.emit(Kind::Inline);
                return Some(State::InlineValue);
            }
            '"' | '\'' => {
                if self.accept(c) {
                    if self.accept(c) {
                        self.ignore();
                        return if c == '"' { self.multiline() } else { self.raw_multiline() };
                    }
                    self.backup();
                }
                self.ignore();
                return if c == '"' { self.string() } else { self.raw() };
            }
            '.' => return self.wrong("floats must start with a digit, not '.'"),
            'i' | 'n' if (self.accept('n') && self.accept('f')) || (self.accept('a') && self.accept('n')) => {
                return self.done(Kind::Float);
            }
            '-' | '+' => return self.signed(),
            _ => {}
        }
        if c.is_alphabetic() {
            self.backup();
            return self.word();
        }
        match c {
            END => self.wrong("unexpected EOF; expected value"),
            '\n' => self.wrong_before("expected value but found '\\n' instead"),
            c => self.wrong(format!("expected value but found {} instead", quoted(c))),
        }
    }

    fn word(&mut self) -> Next {
        let from = self.at;
        self.take_while(char::is_alphabetic);
        match &self.text[from..self.at] {
            "true" | "false" => self.done(Kind::Bool),
            word => {
                let word = String::from_utf8_lossy(&quote(word.as_bytes())).into_owned();
                self.wrong(format!("expected value but found {word} instead"))
            }
        }
    }

    fn array_value(&mut self) -> Next {
        match self.next() {
            c if is_blank(c) || is_newline(c) => self.skip(State::ArrayValue),
            '#' => self.comment_start(State::ArrayValue),
            ',' => self.wrong("unexpected comma"),
            ']' => {
                self.ignore();
                self.done(Kind::ArrayEnd)
            }
            _ => {
                self.backup();
                self.then(State::Value, State::ArrayValueEnd)
            }
        }
    }

    fn array_value_end(&mut self) -> Next {
        match self.next() {
            c if is_blank(c) || is_newline(c) => self.skip(State::ArrayValueEnd),
            '#' => self.comment_start(State::ArrayValueEnd),
            ',' => self.skip(State::ArrayValue),
            ']' => {
                self.ignore();
                self.done(Kind::ArrayEnd)
            }
            c => {
                let c = or_end(c);
                self.wrong(format!("expected a comma (',') or array terminator (']'), but got {c}"))
            }
        }
    }

    fn inline_value(&mut self) -> Next {
        match self.next() {
            c if is_blank(c) || is_newline(c) => self.skip(State::InlineValue),
            '#' => self.comment_start(State::InlineValue),
            ',' => self.wrong("unexpected comma"),
            '}' => {
                self.ignore();
                self.done(Kind::InlineEnd)
            }
            _ => {
                self.backup();
                self.then(State::KeyStart, State::InlineValueEnd)
            }
        }
    }

    fn inline_value_end(&mut self) -> Next {
        match self.next() {
            c if is_blank(c) || is_newline(c) => self.skip(State::InlineValueEnd),
            '#' => self.comment_start(State::InlineValueEnd),
            ',' => {
                self.ignore();
                self.skip_blanks();
                Some(if self.peek() == '}' { State::InlineValueEnd } else { State::InlineValue })
            }
            '}' => {
                self.ignore();
                self.done(Kind::InlineEnd)
            }
            c => {
                let c = or_end(c);
                let wanted = "expected a comma or an inline table terminator '}'";
                self.wrong(format!("{wanted}, but got {c} instead"))
            }
        }
    }

    fn comment_start(&mut self, after: State) -> Next {
        self.ignore();
        self.emit(Kind::Comment);
        self.then(State::Comment, after)
    }

    fn comment(&mut self) -> Next {
        self.take_while(|c| !is_newline(c) && c != END && c != char::REPLACEMENT_CHARACTER);
        // The character stands for what is broken, and may be written.
        if self.text[self.at..].starts_with(char::REPLACEMENT_CHARACTER) {
            self.next();
            return Some(State::Comment);
        }
        self.done(Kind::Bare)
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, '\t' | ' ')
}

fn is_newline(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

fn quoted(c: char) -> String {
    String::from_utf8_lossy(&quote_bytes(c.encode_utf8(&mut [0; 4]).as_bytes(), '\'')).into_owned()
}

fn or_end(c: char) -> String {
    if c == END { "end of file".to_owned() } else { format!("'{c}'") }
}
