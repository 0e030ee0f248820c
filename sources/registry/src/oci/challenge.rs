//! `WWW-Authenticate`, RFC 9110 section 11.6.1, as registries write it.

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Bearer { realm: String, service: String },
}

impl Challenge {
    /// The first challenge of a kind that is known.
    pub fn read(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Challenge::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut realm, mut service) = (None, String::new());
        for (key, value) in parameters(rest) {
            match key.to_ascii_lowercase().as_str() {
                "realm" => realm = Some(value),
                "service" => service = value,
                _ => {}
            }
        }
        realm.map(|realm| Challenge::Bearer { realm, service })
    }
}

/// `key="value", key=value`.
fn parameters(mut rest: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.trim_matches([' ', ',', '\t']);
        let (value, left) = match after.strip_prefix('"') {
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
            Some(quoted) => {
                let mut value = String::new();
                let mut characters = quoted.char_indices();
                let end = loop {
                    match characters.next() {
                        None => break quoted.len(),
                        Some((at, '"')) => break at + 1,
                        Some((_, '\\')) => value.extend(characters.next().map(|(_, c)| c)),
                        Some((_, c)) => value.push(c),
                    }
                };
                (value, &quoted[end..])
            }
        };
        found.push((key, value));
        rest = left;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let bearer = |realm: &str, service: &str| {
            Some(Challenge::Bearer { realm: realm.into(), service: service.into() })
        };
        let header = r#"Bearer realm="https://auth.example.com/token",service="registry, of ours",scope="a:b:pull,push""#;
        assert_eq!(Challenge::read(header), bearer("https://auth.example.com/token", "registry, of ours"));
        assert_eq!(Challenge::read("bearer service=x, realm=https://a/t"), bearer("https://a/t", "x"));
        assert_eq!(Challenge::read(r#"Basic realm="x""#), Some(Challenge::Basic));
        for none in ["Bearer service=x", "Negotiate", "", "Bearer"] {
            assert_eq!(Challenge::read(none), None, "{none}");
        }
        assert_eq!(Challenge::read(r#"Bearer realm="cut"#), bearer("cut", ""));
    }
}
