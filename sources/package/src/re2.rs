//! Go's regular expressions in terms of the regex crate, whose syntax has the same root: where both differ, the pattern
//! is written anew.
use regex::bytes::{Regex, RegexBuilder};

/// Bytes of a compiled pattern.
const MOST_BYTES: usize = 1 << 20;

/// Matches anywhere in a text unless it is anchored, in time linear in it. The error is worded as Go's.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let translated = Translator { rest: pattern.chars().collect(), at: 0, out: String::new() }.run()?;
    let built = RegexBuilder::new(&translated).size_limit(MOST_BYTES).nest_limit(200).build();
    built.map_err(|error| format!("error parsing regexp: {error}"))
}

struct Translator {
    rest: Vec<char>,
    at: usize,
    out: String,
}

impl Translator {
    fn run(mut self) -> Result<String, String> {
        while let Some(c) = self.next() {
            match c {
                '\\' => self.escape(false)?,
                '[' => self.class()?,
                // Where no repetition can be read, a brace is a brace.
                '{' if !self.repeats() => self.out.push_str(r"\{"),
                '}' if !self.closes_repetition() => self.out.push_str(r"\}"),
                _ => self.out.push(c),
            }
        }
        Ok(self.out)
    }

    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    /// Behind `{`: digits, perhaps a comma and digits, and `}`.
    fn repeats(&self) -> bool {
        let text: String = self.rest[self.at..].iter().take_while(|c| **c != '}').collect();
        let closed = self.rest[self.at..].contains(&'}');
        let (least, most) = text.split_once(',').unwrap_or((&text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        closed && !least.is_empty() && digits(least) && digits(most)
    }

    fn closes_repetition(&self) -> bool {
        let before: String = self.rest[..self.at - 1].iter().collect();
        before.rfind('{').is_some_and(|open| {
            let inside = &before[open + 1..];
            let starts = inside.starts_with(|c: char| c.is_ascii_digit());
            starts && inside.bytes().all(|b| b.is_ascii_digit() || b == b',')
        })
    }

    fn escape(&mut self, in_class: bool) -> Result<(), String> {
        let Some(c) = self.next() else {
            return Err("error parsing regexp: trailing backslash at end of expression".into());
        };
        let plain = match c {
            'd' => "0-9",
            'w' => "0-9A-Za-z_",
            's' => r"\t\n\f\r ",
            'D' => return self.negated("0-9"),
            'W' => return self.negated("0-9A-Za-z_"),
            'S' => return self.negated(r"\t\n\f\r "),
            'b' if !in_class => {
                self.out.push_str(r"(?-u:\b)");
                return Ok(());
            }
            'B' if !in_class => {
                self.out.push_str(r"(?-u:\B)");
                return Ok(());
            }
            'Q' if !in_class => return self.literal(),
            'E' if !in_class => return Ok(()),
            'p' | 'P' => {
                self.out.push('\\');
                self.out.push(c);
                if self.peek() == Some('{') {
                    while let Some(c) = self.next() {
                        self.out.push(c);
                        if c == '}' {
                            break;
                        }
                    }
                } else if let Some(c) = self.next() {
                    self.out.push(c);
                }
                return Ok(());
            }
            'x' => {
                self.out.push_str(r"\x");
                if self.peek() == Some('{') {
                    while let Some(c) = self.next() {
                        self.out.push(c);
                        if c == '}' {
                            break;
                        }
                    }
                }
                return Ok(());
            }
            '0'..='7' => return self.octal(c),
            'A' | 'z' | 'a' | 'f' | 't' | 'n' | 'r' | 'v' => {
                self.out.push('\\');
                self.out.push(c);
                return Ok(());
            }
            _ if c.is_ascii_punctuation() => {
                // Some of these mean something to the crate when escaped: `\<` is the start of a word.
                if matches!(c, '<' | '>') {
                    self.out.push(c);
                } else {
                    self.out.push('\\');
                    self.out.push(c);
                }
                return Ok(());
            }
            _ => return Err(format!("error parsing regexp: invalid escape sequence: `\\{c}`")),
        };
        if in_class {
            self.out.push_str(plain);
        } else {
            self.out.push('[');
            self.out.push_str(plain);
            self.out.push(']');
        }
        Ok(())
    }

    fn negated(&mut self, of: &str) -> Result<(), String> {
        self.out.push_str("[^");
        self.out.push_str(of);
        self.out.push(']');
        Ok(())
    }

    fn octal(&mut self, first: char) -> Result<(), String> {
        let mut digits = String::from(first);
        let more = if first == '0' { 2 } else { 0 };
        let follows = self.peek().is_some_and(|c| ('0'..='7').contains(&c));
        if first != '0' && !follows {
            return Err(format!("error parsing regexp: invalid escape sequence: `\\{first}`"));
        }
        for _ in 0..more.max(2) {
            if let Some(c) = self.peek().filter(|c| ('0'..='7').contains(c)) {
                digits.push(c);
                self.at += 1;
            }
        }
        let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
        self.out.push_str(&format!("\\x{{{code:X}}}"));
        Ok(())
    }

    /// `\Q...\E`
    fn literal(&mut self) -> Result<(), String> {
        while let Some(c) = self.next() {
            if c == '\\' && self.peek() == Some('E') {
                self.at += 1;
                break;
            }
            self.out.push_str(&regex::escape(&c.to_string()));
        }
        Ok(())
    }

    /// In a class of ours `[`, `&&`, `--` and `~~` mean nothing, in one of the crate's they do.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.peek() == Some('^') {
            self.at += 1;
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let Some(c) = self.next() else { return Err("error parsing regexp: missing closing ]".into()) };
            match c {
                ']' if !first => break,
                ']' => self.out.push_str(r"\]"),
                '[' if self.peek() == Some(':') => self.posix(),
                '[' => self.out.push_str(r"\["),
                '\\' => self.escape(true)?,
                '&' | '~' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                '-' => {
                    // A range needs its dash bare; at either end it is a character.
                    if first || self.peek() == Some(']') || self.out.ends_with(r"\-") {
                        self.out.push_str(r"\-");
                    } else {
                        self.out.push('-');
                    }
                }
                _ => self.out.push(c),
            }
            first = false;
        }
        self.out.push(']');
        Ok(())
    }

    fn posix(&mut self) {
        let rest: String = self.rest[self.at..].iter().collect();
        match rest.find(":]") {
            Some(end) if rest[1..end].chars().all(|c| c.is_ascii_lowercase() || c == '^') => {
                self.out.push('[');
                self.out.push_str(&rest[..end + 2]);
                self.at += rest[..end + 2].chars().count();
            }
            Some(_) | None => self.out.push_str(r"\["),
        }
    }
}
