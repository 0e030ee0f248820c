//! Strings between quotes of all four kinds.
use super::{END, Kind, Lexer, Next, is_newline};
use crate::fmt::quote;
use crate::toml::scalar::is_hex;

impl Lexer<'_> {
    pub(super) fn string(&mut self) -> Next {
        let mut escaped = false;
        loop {
            match self.next() {
                END => return self.wrong("unexpected EOF; expected '\"'"),
                c if is_newline(c) => return self.wrong_before("strings cannot contain newlines"),
                '\\' => {
                    escaped = true;
                    self.escape()?;
                }
                '"' => return self.close(1, if escaped { Kind::Escaped } else { Kind::Plain }),
                _ if self.wrong.is_some() => return None,
                _ => {}
            }
        }
    }

    pub(super) fn raw(&mut self) -> Next {
        loop {
            match self.next() {
                END => return self.wrong("unexpected EOF; expected \"'\""),
                c if is_newline(c) => return self.wrong_before("strings cannot contain newlines"),
                '\'' => return self.close(1, Kind::Raw),
                _ if self.wrong.is_some() => return None,
                _ => {}
            }
        }
    }

    pub(super) fn multiline(&mut self) -> Next {
        loop {
            match self.next() {
                END => return self.wrong("unexpected EOF; expected '\"\"\"'"),
                // A newline is escaped, whatever blanks follow.
                '\\' if is_newline(self.peek()) => {}
                '\\' => self.escape()?,
                '"' => {
                    if let Some(next) = self.quotes('"', Kind::Multiline) {
                        return next;
                    }
                }
                _ if self.wrong.is_some() => return None,
                _ => {}
            }
        }
    }

    pub(super) fn raw_multiline(&mut self) -> Next {
        loop {
            match self.next() {
                END => return self.wrong("unexpected EOF; expected \"'''\""),
                '\'' => {
                    if let Some(next) = self.quotes('\'', Kind::RawMultiline) {
                        return next;
                    }
                }
                _ if self.wrong.is_some() => return None,
                _ => {}
            }
        }
    }

    /// Behind one quote of a string that ends with three, and may have two of its own before those.
    fn quotes(&mut self, quote: char, kind: Kind) -> Option<Next> {
        if !self.accept(quote) {
            return None;
        }
        if !self.accept(quote) {
            self.backup();
            return None;
        }
        if self.peek() != quote {
            return Some(self.close(3, kind));
        }
        let (five, escaped) = if quote == '"' { (r#"""""""#, r#"\""""""#) } else { ("'''''", "") };
        if self.current().ends_with(five) && (escaped.is_empty() || !self.current().ends_with(escaped)) {
            let around = if quote == '"' { '\'' } else { '"' };
            return Some(self.wrong(format!("unexpected {around}{five}{quote}{around}")));
        }
        self.backup();
        self.backup();
        None
    }

    /// Without the quotes that end it.
    fn close(&mut self, quotes: usize, kind: Kind) -> Next {
        if self.wrong.is_some() {
            return None;
        }
        self.at -= quotes;
        self.emit(kind);
        self.at += quotes;
        self.ignore();
        self.open.pop()
    }

    fn escape(&mut self) -> Option<()> {
        let (digits, words) = match self.next() {
            'e' | 'b' | 't' | 'n' | 'f' | 'r' | '"' | ' ' | '\t' | '\\' => return Some(()),
            'x' => (2, "two hexadecimal digits after '\\x'"),
            'u' => (4, "four hexadecimal digits after '\\u'"),
            'U' => (8, "eight hexadecimal digits after '\\U'"),
            c => {
                let message = format!("invalid escape in string '\\{c}'");
                if self.at_end {
                    self.wrong_before(message)
                } else {
                    self.fail(self.line, message)
                };
                return None;
            }
        };
        for _ in 0..digits {
            if !is_hex(self.next()) {
                let found = String::from_utf8_lossy(&quote(self.current().as_bytes())).into_owned();
                self.wrong(format!("expected {words}, but got {found} instead"));
                return None;
            }
        }
        Some(())
    }
}
