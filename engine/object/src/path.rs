use crate::compare_values;
use serde_json::Value;
use std::{cmp::Ordering, collections::BTreeMap, fmt};

/// One step from a container to something in it. Ordered as `structured-merge-diff` orders: fields, keys, values,
/// indices.
#[derive(Debug, Clone)]
pub enum PathElement {
    /// A field of a struct or an entry of a map.
    Field(String),
    /// The entry of a keyed list whose key fields have these values.
    Key(BTreeMap<String, Value>),
    /// The entry of a set.
    Value(Value),
    /// The entry of an atomic list.
    Index(usize),
}

impl PathElement {
    pub fn field(name: impl Into<String>) -> Self {
        Self::Field(name.into())
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

impl Ord for PathElement {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Key(a), Self::Key(b)) => compare_keys(a, b),
            (Self::Value(a), Self::Value(b)) => compare_values(a, b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

impl PartialOrd for PathElement {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PathElement {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for PathElement {}

fn compare_keys(a: &BTreeMap<String, Value>, b: &BTreeMap<String, Value>) -> Ordering {
    for ((an, av), (bn, bv)) in a.iter().zip(b) {
        let order = an.cmp(bn).then_with(|| compare_values(av, bv));
        if order != Ordering::Equal {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

impl fmt::Display for PathElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(key) => {
                f.write_str("[")?;
                for (i, (name, value)) in key.iter().enumerate() {
                    if i > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{name}={}", Shown(value))?;
                }
                f.write_str("]")
            }
            Self::Value(value) => write!(f, "[={}]", Shown(value)),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A value in a path.
struct Shown<'a>(&'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => write!(f, "{}", self.0),
            Value::Array(items) => {
                let shown: Vec<String> = items.iter().map(|item| Shown(item).to_string()).collect();
                write!(f, "[{}]", shown.join(","))
            }
            Value::Object(map) => {
                map.iter().try_for_each(|(name, value)| write!(f, "{name}={}", Shown(value)))
            }
        }
    }
}

/// The way from an object to something in it; empty for the object itself. Printed as an API server prints it:
/// `.spec.containers[name="web"].image`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(pub Vec<PathElement>);

impl FieldPath {
    /// `of_fields(["metadata", "name"])` is `.metadata.name`.
    pub fn of_fields<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(PathElement::field).collect())
    }

    pub fn child(&self, element: PathElement) -> Self {
        let mut elements = Vec::with_capacity(self.0.len() + 1);
        elements.extend_from_slice(&self.0);
        elements.push(element);
        Self(elements)
    }

    /// What the path leads to.
    pub fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |at, element| match element {
            PathElement::Field(name) => at.get(name),
            PathElement::Key(key) => at.as_array()?.iter().find(|item| {
                key.iter().all(|(name, wanted)| {
                    item.get(name).is_some_and(|is| compare_values(is, wanted) == Ordering::Equal)
                })
            }),
            PathElement::Value(wanted) => {
                at.as_array()?.iter().find(|item| compare_values(item, wanted) == Ordering::Equal)
            }
            PathElement::Index(index) => at.get(index),
        })
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|element| write!(f, "{element}"))
    }
}
