//! Plain, quoted and block scalars.
use super::{Kind, Scanner, Token};
use crate::event::SyntaxError;
use std::borrow::Cow;

impl<'a> Scanner<'a> {
    /// A plain scalar is a slice of the text unless it has several lines.
    pub(super) fn plain(&mut self) -> Result<Token<'a>, SyntaxError> {
        let in_flow = self.flow() > 0;
        let start = self.cursor.place();
        let from = self.cursor.at();
        let mut folded: Option<String> = None;
        let (mut end, mut end_place) = (from, start);
        // Line breaks since the last character.
        let mut breaks = 0;
        loop {
            if self.column() == 0 && self.cursor.at_document_end() || self.cursor.peek() == Some(b'#') {
                break;
            }
            let run = self.cursor.at();
            let length = plain_run(self.cursor.rest(), in_flow);
            if length > 0 {
                self.cursor.go_to(run + length);
                let text = self.cursor.slice(run, run + length);
                if breaks > 0 {
                    let folded = folded.get_or_insert_with(|| self.cursor.slice(from, end).to_owned());
                    fold(folded, breaks);
                    folded.push_str(text);
                    breaks = 0;
                } else if let Some(folded) = &mut folded {
                    folded.push_str(self.cursor.slice(end, run + length));
                }
                end = run + length;
                end_place = self.cursor.place();
            }
            if !(self.cursor.is_blank() || self.cursor.is_break()) {
                break;
            }
            loop {
                if self.cursor.skip_break() {
                    breaks += 1;
                } else if self.cursor.is_blank() {
                    let tab = self.cursor.peek() == Some(b'\t');
                    if breaks > 0 && tab && self.column() <= self.indent {
                        return Err(self.error("a tab where only blanks may indent"));
                    }
                    self.cursor.skip(1);
                } else {
                    break;
                }
            }
            if !in_flow && self.column() <= self.indent {
                break;
            }
        }
        if breaks > 0 {
            self.key_allowed = true;
        }
        let text = folded.map_or_else(|| self.cursor.slice(from, end).into(), Cow::Owned);
        Ok(Token { kind: Kind::Scalar { text, plain: true }, start, end: end_place })
    }

    pub(super) fn quoted(&mut self, single: bool) -> Result<Token<'a>, SyntaxError> {
        let start = self.cursor.place();
        self.cursor.skip(1);
        let text = match self.quoted_slice(single) {
            Some(text) => text.into(),
            None => Cow::Owned(self.quoted_text(single).map_err(|mut error| {
                if self.cursor.peek().is_none() {
                    error.at = start;
                }
                error
            })?),
        };
        self.cursor.skip(1);
        Ok(Token { kind: Kind::Scalar { text, plain: false }, start, end: self.cursor.place() })
    }

    /// The content if it is a slice of the text: one line, nothing escaped.
    fn quoted_slice(&mut self, single: bool) -> Option<&'a str> {
        let bytes = self.cursor.rest().as_bytes();
        let quote = if single { b'\'' } else { b'"' };
        let length = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r' | b'\\') || *byte == quote)?;
        let doubled = single && bytes.get(length + 1) == Some(&quote);
        if bytes[length] != quote || doubled {
            return None;
        }
        let from = self.cursor.at();
        self.cursor.go_to(from + length);
        Some(self.cursor.slice(from, from + length))
    }

    fn quoted_text(&mut self, single: bool) -> Result<String, SyntaxError> {
        let quote = if single { b'\'' } else { b'"' };
        let mut out = String::new();
        loop {
            if self.column() == 0 && self.cursor.at_document_end() {
                return Err(self.error("the document ends within quotes"));
            }
            // `Some` behind a line break: how many followed that one.
            let mut lines = None;
            let mut escaped_break = false;
            while !self.cursor.is_blank_or_end(0) {
                match self.cursor.peek() {
                    Some(byte) if byte == quote => {
                        if !(single && self.cursor.byte(1) == Some(quote)) {
                            return Ok(out);
                        }
                        self.cursor.skip(2);
                        out.push('\'');
                    }
                    Some(b'\\') if !single => {
                        self.cursor.skip(1);
                        if self.cursor.skip_break() {
                            escaped_break = true;
                            lines = Some(0);
                            break;
                        }
                        out.push(self.escape()?);
                    }
                    _ => out.extend(self.cursor.take_char()),
                }
            }
            if self.cursor.peek().is_none() {
                return Err(self.error("quotes without an end"));
            }
            let blanks = self.cursor.at();
            let mut blanks_end = blanks;
            loop {
                if self.cursor.skip_break() {
                    lines = Some(lines.map_or(0, |lines: usize| lines + 1));
                } else if self.cursor.is_blank() {
                    self.cursor.skip(1);
                    if lines.is_none() {
                        blanks_end = self.cursor.at();
                    }
                } else {
                    break;
                }
            }
            match lines {
                None => out.push_str(self.cursor.slice(blanks, blanks_end)),
                Some(more) if escaped_break => out.extend(std::iter::repeat_n('\n', more)),
                Some(more) => fold(&mut out, more + 1),
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let digits = match self.cursor.peek() {
            Some(b'x') => 2,
            Some(b'u') => 4,
            Some(b'U') => 8,
            other => {
                let Some(c) = other.and_then(simple_escape) else {
                    return Err(self.error("unknown escape in a double-quoted text"));
                };
                self.cursor.skip(1);
                return Ok(c);
            }
        };
        self.cursor.skip(1);
        let mut code: u32 = 0;
        for _ in 0..digits {
            let digit = self.cursor.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else { return Err(self.error("expected a hexadecimal digit")) };
            code = code.wrapping_shl(4) | digit;
            self.cursor.skip(1);
        }
        char::from_u32(code).ok_or_else(|| self.error("an escape that is no Unicode character"))
    }

    pub(super) fn block_scalar(&mut self, literal: bool) -> Result<Token<'a>, SyntaxError> {
        let start = self.cursor.place();
        self.cursor.skip(1);
        let (chomp, increment) = self.block_header()?;
        self.cursor.skip_break();
        let mut indent = increment.map(|increment| self.indent.max(0) + increment);
        let mut out = String::new();
        // Breaks not written yet: that of the last line, and those of the empty lines behind it.
        let mut breaks = 0;
        let mut empty = self.block_breaks(&mut indent)?;
        let indent = indent.unwrap_or(1);
        let mut last_blank = false;
        let mut end = self.cursor.place();
        while self.column() == indent && self.cursor.peek().is_some() {
            let blank = self.cursor.is_blank();
            if !literal && breaks > 0 && !last_blank && !blank {
                fold(&mut out, empty + 1);
            } else {
                out.extend(std::iter::repeat_n('\n', breaks + empty));
            }
            last_blank = blank;
            let (from, length) = (self.cursor.at(), self.cursor.line_length());
            self.cursor.go_to(from + length);
            out.push_str(self.cursor.slice(from, from + length));
            end = self.cursor.place();
            breaks = usize::from(self.cursor.skip_break());
            empty = self.block_breaks(&mut Some(indent))?;
        }
        let kept = match chomp {
            Chomp::Strip => 0,
            Chomp::Clip => breaks,
            Chomp::Keep => breaks + empty,
        };
        out.extend(std::iter::repeat_n('\n', kept));
        let text = Cow::Owned(out);
        Ok(Token { kind: Kind::Scalar { text, plain: false }, start, end })
    }

    fn block_header(&mut self) -> Result<(Chomp, Option<i64>), SyntaxError> {
        let mut chomp = None;
        let mut increment = None;
        loop {
            match self.cursor.peek() {
                Some(b'+') if chomp.is_none() => chomp = Some(Chomp::Keep),
                Some(b'-') if chomp.is_none() => chomp = Some(Chomp::Strip),
                Some(digit @ b'1'..=b'9') if increment.is_none() => increment = Some(i64::from(digit - b'0')),
                _ => break,
            }
            self.cursor.skip(1);
        }
        self.cursor.skip_while(|byte| matches!(byte, b' ' | b'\t'));
        if self.cursor.peek() == Some(b'#') {
            self.cursor.skip_line();
        }
        if !self.cursor.is_break() && self.cursor.peek().is_some() {
            return Err(self.error("expected the end of the line behind `|` or `>`"));
        }
        Ok((chomp.unwrap_or(Chomp::Clip), increment))
    }

    /// Goes over empty lines and the next line's indentation, and finds out the indentation if it is not known.
    fn block_breaks(&mut self, indent: &mut Option<i64>) -> Result<usize, SyntaxError> {
        let mut breaks = 0;
        let mut deepest = 0;
        loop {
            let inside = |column: i64| indent.is_none_or(|indent| column < indent);
            while self.cursor.peek() == Some(b' ') && inside(self.column()) {
                self.cursor.skip(1);
            }
            deepest = deepest.max(self.column());
            if self.cursor.peek() == Some(b'\t') && inside(self.column()) {
                return Err(self.error("a tab where only blanks may indent"));
            }
            if !self.cursor.skip_break() {
                break;
            }
            breaks += 1;
        }
        indent.get_or_insert(deepest.max(self.indent + 1).max(1));
        Ok(breaks)
    }
}

