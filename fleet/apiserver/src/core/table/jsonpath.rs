//! The part of kubectl's JSONPath that printer columns use: fields, quoted fields, indices, slices, `*` and filters
//! that compare a field with a literal.

use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
pub struct JsonPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    Index(i64),
    All,
    Filter { path: Vec<String>, equal: bool, value: Value },
    Exists(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not understood at {0:?}")]
pub struct PathError(String);

impl JsonPath {
    /// `.status.conditions[?(@.type=="Ready")].status`, with or without braces.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let text = text.trim();
        let text = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
        let mut rest = text.strip_prefix('$').unwrap_or(text);
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('[') {
                let end = closing(after).ok_or_else(|| PathError(rest.to_owned()))?;
                steps.push(bracket(&after[..end])?);
                rest = &after[end + 1..];
                continue;
            }
            let after = rest.strip_prefix('.').unwrap_or(rest);
            let (name, end) = field(after);
            if end == 0 {
                if after.is_empty() || after.starts_with('[') {
                    rest = after;
                    continue;
                }
                return Err(PathError(rest.to_owned()));
            }
            steps.push(if name == "*" { Step::All } else { Step::Field(name) });
            rest = &after[end..];
        }
        Ok(Self(steps))
    }

    pub fn find<'a>(&self, root: &'a Value) -> Vec<&'a Value> {
        let mut here = vec![root];
        for step in &self.0 {
            here = here.into_iter().flat_map(|value| step.apply(value)).collect();
        }
        here
    }
}

impl Step {
    fn apply<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match self {
            Self::Field(name) => value.get(name).into_iter().collect(),
            Self::Index(index) => {
                let Some(items) = value.as_array() else { return Vec::new() };
                let at = if *index < 0 { i64::try_from(items.len()).unwrap_or(0) + index } else { *index };
                usize::try_from(at).ok().and_then(|i| items.get(i)).into_iter().collect()
            }
            Self::All => match value {
                Value::Array(items) => items.iter().collect(),
                Value::Object(map) => map.values().collect(),
                _ => Vec::new(),
            },
            Self::Filter { path, equal, value: wanted } => value
                .as_array()
                .into_iter()
                .flatten()
                .filter(|item| (at(item, path) == Some(wanted)) == *equal)
                .collect(),
            Self::Exists(path) => {
                value.as_array().into_iter().flatten().filter(|item| at(item, path).is_some()).collect()
            }
        }
    }
}

fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |here, name| here.get(name))
}

/// A field name, in which a backslash escapes a dot; and how much of the text it took.
fn field(text: &str) -> (String, usize) {
    let mut name = String::new();
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => {
                name.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '.' | '[' => return (name, i),
            c => name.push(c),
        }
    }
    (name, text.len())
}

/// Where the bracket that is open at the start closes.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(i),
            (None, ']') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

fn bracket(inner: &str) -> Result<Step, PathError> {
    let wrong = || PathError(inner.to_owned());
    let inner = inner.trim();
    if inner == "*" {
        return Ok(Step::All);
    }
    if let Some(name) = unquoted(inner) {
        return Ok(Step::Field(name));
    }
    if let Ok(index) = inner.parse() {
        return Ok(Step::Index(index));
    }
    let filter = inner.strip_prefix("?(").and_then(|t| t.strip_suffix(')')).ok_or_else(wrong)?.trim();
    let (left, equal, right) = match (filter.split_once("=="), filter.split_once("!=")) {
        (Some((left, right)), _) => (left, true, right),
        (None, Some((left, right))) => (left, false, right),
        (None, None) => return Ok(Step::Exists(names(filter).ok_or_else(wrong)?)),
    };
    let right = right.trim();
    let value = match unquoted(right) {
        Some(text) => Value::from(text),
        None => serde_json::from_str(right).map_err(|_| wrong())?,
    };
    Ok(Step::Filter { path: names(left).ok_or_else(wrong)?, equal, value })
}

fn names(text: &str) -> Option<Vec<String>> {
    let mut rest = text.trim().strip_prefix('@')?;
    let mut found = Vec::new();
    while let Some(after) = rest.strip_prefix('.') {
        let (name, end) = field(after);
        found.push(name);
        rest = &after[end..];
    }
    rest.is_empty().then_some(found)
}

fn unquoted(text: &str) -> Option<String> {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).map(str::to_owned)
}
