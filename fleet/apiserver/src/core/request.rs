use crate::core::admission::Resumed;
use std::collections::BTreeMap;

/// One HTTP request, as the core sees it: decoded, authenticated, within limits of the transport.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: Method,
    /// Percent-decoded, without query: `/api/v1/namespaces/default/pods/web`. The logical cluster's own prefix is gone.
    pub path: String,
    /// Percent-decoded pairs, in the order they were written.
    pub query: Vec<(String, String)>,
    pub content_type: Option<String>,
    pub accept: Option<String>,
    pub user_agent: String,
    pub body: Vec<u8>,
    /// Who the connection or token proved to be.
    pub user: User,
    /// The `Impersonate-*` headers, unchecked. The core asks RBAC whether `user` may.
    pub impersonate: Option<Impersonate>,
    /// What was seen and answered when the request was handled before: see `Cluster::take_calls`.
    pub resumed: Resumed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    #[default]
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    pub name: String,
    pub uid: String,
    pub groups: Vec<String>,
    pub extra: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Impersonate {
    /// `Impersonate-User`; empty when only other headers were sent, which is an error.
    pub user: String,
    pub uid: String,
    pub groups: Vec<String>,
    pub extra: BTreeMap<String, Vec<String>>,
}

/// Nanoseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Now(pub i64);

/// The source of UIDs, name suffixes and tokens.
pub trait Entropy {
    fn fill(&mut self, bytes: &mut [u8]);
}

impl Method {
    pub fn parse(text: &str) -> Self {
        match text {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }
}

impl User {
    /// The user that the server itself acts as; member of `system:masters`.
    pub fn admin() -> Self {
        Self {
            name: "kubernetes-admin".into(),
            uid: String::new(),
            groups: vec!["system:masters".into(), "system:authenticated".into()],
            extra: BTreeMap::new(),
        }
    }

    pub fn anonymous() -> Self {
        Self {
            name: "system:anonymous".into(),
            uid: String::new(),
            groups: vec!["system:unauthenticated".into()],
            extra: BTreeMap::new(),
        }
    }

    /// May do everything, whatever the rules say.
    pub fn is_master(&self) -> bool {
        self.in_group("system:masters")
    }

    pub fn in_group(&self, group: &str) -> bool {
        self.groups.iter().any(|g| g == group)
    }
}

impl Now {
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000_000)))
    }

    /// `2026-01-02T03:04:05Z`: metav1.Time.
    pub fn rfc3339(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// `2026-01-02T03:04:05.000000Z`: metav1.MicroTime.
    pub fn rfc3339_micros(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
    }

    /// Reads metav1.Time or MicroTime.
    pub fn parse(text: &str) -> Option<Self> {
        let nanos = text.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
        i64::try_from(nanos).ok().map(Self)
    }

    fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// A random (version 4) UUID.
pub(crate) fn uuid(entropy: &mut dyn Entropy) -> String {
    let mut bytes = [0_u8; 16];
    entropy.fill(&mut bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut out = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    out
}

/// Suffix letters of generateName: no vowels, so that no words come out.
pub(crate) fn suffix(entropy: &mut dyn Entropy, length: usize) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut bytes = vec![0_u8; length];
    entropy.fill(&mut bytes);
    bytes.iter().map(|b| char::from(LETTERS[usize::from(*b) % LETTERS.len()])).collect()
}
