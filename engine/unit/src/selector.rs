//! Label selectors as text.

use std::fmt;

/// A label selector as kubectl reads it: `a=b,c!=d,e in (f,g),h,!i,j>1`. An empty one selects everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
}

/// The text that is no selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct NotASelector(String);

impl fmt::Display for NotASelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a valid selector", self.0)
    }
}

impl Selector {
    pub fn parse(text: &str) -> Result<Self, NotASelector> {
        let invalid = || NotASelector(text.to_owned());
        let mut found = Vec::new();
        for part in split(text) {
            let part = part.trim();
            if part.is_empty() {
                if text.trim().is_empty() {
                    continue;
                }
                return Err(invalid());
            }
            found.push(requirement(part).ok_or_else(invalid)?);
        }
        Ok(Self(found))
    }

    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    /// `value` tells a label's value, if there is such a label.
    pub fn matches<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> bool {
        self.0.iter().all(|requirement| {
            let value = value(&requirement.key);
            let number = value.and_then(|v| v.parse::<i64>().ok());
            match &requirement.test {
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
                Test::In(values) => value.is_some_and(|v| values.iter().any(|known| known == v)),
                Test::NotIn(values) => value.is_none_or(|v| values.iter().all(|known| known != v)),
                Test::Above(least) => number.is_some_and(|n| n > *least),
                Test::Below(most) => number.is_some_and(|n| n < *most),
            }
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(selector: &str) -> bool {
        let labels = [("app", "web"), ("tier", "front"), ("weight", "5")];
        let value = |key: &str| labels.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
        Selector::parse(selector).expect("a selector").matches(value)
    }

    #[test]
    fn every_part_has_to_hold() {
        for text in [
            "",
            "app=web",
            "app == web, tier!=back",
            "app in (web, api),!gone",
            "tier notin (back),weight>4,weight<6",
            "app",
            "other!=x",
            "gone notin (a)",
        ] {
            assert!(matches(text), "{text}");
        }
        for text in
            ["app=api", "app=web,tier=back", "app in (api)", "!app", "gone", "weight>5", "weight<5", "app>1"]
        {
            assert!(!matches(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in ["a b", "=b", "a in", "a in (b", "a within (b)", ",", "a,,b", "a>b", "!"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
