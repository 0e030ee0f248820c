//! Fields that a unit leaves to others.

use mainstay_object::ObjectKey;
use regex::{Regex, RegexBuilder};

/// Fields of some objects, by JSON pointers (RFC 6901).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FieldIgnore {
    pub group: NameMatch,
    pub kind: NameMatch,
    pub namespace: NameMatch,
    pub name: NameMatch,
    pub paths: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub enum NameMatch {
    #[default]
    Any,
    Exactly(String),
    Pattern(Pattern),
}

/// A regular expression that a name has to match from end to end.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

/// A pattern may not grow beyond this when it is compiled.
const PATTERN_SIZE: usize = 64 * 1024;

impl FieldIgnore {
    pub fn matches(&self, key: &ObjectKey) -> bool {
        self.group.matches(key.group())
            && self.kind.matches(key.kind())
            && self.namespace.matches(key.namespace())
            && self.name.matches(key.name())
    }
}

impl NameMatch {
    /// An empty text means all.
    pub fn exactly(text: &str) -> Self {
        if text.is_empty() { Self::Any } else { Self::Exactly(text.to_owned()) }
    }

    /// An empty text means all.
    pub fn pattern(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::Any);
        }
        let whole = format!("^(?:{text})$");
        let compiled = RegexBuilder::new(&whole).size_limit(PATTERN_SIZE).build();
        compiled.map(|regex| Self::Pattern(Pattern(regex))).map_err(|e| e.to_string())
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(text) => text == name,
            Self::Pattern(Pattern(regex)) => regex.is_match(name),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_names_and_an_empty_one_all() {
        let key = ObjectKey::new("apps", "Deployment", "n", "web-1");
        let matches = |name: NameMatch| FieldIgnore { name, ..FieldIgnore::default() }.matches(&key);
        assert!(matches(NameMatch::pattern("web-.*").unwrap()) && matches(NameMatch::pattern("").unwrap()));
        assert!(
            !matches(NameMatch::pattern("web").unwrap()) && !matches(NameMatch::pattern("a|eb-1").unwrap())
        );
        assert!(matches(NameMatch::exactly("web-1")) && !matches(NameMatch::exactly("web-.*")));
    }

    #[test]
    fn a_pattern_that_is_none_or_too_large_is_refused() {
        assert!(NameMatch::pattern("(").is_err());
        assert!(NameMatch::pattern("(a{1000}){1000}").is_err());
    }
}
