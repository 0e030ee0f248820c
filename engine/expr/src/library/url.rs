//! URLs as Go's `net/url` reads them: only what is absolute, or at least a path, is one.

use crate::eval::meter::{Outcome, error, no_overload};
use crate::functions::{Function, global, member};
use crate::value::{Key, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    pub text: String,
    pub scheme: String,
    pub host: String,
    /// As it is sent.
    pub path: String,
    pub query: String,
}

const PART: &[&str] = &["URL -> string"];

pub(crate) const FUNCTIONS: &[Function] = &[
    global("url", &["string -> URL"], |meter, args| match args {
        [Value::String(text)] => {
            meter.text(text.len() * 2)?;
            match Url::parse(text) {
                Ok(url) => Ok(Value::Url(Arc::new(url))),
                Err(why) => {
                    error(format!("URL parse error during conversion from string: parse {text:?}: {why}"))
                }
            }
        }
        _ => no_overload(),
    }),
    global("isURL", &["string -> bool"], |meter, args| match args {
        [Value::String(text)] => {
            meter.text(text.len() * 2)?;
            Ok(Value::Bool(is_url(text)))
        }
        _ => no_overload(),
    }),
    member("getScheme", PART, |_, args| part(args, |url| &url.scheme)),
    member("getHost", PART, |_, args| part(args, |url| &url.host)),
    member("getHostname", PART, |_, args| part(args, Url::hostname)),
    member("getPort", PART, |_, args| part(args, Url::port)),
    member("getEscapedPath", PART, |_, args| part(args, |url| &url.path)),
    member("getQuery", &["URL -> map<string,list<string>>"], |meter, args| match args {
        [Value::Url(url)] => {
            meter.text(url.query.len() * 2)?;
            Ok(query(&url.query))
        }
        _ => no_overload(),
    }),
];

fn part(args: &[Value], of: fn(&Url) -> &str) -> Outcome {
    match args {
        [Value::Url(url)] => Ok(Value::string(of(url))),
        _ => no_overload(),
    }
}

/// Whether it can stand in a request: as `ParseRequestURI` decides.
pub(crate) fn is_url(text: &str) -> bool {
    read(text, true).is_ok()
}

impl Url {
    fn parse(text: &str) -> Result<Self, String> {
        read(text, true)?;
        // Only now a fragment is told from the path.
        let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
        unescape(fragment, false)?;
        Ok(Self { text: text.to_owned(), ..read(before, false)? })
    }

    fn hostname(&self) -> &str {
        let host = match self.host.rfind(':') {
            Some(at) if !self.host[at..].contains(']') => &self.host[..at],
            _ => &self.host,
        };
        host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
    }

    fn port(&self) -> &str {
        match self.host.rfind(':') {
            Some(at) if !self.host[at..].contains(']') => &self.host[at + 1..],
            _ => "",
        }
    }
}

fn read(text: &str, request: bool) -> Result<Url, String> {
    let mut url = Url {
        text: text.to_owned(),
        scheme: String::new(),
        host: String::new(),
        path: String::new(),
        query: String::new(),
    };
    if text.bytes().any(|b| b < b' ' || b == 0x7f) {
        return Err("net/url: invalid control character in URL".into());
    }
    if text.is_empty() && request {
        return Err("empty url".into());
    }
    if text == "*" {
        url.path = "*".into();
        return Ok(url);
    }
    let (scheme, mut rest) = scheme(text)?;
    url.scheme = scheme.to_ascii_lowercase();
    if let Some((before, query)) = rest.split_once('?') {
        url.query = query.to_owned();
        rest = before;
    }
    if !rest.starts_with('/') {
        // `mailto:someone`.
        if !url.scheme.is_empty() {
            return Ok(url);
        }
        if request {
            return Err("invalid URI for request".into());
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("first path segment in URL cannot contain colon".into());
        }
    }
    let authority = !url.scheme.is_empty() || !request && !rest.starts_with("///");
    if let Some(after) = rest.strip_prefix("//").filter(|_| authority) {
        let end = after.find('/').unwrap_or(after.len());
        url.host = self::authority(&after[..end])?;
        rest = &after[end..];
    }
    let path = unescape(rest, false)?;
    url.path = if is_path(rest) { rest.to_owned() } else { escape(&path) };
    Ok(url)
}

fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".into()),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn authority(text: &str) -> Result<String, String> {
    let host = match text.rsplit_once('@') {
        None => text,
        Some((user, host)) => {
            let fits = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
            if !user.chars().all(fits) {
                return Err("net/url: invalid userinfo".into());
            }
            unescape(user, false)?;
            host
        }
    };
    let port = match host.strip_prefix('[') {
        Some(literal) => match literal.rfind(']') {
            Some(end) => &literal[end + 1..],
            None => return Err("missing ']' in host".into()),
        },
        None => host.rfind(':').map_or("", |at| &host[at..]),
    };
    let digits =
        port.strip_prefix(':').map_or(port.is_empty(), |port| port.bytes().all(|b| b.is_ascii_digit()));
    if !digits {
        return Err(format!("invalid port {port:?} after host"));
    }
    unescape(host, true)
}

/// Of a host only what ASCII cannot say may be escaped, and a zone's percent sign.
fn unescape(text: &str, host: bool) -> Result<String, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                let digits = bytes.get(at + 1..at + 3).filter(|d| d.iter().all(u8::is_ascii_hexdigit));
                let code = digits
                    .and_then(|d| std::str::from_utf8(d).ok())
                    .and_then(|d| u8::from_str_radix(d, 16).ok());
                let shown = String::from_utf8_lossy(&bytes[at..bytes.len().min(at + 3)]);
                let Some(code) = code else { return Err(format!("invalid URL escape {shown:?}")) };
                if host && code < 0x80 && code != b'%' {
                    return Err(format!("invalid URL escape {shown:?}"));
                }
                out.push(code);
                at += 3;
            }
            byte if host && byte < 0x80 && !is_host(byte) => {
                return Err(format!("invalid character {:?} in host name", char::from(byte).to_string()));
            }
            byte => {
                out.push(byte);
                at += 1;
            }
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

fn is_host(byte: u8) -> bool {
    is_plain(byte) || b"!$&'()*+,;=:[]<>\"".contains(&byte)
}

/// Whether a path is sent as it is written.
fn is_path(text: &str) -> bool {
    text.bytes().all(|byte| is_plain(byte) || b"!$&'()*+,;=:@[]%/".contains(&byte))
}

fn escape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match is_plain(byte) || b"$&+,/:;=@".contains(&byte) {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn query(text: &str) -> Value {
    let mut found: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';')) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let read = |part: &str| unescape(&part.replace('+', " "), false);
        if let (Ok(key), Ok(value)) = (read(key), read(value)) {
            found.entry(Key::from(key.as_str())).or_default().push(Value::string(&value));
        }
    }
    Value::map(found.into_iter().map(|(key, values)| (key, Value::list(values))).collect())
}
