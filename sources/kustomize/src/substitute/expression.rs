//! The expressions: `${var}`, `${#var}`, `${var^^}`, `${var:pos:len}`, `${var#pattern}`, `${var/from/to}`,
//! `${var:=default}` and their kin. `$$` is a literal `$`.
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Wrong {
    #[error("bad substitution: an expression is not understood")]
    Syntax,
    #[error("an expression is not closed with a brace")]
    Open,
    #[error("an expression does not begin with the name of a variable")]
    Name,
    #[error("the variable {0:?} has no value")]
    NotSet(String),
    #[error("expressions are nested too deeply")]
    Deep,
    #[error("the result has more than {0} bytes")]
    Long(usize),
}

const DEEPEST: usize = 32;

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(crate) fn expand(text: &str, variable: Lookup<'_>, most: usize) -> Result<String, Wrong> {
    let mut scanner = Scanner { rest: text, variable, most, depth: 0 };
    let mut out = String::with_capacity(text.len());
    while let Some(c) = scanner.rest.chars().next() {
        if scanner.rest.starts_with("$$") {
            out.push('$');
            scanner.skip(2);
        } else if scanner.rest.starts_with("${") {
            scanner.skip(2);
            out.push_str(&scanner.function()?);
        } else {
            out.push(c);
            scanner.skip(c.len_utf8());
        }
        scanner.check(&out)?;
    }
    Ok(out)
}

struct Scanner<'a> {
    rest: &'a str,
    variable: Lookup<'a>,
    most: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn check(&self, out: &str) -> Result<(), Wrong> {
        if out.len() > self.most { Err(Wrong::Long(self.most)) } else { Ok(()) }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn take(&mut self, options: &[&'static str]) -> Result<&'static str, Wrong> {
        let found = options.iter().find(|o| self.rest.starts_with(**o)).ok_or(Wrong::Syntax)?;
        self.skip(found.len());
        Ok(found)
    }

    fn close(&mut self) -> Result<(), Wrong> {
        match self.rest.strip_prefix('}') {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => Err(Wrong::Syntax),
        }
    }

    /// What follows `${`, up to and with its closing brace.
    fn function(&mut self) -> Result<String, Wrong> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Wrong::Deep);
        }
        let result = self.inner();
        self.depth -= 1;
        result
    }

    fn inner(&mut self) -> Result<String, Wrong> {
        let is_name = |c: char| c == '_' || c.is_alphanumeric();
        let value = |name: &str| (self.variable)(name).unwrap_or_default();
        if self.peek() == Some('#') {
            self.skip(1);
            let name = self.take_while(is_name);
            if name.is_empty() {
                return Err(Wrong::Syntax);
            }
            self.close()?;
            return Ok(value(name).len().to_string());
        }
        let name = self.take_while(is_name);
        if name.is_empty() {
            return Err(Wrong::Name);
        }
        match self.peek() {
            Some(':') if matches!(self.rest.as_bytes().get(1), Some(b'=' | b'-' | b'?' | b'+')) => {
                self.skip(2);
                self.default(name)
            }
            Some('=') => {
                self.skip(1);
                self.default(name)
            }
            Some(':') => self.substring(value(name)),
            Some(',' | '^') => {
                let which = self.take(&[",,", "^^", ",", "^"])?;
                self.close()?;
                Ok(change_case(&value(name), which))
            }
            Some('/') => self.replace(value(name)),
            Some('#' | '%') => {
                let which = self.take(&["##", "%%", "#", "%"])?;
                let pattern = self.argument(|c| c != '}', false)?;
                self.close()?;
                Ok(super::pattern::trim(&value(name), &pattern, which))
            }
            Some('}') => {
                self.skip(1);
                (self.variable)(name).ok_or_else(|| Wrong::NotSet(name.to_owned()))
            }
            Some(_) | None => Err(Wrong::Open),
        }
    }

    fn default(&mut self, name: &str) -> Result<String, Wrong> {
        let mut default = String::new();
        while self.peek() != Some('}') {
            default.push_str(&self.argument(|c| c != '}', false)?);
            self.check(&default)?;
        }
        self.close()?;
        let value = (self.variable)(name).unwrap_or_default();
        Ok(if value.is_empty() { default } else { value })
    }

    fn substring(&mut self, value: String) -> Result<String, Wrong> {
        self.skip(1);
        let position = self.argument(|c| c != ':' && c != '}', false)?;
        let length = match self.peek() {
            Some('}') => None,
            Some(':') => {
                self.take_while(|c| c == ':');
                Some(self.argument(|c| c != '}', false)?)
            }
            Some(_) | None => return Err(Wrong::Syntax),
        };
        self.close()?;
        Ok(substring(&value, &position, length.as_deref()))
    }

    fn replace(&mut self, value: String) -> Result<String, Wrong> {
        let which = self.take(&["//", "/#", "/%", "/"])?;
        let from = self.argument(|c| c != '/', true)?;
        if self.take_while(|c| c == '/').is_empty() {
            return Err(Wrong::Syntax);
        }
        let to = if self.peek() == Some('}') { None } else { Some(self.argument(|c| c != '}', true)?) };
        self.close()?;
        let new = to.as_deref().unwrap_or_default();
        Ok(match which {
            "//" => value.replace(&from, new),
            "/" => value.replacen(&from, new, 1),
            // These two need both.
            _ if to.is_none() => value,
            "/#" => value.strip_prefix(&from).map(|rest| format!("{new}{rest}")).unwrap_or(value),
            _ => value.strip_suffix(&from).map(|rest| format!("{rest}{new}")).unwrap_or(value),
        })
    }

    /// One argument: an expression, or text up to where `accept` ends it or an expression begins.
    fn argument(&mut self, accept: impl Fn(char) -> bool, escapes: bool) -> Result<String, Wrong> {
        if self.rest.starts_with("${") {
            self.skip(2);
            return self.function();
        }
        let mut out = String::new();
        while let Some(c) = self.peek() {
            let escaped = escapes && ["$$", "\\/", "\\\\"].iter().any(|e| self.rest.starts_with(e));
            if escaped {
                self.skip(c.len_utf8());
                out.extend(self.peek());
                self.skip(1);
            } else if self.rest.starts_with("${") || !accept(c) {
                break;
            } else {
                out.push(c);
                self.skip(c.len_utf8());
            }
        }
        if out.is_empty() { Err(Wrong::Syntax) } else { Ok(out) }
    }
}

fn change_case(value: &str, which: &str) -> String {
    let mut chars = value.chars();
    match which {
        ",," => value.to_lowercase(),
        "^^" => value.to_uppercase(),
        _ => match chars.next() {
            None => String::new(),
            Some(first) if which == "," => first.to_lowercase().chain(chars).collect(),
            Some(first) => first.to_uppercase().chain(chars).collect(),
        },
    }
}

/// Counted in bytes; numbers that can't be read leave the value as it is.
fn substring(value: &str, position: &str, length: Option<&str>) -> String {
    let len = i64::try_from(value.len()).unwrap_or(i64::MAX);
    let Ok(position) = position.parse::<i64>() else { return value.to_owned() };
    let start = if position < 0 { (len + position).max(0) } else { position.min(len) };
    let end = match length.map(str::parse::<i64>) {
        None => len,
        Some(Err(_)) => return value.to_owned(),
        Some(Ok(length)) => start.saturating_add(length).clamp(start, len),
    };
    let at = |n: i64| usize::try_from(n).unwrap_or_default();
    String::from_utf8_lossy(&value.as_bytes()[at(start)..at(end)]).into_owned()
}
