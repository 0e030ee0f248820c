//! OpenSSH's `known_hosts` (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): plain, wildcard, negated and hashed hosts,
//! `@revoked`. Certificate authorities are not used: libssh2 can't verify host certificates.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Trusted,
    /// The host is not in the file.
    Unknown,
    /// The host is in the file, with keys of these types, and none is the one that was offered.
    Mismatch {
        known_types: Vec<String>,
    },
    Revoked,
}

/// `key` is the key as it travels: a length-prefixed type name, then its numbers.
pub(crate) fn check(known_hosts: &str, host: &str, port: u16, key: &[u8]) -> Verdict {
    let names = if port == 22 { vec![host.to_owned()] } else { vec![format!("[{host}]:{port}")] };
    let mut known_types = Vec::new();
    let mut trusted = false;
    for line in known_hosts.lines() {
        let mut words = line.split_whitespace();
        let Some(mut hosts) = words.next().filter(|w| !w.starts_with('#')) else {
            continue;
        };
        let marker = hosts.starts_with('@').then_some(hosts);
        if marker.is_some() {
            let Some(next) = words.next() else { continue };
            hosts = next;
        }
        let (Some(kind), Some(encoded)) = (words.next(), words.next()) else { continue };
        if !names.iter().any(|name| host_matches(hosts, name)) {
            continue;
        }
        let same = STANDARD.decode(encoded).is_ok_and(|decoded| decoded == key);
        match marker {
            None => {
                trusted |= same;
                known_types.push(kind.to_owned());
            }
            Some("@revoked") if same => return Verdict::Revoked,
            Some(_) => {}
        }
    }
    if trusted {
        Verdict::Trusted
    } else if known_types.is_empty() {
        Verdict::Unknown
    } else {
        known_types.sort();
        known_types.dedup();
        Verdict::Mismatch { known_types }
    }
}

/// The type that a key names itself, such as `ssh-ed25519`.
pub(crate) fn key_type(key: &[u8]) -> String {
    let name = key.split_first_chunk::<4>().and_then(|(length, rest)| {
        rest.get(..u32::from_be_bytes(*length) as usize).filter(|name| name.len() < 64 && name.is_ascii())
    });
    name.map_or_else(|| "unknown".to_owned(), |name| String::from_utf8_lossy(name).into_owned())
}

fn host_matches(patterns: &str, name: &str) -> bool {
    if let Some(hashed) = patterns.strip_prefix("|1|") {
        return hash_matches(hashed, name);
    }
    let mut found = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(negated) if glob(negated.as_bytes(), name.as_bytes()) => return false,
            Some(_) => {}
            None => found |= glob(pattern.as_bytes(), name.as_bytes()),
        }
    }
    found
}

fn hash_matches(hashed: &str, name: &str) -> bool {
    let Some((salt, digest)) = hashed.split_once('|') else {
        return false;
    };
    let (Ok(salt), Ok(digest)) = (STANDARD.decode(salt), STANDARD.decode(digest)) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&salt) else {
        return false;
    };
    mac.update(name.to_ascii_lowercase().as_bytes());
    mac.verify_slice(&digest).is_ok()
}

/// `*` and `?`, without regard to case; linear in the pattern for each star that is tried again.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == b'?' || c.eq_ignore_ascii_case(&name[n]) => {
                p += 1;
                n += 1;
            }
            Some(_) | None => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}
