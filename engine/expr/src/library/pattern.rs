//! Regular expressions as RE2 and Go read them, run by an engine that is linear as theirs.
//!
//! The engine's own syntax is near but not the same: its classes are Unicode's, it nests classes, and it knows
//! escapes and flags that Go refuses. A pattern is therefore rewritten first; what Go refuses is refused.

use crate::eval::meter::{Meter, Outcome, no_overload};
use crate::functions::{Function, global, member};
use crate::limits::MAX_REGEX;
use crate::value::Value;
use regex::bytes::{Regex, RegexBuilder};

pub(crate) const FUNCTIONS: &[Function] = &[
    global("matches", &["string string -> bool"], matches),
    member("matches", &["string string -> bool"], matches),
    member("find", &["string string -> string"], |meter, args| match args {
        [Value::String(text), Value::String(pattern)] => {
            let regex = meter.regex(pattern, text.len())?;
            let found = regex.find(text.as_bytes()).map(|found| found.as_bytes());
            Ok(Value::string(&String::from_utf8_lossy(found.unwrap_or_default())))
        }
        _ => no_overload(),
    }),
    member(
        "findAll",
        &["string string -> list<string>", "string string int -> list<string>"],
        |meter, args| {
            let (text, pattern, most) = match args {
                [Value::String(text), Value::String(pattern)] => (text, pattern, usize::MAX),
                [Value::String(text), Value::String(pattern), Value::Int(most)] => {
                    (text, pattern, usize::try_from(*most).unwrap_or(usize::MAX))
                }
                _ => return no_overload(),
            };
            let regex = meter.regex(pattern, text.len())?;
            let mut out = Vec::new();
            for found in regex.find_iter(text.as_bytes()).take(most) {
                meter.text(found.len())?;
                out.push(Value::string(&String::from_utf8_lossy(found.as_bytes())));
            }
            Ok(Value::list(out))
        },
    ),
];

fn matches(meter: &mut Meter, args: &[Value]) -> Outcome {
    match args {
        [Value::String(text), Value::String(pattern)] => {
            Ok(Value::Bool(meter.regex(pattern, text.len())?.is_match(text.as_bytes())))
        }
        _ => no_overload(),
    }
}

/// A pattern ready to run; the error says why not.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    let rewritten = Rewriter { rest: pattern, out: String::with_capacity(pattern.len() + 16) }.run()?;
    RegexBuilder::new(&rewritten)
        .size_limit(MAX_REGEX)
        .dfa_size_limit(MAX_REGEX)
        .nest_limit(100)
        .build()
        .map_err(|_| format!("error parsing regexp: `{pattern}` is malformed or too large"))
}

struct Rewriter<'a> {
    rest: &'a str,
    out: String,
}

fn refused<T>(what: &str, part: &str) -> Result<T, String> {
    Err(format!("error parsing regexp: {what}: `{part}`"))
}

