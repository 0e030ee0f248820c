//! URLs as Go's net/url takes them apart.
use super::Type::{Map, Text};
use super::{Function, args, pure};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] =
    &[pure("urlParse", &[Text], |args| parse(&args::text(args, 0))), pure("urlJoin", &[Map], join)];

/// As in a query: a blank is a plus sign.
pub(super) fn query_escape(bytes: &[u8]) -> String {
    escape(bytes, b"-_.~").replace("%20", "+")
}

fn escape(bytes: &[u8], safe: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || safe.contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits
            .filter(|digits| !digits.starts_with('+'))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let Some(code) = code else {
            let shown = String::from_utf8_lossy(&behind[..behind.len().min(2)]);
            return Err(format!("invalid URL escape \"%{shown}\""));
        };
        out.push(code);
        rest = &behind[2..];
    }
    Ok(out)
}

fn parse(url: &str) -> Result<Value, String> {
    let fail = |why: &str| format!("unable to parse url: parse {url:?}: {why}");
    if url.bytes().any(|b| b < b' ' || b == 0x7f) {
        return Err(fail("net/url: invalid control character in URL"));
    }
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (scheme, rest) = match rest.split_once(':') {
        Some(("", _)) => return Err(fail("missing protocol scheme")),
        Some((scheme, rest))
            if scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) =>
        {
            (scheme.to_ascii_lowercase(), rest)
        }
        Some(_) | None => (String::new(), rest),
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut opaque = "";
    let (mut authority, mut path) = ("", rest);
    if !rest.starts_with('/') && !scheme.is_empty() {
        (opaque, path) = (rest, "");
    } else if let Some(behind) =
        rest.strip_prefix("//").filter(|behind| !(scheme.is_empty() && behind.starts_with('/')))
    {
        let end = behind.find('/').unwrap_or(behind.len());
        (authority, path) = behind.split_at(end);
    } else if scheme.is_empty() && rest.split('/').next().is_some_and(|first| first.contains(':')) {
        return Err(fail("first path segment in URL cannot contain colon"));
    }
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let port_valid = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    let (name, port) = match host.rfind(':') {
        Some(at) if !host[at..].contains(']') => (&host[..at], Some(&host[at + 1..])),
        Some(_) | None => (host, None),
    };
    if let Some(port) = port.filter(|port| !port_valid(port)) {
        return Err(fail(&format!("invalid port {:?} after host", format!(":{port}"))));
    }
    let hostname = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let decoded = |text: &str| unescape(text).map_err(|why| fail(&why));
    let user = user.map(|user| {
        let (name, password) = match user.split_once(':') {
            Some((name, password)) => (name, Some(password)),
            None => (user, None),
        };
        let safe = b"-_.~$&+,;=";
        let name = escape(&unescape(name)?, safe);
        Ok(match password {
            Some(password) => format!("{name}:{}", escape(&unescape(password)?, safe)),
            None => name,
        })
    });
    let user = user.transpose().map_err(|why: String| fail(&why))?.unwrap_or_default();
    Ok(Value::map([
        ("scheme".into(), scheme.into()),
        ("host".into(), host.into()),
        ("hostname".into(), hostname.into()),
        ("path".into(), Value::text(decoded(path)?)),
        ("query".into(), query.into()),
        ("opaque".into(), opaque.into()),
        ("fragment".into(), Value::text(decoded(fragment)?)),
        ("userinfo".into(), user.into()),
    ]))
}

fn join(args: &[Value]) -> Result<Value, String> {
    let map = args::map(args, 0);
    let part = |key: &str| match map.get(key.as_bytes()) {
        None => Ok(String::new()),
        Some(Value::Text(text)) => Ok(text.lossy().into_owned()),
        Some(other) => {
            Err(format!("unable to parse {key} key, must be of type string, but {} found", other.kind()))
        }
    };
    let (scheme, host, path, query) = (part("scheme")?, part("host")?, part("path")?, part("query")?);
    let (opaque, fragment, user) = (part("opaque")?, part("fragment")?, part("userinfo")?);
    let mut out = String::new();
    if !scheme.is_empty() {
        out.push_str(&scheme);
        out.push(':');
    }
    if opaque.is_empty() {
        if !scheme.is_empty() || !host.is_empty() || !user.is_empty() {
            if !host.is_empty() || !path.is_empty() || !user.is_empty() {
                out.push_str("//");
            }
            if !user.is_empty() {
                out.push_str(&user);
                out.push('@');
            }
            out.push_str(&host);
        }
        let path = escape(path.as_bytes(), b"-_.~$&+,/:;=@");
        if !path.is_empty() && !path.starts_with('/') && !host.is_empty() {
            out.push('/');
        }
        out.push_str(&path);
    } else {
        out.push_str(&opaque);
    }
    if !query.is_empty() {
        out.push('?');
        out.push_str(&query);
    }
    if !fragment.is_empty() {
        out.push('#');
        out.push_str(&escape(fragment.as_bytes(), b"-_.~$&+,/:;=?@!()*"));
    }
    Ok(out.into())
}
