//! Text to tokens.
//!
//! The grammar is that of libyaml, which Kubernetes' reader is built on, not that of YAML 1.2: a flow collection or a
//! quoted scalar may go on at any column, a tab may separate but not indent, and what ends a plain scalar differs. There
//! is no lookahead beyond a line and 1,024 characters, so memory stays small whatever the text.
mod cursor;
mod property;
mod scalar;

use crate::event::SyntaxError;
use crate::resolve::Tag;
use cursor::Cursor;
use mainstay_diagnostic::Position;
use std::borrow::Cow;
use std::collections::VecDeque;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) start: Position,
    pub(crate) end: Position,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind<'a> {
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    /// `-`
    Entry,
    /// `,`
    Comma,
    /// `?`, or in front of what turned out to be a key.
    Key,
    /// `:`
    Value,
    Alias(&'a str),
    Anchor(&'a str),
    Tag(Tag),
    Scalar {
        text: Cow<'a, str>,
        plain: bool,
    },
    /// `...`
    DocumentEnd,
    StreamEnd,
}

pub(crate) struct Scanner<'a> {
    cursor: Cursor<'a>,
    queue: VecDeque<Token<'a>>,
    /// Tokens that have left the queue.
    taken: usize,
    /// What may turn out to be a key, for the block and for each open flow collection.
    keys: Vec<Option<SimpleKey>>,
    key_allowed: bool,
    /// Column of the current block collection, -1 outside of all.
    indent: i64,
    indents: Vec<i64>,
}

#[derive(Debug, Clone, Copy)]
struct SimpleKey {
    /// Number of the token that would be the key's first.
    token: usize,
    place: Position,
    /// At the column of a block mapping, where nothing but a key may stand.
    required: bool,
}

