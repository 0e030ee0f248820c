//! What a ConfigMap or a Secret holds.
use mainstay_object::Digest;
use std::collections::BTreeMap;
use std::fmt;

/// Bytes by key, as Kubernetes keeps them. Shown by its keys alone: what it holds may be secret.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Content(BTreeMap<String, Vec<u8>>);

/// A value that should be text and is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value of its key {key} is not UTF-8 text")]
pub struct NotText {
    pub key: String,
}

impl Content {
    /// Nothing where there is no such key.
    pub fn text(&self, key: &str) -> Result<Option<&str>, NotText> {
        self.0.get(key).map(|value| as_text(key, value)).transpose()
    }

    /// Sorted by key.
    pub fn texts(&self) -> impl Iterator<Item = (&str, Result<&str, NotText>)> {
        self.entries().map(|(key, value)| (key, as_text(key, value)))
    }

    /// Sorted by key.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_slice()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Of keys and values. Whoever records it keys it.
    pub fn digest(&self) -> Digest {
        let mut bytes = Vec::new();
        for part in self.0.iter().flat_map(|(key, value)| [key.as_bytes(), value]) {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Digest::of_bytes(&bytes)
    }
}

fn as_text<'a>(key: &str, value: &'a [u8]) -> Result<&'a str, NotText> {
    std::str::from_utf8(value).map_err(|_| NotText { key: key.to_owned() })
}

impl<K: Into<String>, V: Into<Vec<u8>>> FromIterator<(K, V)> for Content {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(entries: T) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl<K: Into<String>, V: Into<Vec<u8>>, const N: usize> From<[(K, V); N]> for Content {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_asked_of_one_key_and_nothing_is_ever_shown() {
        let content = Content::from([("ring", b"\x99\x01hunter2".to_vec()), ("user", b"flux".to_vec())]);
        assert_eq!(content.text("user"), Ok(Some("flux")));
        assert_eq!(content.text("none"), Ok(None));
        let error = content.text("ring").unwrap_err();
        assert_eq!(error.to_string(), "the value of its key ring is not UTF-8 text");
        assert_eq!(format!("{content:?}"), r#"{"ring", "user"}"#);
        assert_eq!(content.entries().map(|(_, value)| value.len()).collect::<Vec<_>>(), [9, 4]);
    }

    #[test]
    fn no_two_contents_have_one_digest() {
        let of = |entries: [(&str, &str); 2]| Content::from(entries).digest();
        assert_ne!(of([("a", "bc"), ("d", "")]), of([("a", "b"), ("d", "c")]));
        assert_ne!(of([("a", "b"), ("cd", "")]), of([("a", "b"), ("c", "d")]));
        assert_eq!(of([("a", "b"), ("c", "")]), of([("c", ""), ("a", "b")]));
    }
}
