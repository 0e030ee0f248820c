//! The rules that names, labels and annotations must follow, with the API server's wording.

const DNS_LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const DNS_SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DNS_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const TWO_SLASHES: &str = "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

type Checked = Result<(), Vec<String>>;

/// The rule that a resource's names follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRule {
    Subdomain,
    Label,
    /// Anything that fits one path segment: RBAC objects, for example.
    PathSegment,
}

impl NameRule {
    pub fn check(self, name: &str) -> Checked {
        match self {
            Self::Subdomain => long_name(name),
            Self::Label => short_name(name),
            Self::PathSegment => path_segment(name),
        }
    }

    /// A `generateName` may end with a dash: a suffix comes.
    pub fn check_prefix(self, prefix: &str) -> Checked {
        match prefix.strip_suffix('-') {
            Some(rest) if self != Self::PathSegment => self.check(&format!("{rest}a")),
            Some(_) | None => self.check(prefix),
        }
    }
}

/// The name of an object that must also be one label of a DNS name.
fn short_name(name: &str) -> Checked {
    if name.len() > 63 {
        return Err(vec!["must be no more than 63 characters".to_owned()]);
    }
    if name.contains('.') {
        return Err(vec!["must not contain dots".to_owned()]);
    }
    label(name)
}

fn long_name(name: &str) -> Checked {
    subdomain(name).map_err(|why| why.into_iter().map(|w| w.replace("253 bytes", "253 characters")).collect())
}

pub fn label(name: &str) -> Checked {
    let ok = !name.is_empty() && ends_alphanumeric(name) && name.chars().all(|c| lower(c) || c == '-');
    // A name that could be longer has dots.
    let message = if subdomain(name).is_ok() { "must not contain dots" } else { DNS_LABEL };
    verdict(name, 63, ok, message)
}

pub fn label_1035(name: &str) -> Checked {
    let ok = label(name).is_ok() || name.len() > 63;
    verdict(name, 63, ok && name.starts_with(|c: char| c.is_ascii_lowercase()), DNS_1035)
}

pub fn subdomain(name: &str) -> Checked {
    let part = |p: &str| !p.is_empty() && ends_alphanumeric(p) && p.chars().all(|c| lower(c) || c == '-');
    verdict(name, 253, name.split('.').all(part), DNS_SUBDOMAIN)
}

pub fn path_segment(name: &str) -> Checked {
    let mut why = Vec::new();
    if name == "." || name == ".." {
        why.push(format!("may not be '{name}'"));
    }
    for part in ["/", "%"] {
        if name.contains(part) {
            why.push(format!("may not contain '{part}'"));
        }
    }
    if why.is_empty() { Ok(()) } else { Err(why) }
}

/// Label and annotation keys: `[prefix/]name`.
pub fn qualified_name(text: &str) -> Checked {
    let mut why = Vec::new();
    let name = match text.split_once('/') {
        None => text,
        Some((_, rest)) if rest.contains('/') => {
            return Err(vec![TWO_SLASHES.to_owned()]);
        }
        Some((prefix, name)) => {
            if prefix.is_empty() {
                why.push("prefix part must be non-empty".to_owned());
            } else if let Err(messages) = subdomain(prefix) {
                why.extend(messages.into_iter().map(|m| format!("prefix part {m}")));
            }
            name
        }
    };
    if name.is_empty() {
        why.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        why.push("name part must be no more than 63 bytes".to_owned());
    }
    if !loose(name) {
        why.push(QUALIFIED.to_owned());
    }
    if why.is_empty() { Ok(()) } else { Err(why) }
}

pub fn label_value(value: &str) -> Checked {
    let mut why = Vec::new();
    if value.len() > 63 {
        why.push("must be no more than 63 bytes".to_owned());
    }
    if !value.is_empty() && !loose(value) {
        why.push(LABEL_VALUE.to_owned());
    }
    if why.is_empty() { Ok(()) } else { Err(why) }
}

fn verdict(name: &str, limit: usize, ok: bool, message: &str) -> Checked {
    let mut why = Vec::new();
    if name.len() > limit {
        why.push(format!("must be no more than {limit} bytes"));
    }
    if !ok {
        why.push(message.to_owned());
    }
    if why.is_empty() { Ok(()) } else { Err(why) }
}

fn lower(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn ends_alphanumeric(text: &str) -> bool {
    text.starts_with(lower) && text.ends_with(lower)
}

fn loose(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(edge)
        && text.ends_with(edge)
        && text.chars().all(|c| edge(c) || matches!(c, '-' | '_' | '.'))
}
