//! Text and actions, cut into tokens. `{{- ` and ` -}}` have already taken the blanks around them.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Error,
    Bool,
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Of an [`Kind::Error`]: what is wrong.
    pub(super) problem: Option<String>,
}

const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// All tokens; the last one is [`Kind::Eof`] or the first [`Kind::Error`].
pub(super) fn lex(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0, start: 0, parens: 0, tokens: Vec::new() };
    if let Err(problem) = lexer.text() {
        let (start, end) = (lexer.start, lexer.at);
        lexer.tokens.push(Token { kind: Kind::Error, start, end, problem: Some(problem) });
    }
    lexer.tokens
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    start: usize,
    parens: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn text(&mut self) -> Result<(), String> {
        loop {
            let Some(found) = self.text[self.at..].find("{{") else {
                self.at = self.text.len();
                if self.at > self.start {
                    self.emit(Kind::Text);
                }
                self.emit(Kind::Eof);
                return Ok(());
            };
            let delimiter = self.at + found;
            let trims = has_left_marker(&self.text[delimiter + 2..]);
            let body = &self.text[self.at..delimiter];
            let kept = if trims { body.trim_end_matches(SPACES).len() } else { body.len() };
            if kept > 0 {
                self.at += kept;
                self.emit(Kind::Text);
            }
            self.at = delimiter;
            self.start = delimiter;
            let inside = delimiter + 2 + if trims { 2 } else { 0 };
            if self.text[inside..].starts_with("/*") {
                self.start = inside;
                self.at = inside;
                self.comment()?;
                continue;
            }
            self.at += 2;
            self.emit(Kind::LeftDelim);
            self.at = inside;
            self.start = inside;
            self.parens = 0;
            while !self.inside()? {}
        }
    }

    fn comment(&mut self) -> Result<(), String> {
        let Some(end) = self.text[self.at + 2..].find("*/") else {
            return Err("unclosed comment".into());
        };
        self.at += end + 4;
        match self.right_delim() {
            None => Err("comment ends before closing delimiter".into()),
            Some(trims) => {
                self.close(trims);
                self.start = self.at;
                Ok(())
            }
        }
    }

    /// Whether `}}` is next, and if so whether it trims.
    fn right_delim(&self) -> Option<bool> {
        let rest = &self.text[self.at..];
        if has_right_marker(rest) && rest[2..].starts_with("}}") {
            Some(true)
        } else if rest.starts_with("}}") {
            Some(false)
        } else {
            None
        }
    }

    fn close(&mut self, trims: bool) {
        self.at += if trims { 4 } else { 2 };
        if trims {
            let rest = &self.text[self.at..];
            self.at += rest.len() - rest.trim_start_matches(SPACES).len();
        }
    }

    /// One token of an action; true once the action is closed.
    fn inside(&mut self) -> Result<bool, String> {
        if let Some(trims) = self.right_delim() {
            if self.parens > 0 {
                return Err("unclosed left paren".into());
            }
            let end = self.at + if trims { 4 } else { 2 };
            let start = end - 2;
            self.close(trims);
            self.tokens.push(Token { kind: Kind::RightDelim, start, end, problem: None });
            self.start = self.at;
            return Ok(true);
        }
        let Some(c) = self.next() else { return Err("unclosed action".into()) };
        match c {
            _ if SPACES.contains(&c) => {
                while self.peek().is_some_and(|c| SPACES.contains(&c)) {
                    // The blank before `-}}` belongs to it.
                    if self.right_delim() == Some(true) {
                        break;
                    }
                    self.next();
                }
                self.emit(Kind::Space);
            }
            '=' => self.emit(Kind::Assign),
            ':' => {
                if self.next() != Some('=') {
                    return Err("expected :=".into());
                }
                self.emit(Kind::Declare);
            }
            '|' => self.emit(Kind::Pipe),
            '"' => self.quoted('"', "unterminated quoted string", Kind::String)?,
            '\'' => self.quoted('\'', "unterminated character constant", Kind::CharConstant)?,
            '`' => {
                let Some(end) = self.text[self.at..].find('`') else {
                    return Err("unterminated raw quoted string".into());
                };
                self.at += end + 1;
                self.emit(Kind::RawString);
            }
            '$' => self.name(Kind::Variable, Kind::Variable)?,
            '.' if !self.peek().is_some_and(|c| c.is_ascii_digit()) && self.at < self.text.len() => {
                self.name(Kind::Field, Kind::Dot)?;
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.at -= 1;
                self.number()?;
            }
            _ if is_alphanumeric(c) => self.word()?,
            '(' => {
                self.parens += 1;
                self.emit(Kind::LeftParen);
            }
            ')' => {
                if self.parens == 0 {
                    return Err("unexpected right paren".into());
                }
                self.parens -= 1;
                self.emit(Kind::RightParen);
            }
            ' '..='~' => self.emit(Kind::Char),
            _ => return Err(format!("unrecognized character in action: U+{:04X} '{c}'", u32::from(c))),
        }
        Ok(false)
    }

    /// `.name` or `$name`; nothing behind the sign is `bare`.
    fn name(&mut self, kind: Kind, bare: Kind) -> Result<(), String> {
        if self.at_terminator() {
            self.emit(bare);
            return Ok(());
        }
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        self.terminated()?;
        self.emit(kind);
        Ok(())
    }

    fn word(&mut self) -> Result<(), String> {
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        self.terminated()?;
        let kind = match &self.text[self.start..self.at] {
            "block" => Kind::Block,
            "break" => Kind::Break,
            "continue" => Kind::Continue,
            "define" => Kind::Define,
            "else" => Kind::Else,
            "end" => Kind::End,
            "if" => Kind::If,
            "nil" => Kind::Nil,
            "range" => Kind::Range,
            "template" => Kind::Template,
            "with" => Kind::With,
            "true" | "false" => Kind::Bool,
            _ => Kind::Identifier,
        };
        self.emit(kind);
        Ok(())
    }

    fn terminated(&self) -> Result<(), String> {
        match self.peek() {
            Some(c) if !self.at_terminator() => Err(format!("bad character U+{:04X} '{c}'", u32::from(c))),
            Some(_) | None => Ok(()),
        }
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(_) => self.text[self.at..].starts_with("}}"),
        }
    }

    fn quoted(&mut self, quote: char, problem: &str, kind: Kind) -> Result<(), String> {
        loop {
            match self.next() {
                Some('\\') if self.peek().is_some_and(|c| c != '\n') => {
                    self.next();
                }
                Some('\\' | '\n') | None => return Err(problem.into()),
                Some(c) if c == quote => break,
                Some(_) => {}
            }
        }
        self.emit(kind);
        Ok(())
    }

    fn number(&mut self) -> Result<(), String> {
        if !self.scan_number() {
            return Err(format!("bad number syntax: {:?}", &self.text[self.start..self.at]));
        }
        if matches!(self.peek(), Some('+' | '-')) {
            if !self.scan_number() || !self.text[..self.at].ends_with('i') {
                return Err(format!("bad number syntax: {:?}", &self.text[self.start..self.at]));
            }
            self.emit(Kind::Complex);
        } else {
            self.emit(Kind::Number);
        }
        Ok(())
    }

    fn scan_number(&mut self) -> bool {
        self.accept("+-");
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_all(digits);
        if self.accept(".") {
            self.accept_all(digits);
        }
        let exponent = match digits.len() {
            11 => "eE",
            23 => "pP",
            _ => "",
        };
        if self.accept(exponent) {
            self.accept("+-");
            self.accept_all("0123456789_");
        }
        self.accept("i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
            return false;
        }
        true
    }

    fn accept(&mut self, valid: &str) -> bool {
        let found = self.peek().is_some_and(|c| valid.contains(c));
        if found {
            self.next();
        }
        found
    }

    fn accept_all(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn emit(&mut self, kind: Kind) {
        self.tokens.push(Token { kind, start: self.start, end: self.at, problem: None });
        self.start = self.at;
    }
}

fn has_left_marker(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next() == Some('-') && chars.next().is_some_and(|c| SPACES.contains(&c))
}

fn has_right_marker(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| SPACES.contains(&c)) && chars.next() == Some('-')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphabetic() || c.is_numeric()
}
