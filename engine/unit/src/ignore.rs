//! Fields that a unit leaves to others.

use crate::Selector;
use mainstay_object::{Object, Value};
use regex::{Regex, RegexBuilder};

/// Fields of some objects, by JSON pointers (RFC 6901).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FieldIgnore {
    pub group: NameMatch,
    pub version: NameMatch,
    pub kind: NameMatch,
    pub namespace: NameMatch,
    pub name: NameMatch,
    pub labels: Selector,
    pub annotations: Selector,
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
    /// Whether it is for an object as it is wanted.
    pub fn matches(&self, object: &Object) -> bool {
        let key = object.key();
        let selects = |selector: &Selector, field: &str| {
            let values = object.value().pointer(&format!("/metadata/{field}"));
            selector.is_any() || selector.matches(|key| values?.get(key).and_then(Value::as_str))
        };
        self.group.matches(key.group())
            && self.version.matches(&object.group_version().version)
            && self.kind.matches(key.kind())
            && self.namespace.matches(key.namespace())
            && self.name.matches(key.name())
            && selects(&self.labels, "labels")
            && selects(&self.annotations, "annotations")
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
    use serde_json::json;

    fn web() -> Object {
        let metadata = json!({
            "name": "web-1", "namespace": "n", "labels": {"app": "web"}, "annotations": {"scaled": "yes"},
        });
        Object::new(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata})).unwrap()
    }

    #[test]
    fn labels_annotations_and_the_version_select_too() {
        let parse = |text: &str| Selector::parse(text).unwrap();
        let by = |version: &str, labels: &str, annotations: &str| {
            let version = NameMatch::pattern(version).unwrap();
            let (labels, annotations) = (parse(labels), parse(annotations));
            FieldIgnore { version, labels, annotations, ..FieldIgnore::default() }.matches(&web())
        };
        assert!(by("v1", "app in (web,api)", "scaled") && by("", "!tier", "scaled!=no"));
        assert!(!by("v2", "", "") && !by("", "app=api", "") && !by("", "", "!scaled") && !by("", "tier", ""));
        let bare =
            Object::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})).unwrap();
        let labels =
            |text: &str| FieldIgnore { labels: parse(text), ..FieldIgnore::default() }.matches(&bare);
        assert!(labels("!app") && !labels("app"));
    }

    #[test]
    fn a_pattern_matches_whole_names_and_an_empty_one_all() {
        let object = web();
        let matches = |name: NameMatch| FieldIgnore { name, ..FieldIgnore::default() }.matches(&object);
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