#[derive(Clone, Copy)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}

/// One line break becomes a blank, more become one less.
fn fold(out: &mut String, breaks: usize) {
    if breaks == 1 {
        out.push(' ');
    } else {
        out.extend(std::iter::repeat_n('\n', breaks - 1));
    }
}

/// Bytes of a plain scalar up to a blank, a line break or what ends it.
fn plain_run(text: &str, in_flow: bool) -> usize {
    let bytes = text.as_bytes();
    let ends = |(at, byte): (usize, &u8)| match byte {
        b' ' | b'\t' | b'\n' | b'\r' => true,
        b':' => matches!(bytes.get(at + 1), None | Some(b' ' | b'\t' | b'\n' | b'\r')),
        b',' | b'?' | b'[' | b']' | b'{' | b'}' => in_flow,
        _ => false,
    };
    bytes.iter().enumerate().position(ends).unwrap_or(bytes.len())
}

fn simple_escape(byte: u8) -> Option<char> {
    Some(match byte {
        b'0' => '\0',
        b'a' => '\u{7}',
        b'b' => '\u{8}',
        b't' | b'\t' => '\t',
        b'n' => '\n',
        b'v' => '\u{b}',
        b'f' => '\u{c}',
        b'r' => '\r',
        b'e' => '\u{1b}',
        b' ' | b'"' | b'\'' | b'\\' => char::from(byte),
        b'N' => '\u{85}',
        b'_' => '\u{a0}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        _ => return None,
    })
}
