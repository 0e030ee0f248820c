//! Which objects a patch, replacement or variable is for.
use crate::kustomization::Selector;
use crate::pattern::Pattern;
use crate::problem::Problem;
use crate::resource::Resource;
use mainstay_diagnostic::codes::kustomize as codes;
use std::collections::BTreeMap;

/// A patch's target: each part an anchored regular expression, an empty one matching everything.
pub(crate) struct Matcher {
    group: Option<Pattern>,
    version: Option<Pattern>,
    kind: Option<Pattern>,
    name: Option<Pattern>,
    namespace: Option<Pattern>,
    labels: Labels,
    annotations: Labels,
}

impl Matcher {
    pub(crate) fn new(selector: &Selector) -> Result<Self, Problem> {
        Ok(Self {
            group: anchored(&selector.group)?,
            version: anchored(&selector.version)?,
            kind: anchored(&selector.kind)?,
            name: anchored(&selector.name)?,
            namespace: anchored(&selector.namespace)?,
            labels: Labels::parse(&selector.label_selector)?,
            annotations: Labels::parse(&selector.annotation_selector)?,
        })
    }

    pub(crate) fn matches(&self, resource: &Resource) -> bool {
        let is = |pattern: &Option<Pattern>, text: &str| pattern.as_ref().is_none_or(|p| p.is_match(text));
        let gvk = resource.gvk();
        if !is(&self.kind, &gvk.kind) || !is(&self.group, &gvk.group) || !is(&self.version, &gvk.version) {
            return false;
        }
        let (now, first) = (resource.id(), resource.original_id());
        (is(&self.namespace, first.effective_namespace()) || is(&self.namespace, now.effective_namespace()))
            && (is(&self.name, &first.name) || is(&self.name, &now.name))
            && (self.labels.is_any() || self.labels.matches(&resource.labels()))
            && (self.annotations.is_any() || self.annotations.matches(&resource.annotations()))
    }
}

fn anchored(pattern: &str) -> Result<Option<Pattern>, Problem> {
    if pattern.is_empty() { Ok(None) } else { Pattern::anchored(pattern).map(Some) }
}

/// A label selector as kubectl reads it: `a=b,c!=d,e in (f,g),h,!i`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels(Vec<Requirement>);

#[derive(Debug, Clone)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
}

impl Labels {
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let mut found = Vec::new();
        for part in split(text) {
            let part = part.trim();
            if part.is_empty() {
                if text.trim().is_empty() {
                    continue;
                }
                return Err(invalid(text));
            }
            found.push(requirement(part).ok_or_else(|| invalid(text))?);
        }
        Ok(Self(found))
    }

    pub(crate) fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|r| {
            let value = labels.get(&r.key);
            let number = value.and_then(|v| v.parse::<i64>().ok());
            match &r.test {
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
                Test::In(values) => value.is_some_and(|v| values.contains(v)),
                Test::NotIn(values) => value.is_none_or(|v| !values.contains(v)),
                Test::Above(least) => number.is_some_and(|n| n > *least),
                Test::Below(most) => number.is_some_and(|n| n < *most),
            }
        })
    }
}

fn invalid(text: &str) -> Problem {
    Problem::new(&codes::INVALID, format!("{text:?} is not a valid selector"))
}

/// At the commas outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn requirement(part: &str) -> Option<Requirement> {
    let make = |key: &str, test: Test| {
        let key = key.trim();
        let sound = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        (!key.is_empty() && key.chars().all(sound)).then(|| Requirement { key: key.to_owned(), test })
    };
    if let Some(key) = part.strip_prefix('!') {
        return make(key, Test::Absent);
    }
    if let Some((head, list)) = part.split_once('(') {
        let list = list.strip_suffix(')')?;
        let values = list.split(',').map(|v| v.trim().to_owned()).collect();
        let mut words = head.split_whitespace();
        let (key, word) = (words.next()?, words.next()?);
        return match (word, words.next()) {
            ("in", None) => make(key, Test::In(values)),
            ("notin", None) => make(key, Test::NotIn(values)),
            _ => None,
        };
    }
    let value = |v: &str| vec![v.trim().to_owned()];
    if let Some((key, v)) = part.split_once("!=") {
        return make(key, Test::NotIn(value(v)));
    }
    if let Some((key, v)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return make(key, Test::In(value(v)));
    }
    if let Some((key, v)) = part.split_once('>') {
        return make(key, Test::Above(v.trim().parse().ok()?));
    }
    if let Some((key, v)) = part.split_once('<') {
        return make(key, Test::Below(v.trim().parse().ok()?));
    }
    make(part, Test::Exists)
}
