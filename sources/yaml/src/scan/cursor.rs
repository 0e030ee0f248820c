use crate::decode::clamp;
use mainstay_diagnostic::Position;

/// A place in a text that knows its line and column.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    place: Position,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, first_line: u32) -> Self {
        Self { text, at: 0, place: Position::new(first_line, 1) }
    }

    pub(super) fn place(&self) -> Position {
        self.place
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'a str {
        &self.text[from..to]
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.byte(0)
    }

    pub(super) fn byte(&self, offset: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + offset).copied()
    }

    /// Whether a blank, a line break or the end is `offset` bytes ahead.
    pub(super) fn is_blank_or_end(&self, offset: usize) -> bool {
        matches!(self.byte(offset), None | Some(b' ' | b'\t' | b'\n' | b'\r'))
    }

    pub(super) fn is_break(&self) -> bool {
        matches!(self.peek(), Some(b'\n' | b'\r'))
    }

    pub(super) fn is_blank(&self) -> bool {
        matches!(self.peek(), Some(b' ' | b'\t'))
    }

    /// `...` alone, or with something behind a blank.
    pub(super) fn at_document_end(&self) -> bool {
        self.rest().starts_with("...") && self.is_blank_or_end(3)
    }

    /// Goes over bytes that are one character each.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
        self.place.column += clamp(bytes);
    }

    pub(super) fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.skip(1);
        }
    }

    /// Goes to a byte of the current line.
    pub(super) fn go_to(&mut self, at: usize) {
        let bytes = &self.text.as_bytes()[self.at..at];
        let characters = bytes.iter().filter(|byte| (**byte as i8) >= -0x40).count();
        self.at = at;
        self.place.column += clamp(characters);
    }

    /// Takes one character, whatever its length.
    pub(super) fn take_char(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        self.place.column += 1;
        Some(c)
    }

    /// Goes to the end of the line.
    pub(super) fn skip_line(&mut self) {
        let length = self.line_length();
        self.go_to(self.at + length);
    }

    /// Bytes up to the line break or the end.
    pub(super) fn line_length(&self) -> usize {
        let rest = self.rest();
        rest.bytes().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len())
    }

    /// Goes over one line break, if there is one.
    pub(super) fn skip_break(&mut self) -> bool {
        self.at += match (self.peek(), self.byte(1)) {
            (Some(b'\r'), Some(b'\n')) => 2,
            (Some(b'\r' | b'\n'), _) => 1,
            _ => return false,
        };
        self.place = Position::new(self.place.line + 1, 1);
        true
    }

    pub(super) fn skip_byte_order_mark(&mut self) {
        if self.place.column == 1 && self.rest().starts_with('\u{feff}') {
            self.at += 3;
            self.place.column += 1;
        }
    }
}
