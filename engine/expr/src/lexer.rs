use crate::literal::{self, Quoted};
use crate::value::Value;

#[derive(Debug, Clone)]
pub(crate) enum Token {
    Name(String),
    /// A field between backticks.
    Escaped(String),
    Literal(Value),
    /// An integer's digits: the sign before it decides whether they fit.
    Int(String),
    Symbol(&'static str),
    End,
}

/// Longest first.
const SYMBOLS: [&str; 26] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",", "(", ")",
    "[", "]", "{", "}", "=", "|",
];

/// The tokens with where each begins, or what cannot be read and where.
pub(crate) fn tokens(source: &str) -> Result<Vec<(usize, Token)>, (usize, String)> {
    let mut out = Vec::new();
    let mut at = 0;
    let bytes = source.as_bytes();
    while at < bytes.len() {
        let rest = &source[at..];
        let byte = bytes[at];
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c) {
            at += 1;
        } else if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if let Some(Quoted { body, end, raw, bytes }) = literal::quoted(rest) {
            let text = &rest[body.clone()];
            let value = literal::unescape(text, raw, bytes)
                .map_err(|(inner, message)| (at + body.start + inner, message))?;
            out.push((at, Token::Literal(value)));
            at += end;
        } else if literal::opens(rest) {
            let shown: String = rest.chars().take(20).collect();
            return Err((at, format!("Syntax error: token recognition error at: '{shown}'")));
        } else if byte.is_ascii_digit() || byte == b'.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())
        {
            let (token, length) = literal::number(rest).map_err(|message| (at, message))?;
            out.push((at, token));
            at += length;
        } else if byte == b'_' || byte.is_ascii_alphabetic() {
            let length = rest.bytes().take_while(|b| *b == b'_' || b.is_ascii_alphanumeric()).count();
            let token = match &rest[..length] {
                "true" => Token::Literal(Value::Bool(true)),
                "false" => Token::Literal(Value::Bool(false)),
                "null" => Token::Literal(Value::Null),
                "in" => Token::Symbol("in"),
                name => Token::Name(name.to_owned()),
            };
            out.push((at, token));
            at += length;
        } else if byte == b'`' {
            let length = rest[1..].bytes().take_while(|b| is_escaped(*b)).count();
            if length == 0 || !rest[1 + length..].starts_with('`') {
                return Err((at, "Syntax error: token recognition error at: '`'".into()));
            }
            out.push((at, Token::Escaped(rest[1..=length].to_owned())));
            at += length + 2;
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            if matches!(symbol, "=" | "|") {
                return Err((at, format!("Syntax error: token recognition error at: '{symbol}'")));
            }
            out.push((at, Token::Symbol(symbol)));
            at += symbol.len();
        } else {
            let shown = rest.chars().next().unwrap_or_default();
            return Err((at, format!("Syntax error: token recognition error at: '{shown}'")));
        }
    }
    out.push((source.len(), Token::End));
    Ok(out)
}

fn is_escaped(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/' | b' ')
}