impl Rewriter<'_> {
    fn run(mut self) -> Result<String, String> {
        // Whether something stands before that can be repeated, and whether it is repeated already.
        let (mut repeated, mut start) = (false, true);
        while let Some(c) = self.next() {
            match c {
                '\\' => self.escape(false)?,
                '[' => self.class()?,
                '*' | '+' | '?' => {
                    if repeated {
                        return refused("invalid nested repetition operator", &c.to_string());
                    }
                    if start {
                        return refused("missing argument to repetition operator", &c.to_string());
                    }
                    self.out.push(c);
                    self.lazy();
                    repeated = true;
                    continue;
                }
                '{' => match repetition(self.rest) {
                    Some((length, most)) => {
                        if repeated {
                            return refused("invalid nested repetition operator", &self.rest[..length]);
                        }
                        if start {
                            return refused("missing argument to repetition operator", &self.rest[..length]);
                        }
                        if most > 1000 {
                            return refused("invalid repeat count", &format!("{{{}", &self.rest[..length]));
                        }
                        self.out.push('{');
                        self.out.push_str(&self.rest[..length]);
                        self.rest = &self.rest[length..];
                        self.lazy();
                        repeated = true;
                        continue;
                    }
                    None => self.out.push_str("\\{"),
                },
                '}' => self.out.push_str("\\}"),
                '(' => {
                    self.group()?;
                    (repeated, start) = (false, true);
                    continue;
                }
                '|' => {
                    self.out.push('|');
                    (repeated, start) = (false, true);
                    continue;
                }
                other => self.out.push(other),
            }
            (repeated, start) = (false, false);
        }
        Ok(self.out)
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn lazy(&mut self) {
        if let Some(rest) = self.rest.strip_prefix('?') {
            self.out.push('?');
            self.rest = rest;
        }
    }

    /// What a group opens with: nothing, a name, or the flags that Go knows.
    fn group(&mut self) -> Result<(), String> {
        self.out.push('(');
        let Some(after) = self.rest.strip_prefix('?') else { return Ok(()) };
        for name in ["P<", "<"] {
            if let Some(named) = after.strip_prefix(name) {
                let length = named.find('>').unwrap_or(named.len());
                let text = &named[..length];
                if text.is_empty() || !text.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()) {
                    return refused("invalid named capture", text);
                }
                // A number may start Go's names; no result is ever asked for by its name.
                self.rest = &named[(length + 1).min(named.len())..];
                return Ok(());
            }
        }
        let length = after.find([':', ')']).unwrap_or(after.len());
        if !after[..length].bytes().all(|b| matches!(b, b'i' | b'm' | b's' | b'U' | b'-')) {
            let shown: String = after[..length].chars().take(8).collect();
            return refused("invalid or unsupported Perl syntax", &format!("(?{shown}"));
        }
        let end = (length + 1).min(after.len());
        self.out.push('?');
        self.out.push_str(&after[..end]);
        self.rest = &after[end..];
        Ok(())
    }

    fn escape(&mut self, within: bool) -> Result<(), String> {
        let before = self.rest;
        let Some(c) = self.next() else { return refused("trailing backslash at end of expression", "") };
        let class = match c {
            'd' => "0-9",
            'w' => "0-9A-Za-z_",
            's' => "\\t\\n\\x0c\\r ",
            'D' => "^0-9",
            'W' => "^0-9A-Za-z_",
            'S' => "^\\t\\n\\x0c\\r ",
            _ => "",
        };
        if !class.is_empty() {
            match within && !class.starts_with('^') {
                true => self.out.push_str(class),
                false => self.out.push_str(&format!("[{class}]")),
            }
            return Ok(());
        }
        match c {
            'b' | 'B' if !within => self.out.push_str(&format!("(?-u:\\{c})")),
            'A' | 'z' if !within => self.out.push_str(&format!("\\{c}")),
            'p' | 'P' => {
                let length = match self.rest.strip_prefix('{') {
                    Some(named) => named.find('}').map(|end| end + 2),
                    None => self.rest.chars().next().map(char::len_utf8),
                };
                let Some(length) = length else { return refused("invalid character class range", "\\p") };
                self.out.push('\\');
                self.out.push(c);
                self.out.push_str(&self.rest[..length]);
                self.rest = &self.rest[length..];
            }
            'Q' if !within => {
                let end = self.rest.find("\\E").unwrap_or(self.rest.len());
                self.out.push_str(&regex::escape(&self.rest[..end]));
                self.rest = &self.rest[(end + 2).min(self.rest.len())..];
            }
            _ => {
                self.rest = before;
                let c = self.character()?;
                self.out.push_str(&regex_char(c));
            }
        }
        Ok(())
    }

    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.out.push('^');
            self.rest = rest;
        }
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            if let Some(named) = self.rest.strip_prefix("[:") {
                let Some(end) = named.find(":]") else { return refused("missing closing ]", self.rest) };
                self.out.push_str(&self.rest[..end + 4]);
                self.rest = &self.rest[end + 4..];
                continue;
            }
            let Some(low) = self.member()? else { continue };
            let ranged = self.rest.strip_prefix('-').filter(|rest| !rest.starts_with(']'));
            let Some(rest) = ranged else {
                self.out.push_str(&regex_char(low));
                continue;
            };
            self.rest = rest;
            match self.member()? {
                Some(high) if low <= high => {
                    self.out.push_str(&format!("{}-{}", regex_char(low), regex_char(high)));
                }
                _ => return refused("invalid character class range", &low.to_string()),
            }
        }
        self.rest = &self.rest[1..];
        self.out.push(']');
        Ok(())
    }

    /// One character of a class; `None` where it was a class of its own, which is written already.
    fn member(&mut self) -> Result<Option<char>, String> {
        match self.next() {
            None => refused("missing closing ]", "["),
            Some('\\') if self.rest.starts_with(|c: char| "dwsDWSpP".contains(c)) => {
                self.escape(true)?;
                Ok(None)
            }
            Some('\\') => self.character().map(Some),
            Some(other) => Ok(Some(other)),
        }
    }

    /// The character that an escape stands for.
    fn character(&mut self) -> Result<char, String> {
        let Some(c) = self.next() else { return refused("trailing backslash at end of expression", "") };
        Ok(match c {
            'a' => '\u{7}',
            'f' => '\u{c}',
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'v' => '\u{b}',
            'x' => {
                let (digits, length) = match self.rest.strip_prefix('{') {
                    Some(braced) => {
                        let end = braced.find('}').unwrap_or(0);
                        (&braced[..end], end + 2)
                    }
                    None => (self.rest.get(..2).unwrap_or_default(), 2),
                };
                let code = u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'));
                let Some(c) = code.and_then(char::from_u32) else {
                    return refused("invalid escape sequence", "\\x");
                };
                self.rest = &self.rest[length..];
                c
            }
            '0'..='7' => {
                let more = self.rest.bytes().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
                let digits = format!("{c}{}", &self.rest[..more]);
                let code = u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32);
                // One digit alone, but for nought, would be what a group has matched.
                let Some(found) = code.filter(|_| c == '0' || more > 0) else {
                    return refused("invalid escape sequence", &format!("\\{digits}"));
                };
                self.rest = &self.rest[more..];
                found
            }
            other if other.is_ascii_punctuation() => other,
            other => return refused("invalid escape sequence", &format!("\\{other}")),
        })
    }
}

/// A character that stands for nothing but itself.
fn regex_char(c: char) -> String {
    format!("\\x{{{:x}}}", u32::from(c))
}

/// The length of `2,5}` and its highest number, where it is a repetition at all.
fn repetition(text: &str) -> Option<(usize, u32)> {
    let end = text.find('}')?;
    let (least, most) = match text[..end].split_once(',') {
        Some((least, most)) => (least, most),
        None => (&text[..end], ""),
    };
    let number = |digits: &str| -> Option<u32> {
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().unwrap_or(u32::MAX))
    };
    if least.is_empty() {
        return None;
    }
    let (least, most) = (number(least)?, if most.is_empty() { Some(0) } else { number(most) }?);
    Some((end + 1, least.max(most)))
}
