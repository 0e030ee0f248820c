use serde_json::Value;
use std::fmt;

/// A label selector in its query form: `a=b,c!=d,e in (f,g),!h`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels(pub Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    pub key: String,
    pub operator: Operator,
    pub values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    In,
    NotIn,
    Exists,
    Missing,
    Greater,
    Less,
}

/// A field selector: `metadata.name=a,status.phase!=Running`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields(pub Vec<FieldTerm>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldTerm {
    pub path: String,
    pub value: String,
    pub equal: bool,
}

impl Labels {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = Tokens { text, at: 0 };
        let mut requirements = Vec::new();
        loop {
            match tokens.peek() {
                Token::End => break,
                Token::Word(_) | Token::Not => requirements
                    .push(tokens.requirement().map_err(|why| format!("unable to parse requirement: {why}"))?),
                found => return Err(format!("found '{found}', expected: !, identifier, or 'end of string'")),
            }
            match tokens.next() {
                Token::End => break,
                Token::Comma => {
                    if !matches!(tokens.peek(), Token::Word(_) | Token::Not) {
                        let found = tokens.peek();
                        return Err(format!("found '{found}', expected: identifier after ','"));
                    }
                }
                found => return Err(format!("found '{found}', expected: ',' or 'end of string'")),
            }
        }
        Ok(Self(requirements))
    }

    /// Reads a `metav1.LabelSelector`. `None` if it isn't one. An empty selector matches everything.
    pub fn from_selector(selector: &Value) -> Option<Self> {
        let selector = selector.as_object()?;
        let mut requirements = Vec::new();
        if let Some(labels) = selector.get("matchLabels").filter(|v| !v.is_null()) {
            for (key, value) in labels.as_object()? {
                requirements.push(Requirement {
                    key: key.clone(),
                    operator: Operator::In,
                    values: vec![value.as_str()?.to_owned()],
                });
            }
        }
        if let Some(expressions) = selector.get("matchExpressions").filter(|v| !v.is_null()) {
            for expression in expressions.as_array()? {
                let operator = match expression.get("operator")?.as_str()? {
                    "In" => Operator::In,
                    "NotIn" => Operator::NotIn,
                    "Exists" => Operator::Exists,
                    "DoesNotExist" => Operator::Missing,
                    _ => return None,
                };
                let values = expression.get("values").and_then(Value::as_array).map_or_else(Vec::new, |v| {
                    v.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()
                });
                requirements.push(Requirement {
                    key: expression.get("key")?.as_str()?.to_owned(),
                    operator,
                    values,
                });
            }
        }
        Some(Self(requirements))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Does an object's `metadata.labels` match?
    pub fn matches(&self, labels: Option<&Value>) -> bool {
        self.0.iter().all(|r| r.matches(labels.and_then(|l| l.get(&r.key)).and_then(Value::as_str)))
    }
}

impl Requirement {
    fn matches(&self, value: Option<&str>) -> bool {
        let listed = |v: &str| self.values.iter().any(|w| w == v);
        match self.operator {
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => !value.is_some_and(listed),
            Operator::Exists => value.is_some(),
            Operator::Missing => value.is_none(),
            Operator::Greater => self.compare(value).is_some_and(|(have, than)| have > than),
            Operator::Less => self.compare(value).is_some_and(|(have, than)| have < than),
        }
    }

    fn compare(&self, value: Option<&str>) -> Option<(i64, i64)> {
        Some((value?.parse().ok()?, self.values.first()?.parse().ok()?))
    }
}

impl Fields {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        for part in split_unescaped(text) {
            if part.is_empty() {
                continue;
            }
            let (path, rest) = match part.find(['=', '!']) {
                Some(at) => part.split_at(at),
                None => return Err(format!("invalid selector: '{text}'; can't understand '{part}'")),
            };
            let (equal, value) = if let Some(value) = rest.strip_prefix("!=") {
                (false, value)
            } else if let Some(value) = rest.strip_prefix("==") {
                (true, value)
            } else if let Some(value) = rest.strip_prefix('=') {
                (true, value)
            } else {
                return Err(format!("invalid selector: '{text}'; can't understand '{part}'"));
            };
            terms.push(FieldTerm { path: path.to_owned(), value: unescape(value)?, equal });
        }
        Ok(Self(terms))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `lookup` gives a field's text; absent fields are empty text.
    pub fn matches(&self, lookup: impl Fn(&str) -> String) -> bool {
        self.0.iter().all(|term| (lookup(&term.path) == term.value) == term.equal)
    }

    /// The one value that `path` must have, if the selector says so.
    pub fn exact(&self, path: &str) -> Option<&str> {
        self.0.iter().find(|t| t.equal && t.path == path).map(|t| &*t.value)
    }
}