/// A `:` further away than this does not make a key.
const KEY_REACH: u32 = 1_024;

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str, first_line: u32) -> Self {
        Self {
            cursor: Cursor::new(text, first_line),
            queue: VecDeque::new(),
            taken: 0,
            keys: vec![None],
            key_allowed: true,
            indent: -1,
            indents: Vec::new(),
        }
    }

    /// The next token; `StreamEnd` again and again at the end.
    pub(crate) fn peek(&mut self) -> Result<&Token<'a>, SyntaxError> {
        while self.queue.is_empty() || self.head_may_be_key()? {
            self.fetch()?;
        }
        Ok(&self.queue[0])
    }

    pub(crate) fn take(&mut self) -> Result<Token<'a>, SyntaxError> {
        let end = self.peek()?.kind == Kind::StreamEnd;
        if end {
            return Ok(self.queue[0].clone());
        }
        self.taken += 1;
        self.queue.pop_front().ok_or_else(|| self.error("unexpected end"))
    }

    fn head_may_be_key(&mut self) -> Result<bool, SyntaxError> {
        let taken = self.taken;
        let Some(level) = self.keys.iter().position(|key| key.is_some_and(|key| key.token == taken)) else {
            return Ok(false);
        };
        Ok(self.live_key(level)?.is_some())
    }

    /// The possible key of a level, unless the reader has gone too far for it by now.
    fn live_key(&mut self, level: usize) -> Result<Option<SimpleKey>, SyntaxError> {
        let Some(key) = self.keys[level] else { return Ok(None) };
        let here = self.cursor.place();
        if key.place.line == here.line && key.place.column + KEY_REACH >= here.column {
            return Ok(Some(key));
        }
        self.drop_key(level)?;
        Ok(None)
    }

    fn drop_key(&mut self, level: usize) -> Result<(), SyntaxError> {
        match self.keys[level].take() {
            Some(key) if key.required => {
                Err(SyntaxError { at: key.place, message: "expected `:` behind a key".to_owned() })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The next token may be a key's first.
    fn save_key(&mut self) -> Result<(), SyntaxError> {
        if !self.key_allowed {
            return Ok(());
        }
        let level = self.flow();
        self.drop_key(level)?;
        self.keys[level] = Some(SimpleKey {
            token: self.taken + self.queue.len(),
            place: self.cursor.place(),
            required: level == 0 && self.indent == self.column(),
        });
        Ok(())
    }

    fn flow(&self) -> usize {
        self.keys.len() - 1
    }

    fn column(&self) -> i64 {
        i64::from(self.cursor.place().column) - 1
    }

    fn fetch(&mut self) -> Result<(), SyntaxError> {
        self.skip_blanks();
        let column = self.column();
        self.close_blocks(column);
        let Some(byte) = self.cursor.peek() else { return self.end_of_stream() };
        let next_blank = self.cursor.is_blank_or_end(1);
        let in_flow = self.flow() > 0;
        if column == 0 && byte == b'%' {
            return Err(self.error("a directive: Kubernetes reads none"));
        }
        if column == 0 && self.cursor.at_document_end() {
            return self.document_end();
        }
        match byte {
            b'[' => self.open_flow(Kind::FlowSequenceStart),
            b'{' => self.open_flow(Kind::FlowMappingStart),
            b']' => self.close_flow(Kind::FlowSequenceEnd),
            b'}' => self.close_flow(Kind::FlowMappingEnd),
            b',' => {
                self.drop_key(self.flow())?;
                self.key_allowed = true;
                self.indicator(Kind::Comma)
            }
            b'-' if next_blank => self.entry(),
            b'?' if in_flow || next_blank => self.key(),
            b':' if in_flow || next_blank => self.value(),
            b'*' | b'&' | b'!' => {
                self.save_key()?;
                self.key_allowed = false;
                let token = self.property(byte)?;
                self.queue.push_back(token);
                Ok(())
            }
            b'|' | b'>' if !in_flow => {
                self.drop_key(0)?;
                self.key_allowed = true;
                let token = self.block_scalar(byte == b'|')?;
                self.queue.push_back(token);
                Ok(())
            }
            b'\'' | b'"' => {
                self.save_key()?;
                self.key_allowed = false;
                let token = self.quoted(byte == b'\'')?;
                self.queue.push_back(token);
                Ok(())
            }
            b'|' | b'>' | b'%' | b'@' | b'`' => {
                let message = format!("`{}` cannot start a value", char::from(byte));
                Err(self.error(&message))
            }
            b'\t' => Err(self.error("a tab where only blanks may indent")),
            b'?' | b':' if in_flow => Err(self.error("unexpected indicator")),
            _ => {
                self.save_key()?;
                self.key_allowed = false;
                let token = self.plain()?;
                self.queue.push_back(token);
                Ok(())
            }
        }
    }

    /// Goes to the next token. Tabs separate, but do not indent.
    fn skip_blanks(&mut self) {
        loop {
            self.cursor.skip_byte_order_mark();
            let tabs = self.flow() > 0 || !self.key_allowed;
            self.cursor.skip_while(|byte| byte == b' ' || tabs && byte == b'\t');
            if self.cursor.peek() == Some(b'#') {
                self.cursor.skip_line();
            }
            if !self.cursor.skip_break() {
                return;
            }
            if self.flow() == 0 {
                self.key_allowed = true;
            }
        }
    }

    fn end_of_stream(&mut self) -> Result<(), SyntaxError> {
        self.close_blocks(-1);
        // On every level: one that is left would be waited for.
        for level in 0..self.keys.len() {
            self.drop_key(level)?;
        }
        self.key_allowed = false;
        self.push(Kind::StreamEnd);
        Ok(())
    }

    fn document_end(&mut self) -> Result<(), SyntaxError> {
        self.close_blocks(-1);
        self.drop_key(self.flow())?;
        self.key_allowed = false;
        let start = self.cursor.place();
        self.cursor.skip(3);
        self.queue.push_back(Token { kind: Kind::DocumentEnd, start, end: self.cursor.place() });
        Ok(())
    }

    fn open_flow(&mut self, kind: Kind<'a>) -> Result<(), SyntaxError> {
        self.save_key()?;
        self.keys.push(None);
        self.key_allowed = true;
        self.indicator(kind)
    }

    fn close_flow(&mut self, kind: Kind<'a>) -> Result<(), SyntaxError> {
        self.drop_key(self.flow())?;
        if self.flow() > 0 {
            self.keys.pop();
        }
        self.key_allowed = false;
        self.indicator(kind)
    }

    fn entry(&mut self) -> Result<(), SyntaxError> {
        if self.flow() == 0 {
            if !self.key_allowed {
                return Err(self.error("a list item (`- `) is not allowed here"));
            }
            self.open_block(self.column(), None, Kind::BlockSequenceStart, self.cursor.place());
        }
        self.drop_key(self.flow())?;
        self.key_allowed = true;
        self.indicator(Kind::Entry)
    }

    fn key(&mut self) -> Result<(), SyntaxError> {
        if self.flow() == 0 {
            if !self.key_allowed {
                return Err(self.error("a key (`? `) is not allowed here"));
            }
            self.open_block(self.column(), None, Kind::BlockMappingStart, self.cursor.place());
        }
        self.drop_key(self.flow())?;
        self.key_allowed = self.flow() == 0;
        self.indicator(Kind::Key)
    }

    fn value(&mut self) -> Result<(), SyntaxError> {
        let level = self.flow();
        if let Some(key) = self.live_key(level)? {
            self.keys[level] = None;
            let token = Token { kind: Kind::Key, start: key.place, end: key.place };
            self.queue.insert(key.token - self.taken, token);
            let column = i64::from(key.place.column) - 1;
            self.open_block(column, Some(key.token - self.taken), Kind::BlockMappingStart, key.place);
            self.key_allowed = false;
        } else {
            if level == 0 {
                if !self.key_allowed {
                    return Err(self.error("a map (`: `) is not allowed here"));
                }
                self.open_block(self.column(), None, Kind::BlockMappingStart, self.cursor.place());
            }
            self.key_allowed = level == 0;
        }
        self.indicator(Kind::Value)
    }

    /// Starts a block collection if `column` is further in than the current one.
    fn open_block(&mut self, column: i64, before: Option<usize>, kind: Kind<'a>, place: Position) {
        if self.flow() > 0 || self.indent >= column {
            return;
        }
        self.indents.push(self.indent);
        self.indent = column;
        let token = Token { kind, start: place, end: place };
        self.queue.insert(before.unwrap_or(self.queue.len()), token);
    }

    /// Ends all block collections that are further in than `column`.
    fn close_blocks(&mut self, column: i64) {
        while self.flow() == 0 && self.indent > column {
            self.push(Kind::BlockEnd);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn indicator(&mut self, kind: Kind<'a>) -> Result<(), SyntaxError> {
        let start = self.cursor.place();
        self.cursor.skip(1);
        self.queue.push_back(Token { kind, start, end: self.cursor.place() });
        Ok(())
    }

    fn push(&mut self, kind: Kind<'a>) {
        let place = self.cursor.place();
        self.queue.push_back(Token { kind, start: place, end: place });
    }

    fn error(&self, message: &str) -> SyntaxError {
        SyntaxError { at: self.cursor.place(), message: message.to_owned() }
    }
}
