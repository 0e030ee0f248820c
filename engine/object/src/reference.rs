use crate::GroupKind;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// What an object is, whatever version it is written in: two documents with one key are one object. Clones share one
/// piece of memory: a key is held in many places for as long as its object is, and compared more often than read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectKey(Arc<str>);

/// Between the parts, and lower than whatever may be in them: keys are sorted by group, kind, namespace and name.
const BETWEEN: char = '\0';

/// How others see it.
#[derive(Serialize, Deserialize)]
struct Parts<'a> {
    #[serde(default, skip_serializing_if = "str::is_empty")]
    group: Cow<'a, str>,
    kind: Cow<'a, str>,
    /// Empty for a cluster-scoped object.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    namespace: Cow<'a, str>,
    name: Cow<'a, str>,
}

impl ObjectKey {
    pub fn new(
        group: impl AsRef<str>,
        kind: impl AsRef<str>,
        namespace: impl AsRef<str>,
        name: impl AsRef<str>,
    ) -> Self {
        let parts = [group.as_ref(), kind.as_ref(), namespace.as_ref(), name.as_ref()];
        let mut text = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                text.push(BETWEEN);
            }
            // No server takes a name with that in it.
            if part.contains(BETWEEN) {
                text.push_str(&part.replace(BETWEEN, "\u{fffd}"));
            } else {
                text.push_str(part);
            }
        }
        Self(text.into())
    }

    fn part(&self, index: usize) -> &str {
        self.0.splitn(4, BETWEEN).nth(index).unwrap_or_default()
    }

    pub fn group(&self) -> &str {
        self.part(0)
    }

    pub fn kind(&self) -> &str {
        self.part(1)
    }

    /// Empty for a cluster-scoped object.
    pub fn namespace(&self) -> &str {
        self.part(2)
    }

    pub fn name(&self) -> &str {
        self.part(3)
    }

    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(self.group(), self.kind())
    }

    pub fn is_namespaced(&self) -> bool {
        !self.namespace().is_empty()
    }
}

impl Ord for ObjectKey {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for ObjectKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for ObjectKey {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let [group, kind, namespace, name] =
            [self.group(), self.kind(), self.namespace(), self.name()].map(Cow::Borrowed);
        Parts { group, kind, namespace, name }.serialize(s)
    }
}

impl<'de> Deserialize<'de> for ObjectKey {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Parts::deserialize(d).map(|parts| Self::new(parts.group, parts.kind, parts.namespace, parts.name))
    }
}

/// `Deployment.apps web/nginx`, `Namespace web`.
impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.group_kind())?;
        if self.is_namespaced() {
            write!(f, "{}/", self.namespace())?;
        }
        f.write_str(self.name())
    }
}
