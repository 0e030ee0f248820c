//! Numbers and times, to a first approximation: what they say is looked at later.
use super::{Item, Kind, Lexer, Next, quoted};
use crate::toml::scalar::{is_binary, is_hex, is_octal};

impl Lexer<'_> {
    pub(super) fn number_or_date(&mut self, first: char) -> Next {
        if first == '0' {
            match self.next() {
                '0'..='9' => {}
                '_' => return self.decimal(),
                '.' | 'e' | 'E' => return self.float(),
                'b' => return self.based("a binary", is_binary),
                'o' => return self.based("an octal", is_octal),
                'x' => return self.based("a hexadecimal", is_hex),
                _ => {
                    self.backup();
                    return self.done(Kind::Integer);
                }
            }
        }
        self.take_while(|c| c.is_ascii_digit());
        match self.next() {
            '-' | ':' => self.datetime(),
            '_' => self.decimal(),
            '.' | 'e' | 'E' => self.float(),
            _ => {
                self.backup();
                self.done(Kind::Integer)
            }
        }
    }

    fn datetime(&mut self) -> Next {
        self.take_while(|c| {
            c.is_ascii_digit() || matches!(c, '-' | ':' | 'T' | 't' | ' ' | '.' | 'Z' | 'z' | '+')
        });
        if self.wrong.is_none() {
            let text = self.current().trim();
            self.items.push_back(Item { kind: Kind::Datetime, text, line: self.line });
        }
        self.ignore();
        self.open.pop()
    }

    fn based(&mut self, what: &str, valid: fn(char) -> bool) -> Next {
        let c = self.peek();
        if !valid(c) {
            return self.wrong(format!("not {what} number: '{}{c}'", self.current()));
        }
        self.take_while(|c| valid(c) || c == '_');
        self.done(Kind::Integer)
    }

    fn decimal(&mut self) -> Next {
        self.take_while(|c| c.is_ascii_digit() || c == '_');
        if matches!(self.next(), '.' | 'e' | 'E') {
            return self.float();
        }
        self.backup();
        self.done(Kind::Integer)
    }

    fn float(&mut self) -> Next {
        self.take_while(|c| c.is_ascii_digit() || matches!(c, '_' | '.' | '-' | '+' | 'e' | 'E'));
        self.done(Kind::Float)
    }

    /// Behind a sign.
    pub(super) fn signed(&mut self) -> Next {
        let c = self.next();
        match c {
            'i' | 'n' => {
                let rest = if c == 'i' { ['n', 'f'] } else { ['a', 'n'] };
                if !self.accept(rest[0]) || !self.accept(rest[1]) {
                    return self.wrong(format!("invalid float: '{}'", self.current()));
                }
                self.done(Kind::Float)
            }
            '.' => self.wrong("floats must start with a digit, not '.'"),
            '0' if matches!(self.peek(), 'b' | 'o' | 'x') => {
                let base = self.peek();
                let current = self.current();
                self.wrong(format!("cannot use sign with non-decimal numbers: '{current}{base}'"))
            }
            '0'..='9' => self.decimal(),
            c => self.wrong(format!("expected a digit but got {}", quoted(c))),
        }
    }
}