fn split_unescaped(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unescape(value: &str) -> Result<String, String> {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                Some(_) | None => {
                    return Err(format!(
                        "invalid field selector: invalid escape sequence in value {value:?}"
                    ));
                }
            },
            '=' => return Err("invalid field selector: unescaped character in value: 61".to_owned()),
            c => out.push(c),
        }
    }
    Ok(out)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Equals,
    NotEquals,
    Not,
    Open,
    Close,
    Comma,
    Greater,
    Less,
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Word(word) => word,
            Self::Equals => "=",
            Self::NotEquals => "!=",
            Self::Not => "!",
            Self::Open => "(",
            Self::Close => ")",
            Self::Comma => ",",
            Self::Greater => ">",
            Self::Less => "<",
            Self::End => "",
        })
    }
}

struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn peek(&self) -> Token<'a> {
        self.scan().0
    }

    fn next(&mut self) -> Token<'a> {
        let (token, end) = self.scan();
        self.at = end;
        token
    }

    fn scan(&self) -> (Token<'a>, usize) {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        let start = self.at + (rest.len() - trimmed.len());
        let symbols: [(&str, Token<'a>); 9] = [
            ("==", Token::Equals),
            ("!=", Token::NotEquals),
            ("=", Token::Equals),
            ("!", Token::Not),
            ("(", Token::Open),
            (")", Token::Close),
            (",", Token::Comma),
            (">", Token::Greater),
            ("<", Token::Less),
        ];
        if trimmed.is_empty() {
            return (Token::End, start);
        }
        for (symbol, token) in symbols {
            if trimmed.starts_with(symbol) {
                return (token, start + symbol.len());
            }
        }
        let length =
            trimmed.find(|c: char| c.is_whitespace() || "=!(),<>".contains(c)).unwrap_or(trimmed.len());
        (Token::Word(&trimmed[..length]), start + length)
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let negated = if self.peek() == Token::Not {
            self.next();
            true
        } else {
            false
        };
        let key = match self.next() {
            Token::Word(word) => word.to_owned(),
            found => return Err(format!("found '{found}', expected: identifier")),
        };
        check_key(&key)?;
        if negated {
            return Ok(Requirement { key, operator: Operator::Missing, values: Vec::new() });
        }
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Ok(Requirement { key, operator: Operator::Exists, values: Vec::new() });
        }
        let operator = match self.next() {
            Token::Equals => Operator::In,
            Token::NotEquals => Operator::NotIn,
            Token::Greater => Operator::Greater,
            Token::Less => Operator::Less,
            Token::Word("in") => return self.set(key, Operator::In),
            Token::Word("notin") => return self.set(key, Operator::NotIn),
            found => {
                return Err(format!("found '{found}', expected: in, notin, =, ==, !=, gt, lt"));
            }
        };
        let value = match self.peek() {
            Token::Word(word) => {
                self.next();
                word.to_owned()
            }
            Token::End | Token::Comma => String::new(),
            found => return Err(format!("found '{found}', expected: identifier")),
        };
        check_value(&key, &value)?;
        if matches!(operator, Operator::Greater | Operator::Less) && value.parse::<i64>().is_err() {
            return Err(format!(
                "values[0]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer"
            ));
        }
        Ok(Requirement { key, operator, values: vec![value] })
    }

    fn set(&mut self, key: String, operator: Operator) -> Result<Requirement, String> {
        match self.next() {
            Token::Open => {}
            found => return Err(format!("found '{found}' expected: '('")),
        }
        let mut values = Vec::new();
        loop {
            match self.next() {
                Token::Word(word) => {
                    check_value(&key, word)?;
                    values.push(word.to_owned());
                    match self.next() {
                        Token::Comma => {}
                        Token::Close => break,
                        found => return Err(format!("found '{found}', expected: ',' or ')'")),
                    }
                }
                Token::Comma => values.push(String::new()),
                Token::Close => {
                    values.push(String::new());
                    break;
                }
                found => return Err(format!("found '{found}', expected: ',', ')' or identifier")),
            }
        }
        values.sort();
        values.dedup();
        Ok(Requirement { key, operator, values })
    }
}

fn check_key(key: &str) -> Result<(), String> {
    crate::core::names::qualified_name(key)
        .map_err(|why| format!("<nil>: Invalid value: \"{key}\": {}", why.join("; ")))
}

fn check_value(key: &str, value: &str) -> Result<(), String> {
    crate::core::names::label_value(value)
        .map_err(|why| format!("values[0][{key}]: Invalid value: \"{value}\": {}", why.join("; ")))
}
