//! The forms in which people name a repository.

use crate::GitError;

/// How a repository is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Transport {
    Http { host: String, tls: bool },
    Ssh { host: String, port: u16 },
    Local,
}

pub(crate) fn parse(url: &str) -> Result<Transport, GitError> {
    let invalid = |why: &str| GitError::invalid(format!("the repository URL {}", redact(url)), why);
    if url.is_empty() || url.len() > 4096 || url.chars().any(char::is_control) {
        return Err(invalid("it must have 1 to 4096 characters, none of them a control character"));
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return Ok(scp_like(url).unwrap_or(Transport::Local));
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = host_and_port(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
    let named =
        |transport: Transport| if host.is_empty() { Err(invalid("it names no host")) } else { Ok(transport) };
    match scheme.to_ascii_lowercase().as_str() {
        "https" => named(Transport::Http { host: host.to_owned(), tls: true }),
        "http" => named(Transport::Http { host: host.to_owned(), tls: false }),
        "ssh" => {
            let port = match port {
                None => 22,
                Some(text) => text.parse().map_err(|_| invalid("its port is not a number"))?,
            };
            named(Transport::Ssh { host: host.to_owned(), port })
        }
        "file" => Ok(Transport::Local),
        _ => Err(invalid("its scheme must be https, http, ssh or file")),
    }
}

/// `user@host:path`, as ssh's own tools write it: a colon before any slash.
fn scp_like(url: &str) -> Option<Transport> {
    let (authority, path) = url.split_once(':')?;
    if authority.contains('/') || authority.is_empty() || path.is_empty() {
        return None;
    }
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // One letter before the colon is a drive of a local path.
    (host.len() > 1).then(|| Transport::Ssh { host: host.to_owned(), port: 22 })
}

fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = authority.strip_prefix('[').and_then(|a| a.split_once(']')) {
        return (host, rest.strip_prefix(':'));
    }
    match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    }
}

/// The user name that an SSH URL holds.
pub(crate) fn ssh_user(url: &str) -> Option<&str> {
    let authority = match url.split_once("://") {
        Some((_, rest)) => rest.split('/').next()?,
        None => url.split_once(':')?.0,
    };
    let (user, _) = authority.rsplit_once('@')?;
    Some(user.split_once(':').map_or(user, |(name, _)| name)).filter(|name| !name.is_empty())
}

/// The text with the user information and the query of every URL in it taken out.
pub fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        let end = tail.find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"')).unwrap_or(tail.len());
        let (url, after) = tail.split_at(end);
        let path_at = url.find('/').unwrap_or(url.len());
        let (authority, path) = url.split_at(path_at);
        out.push_str(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
        out.push_str(path.split(['?', '#']).next().unwrap_or_default());
        rest = after;
    }
    out.push_str(rest);
    out
}
