use mainstay_object::{GroupKind, ObjectKey};
use serde::{Deserialize, Serialize};

/// The live object, on the management cluster, by which another tool applies what a unit declares. While it is there and
/// its `spec.suspend` is not true, two would write the same objects: the unit is only looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counterpart {
    /// As people call it.
    pub tool: String,
    pub group: String,
    pub kind: String,
    /// The kind's name in paths.
    pub resource: String,
    pub namespace: String,
    pub name: String,
}

impl Counterpart {
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(&*self.group, &*self.kind, &*self.namespace, &*self.name)
    }

    /// Why what it applies is left alone, for people.
    pub fn why(&self) -> String {
        let Self { tool, kind, namespace, name, .. } = self;
        format!("managed by {tool}: its {kind} {namespace}/{name} is there and not suspended")
    }

    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&*self.group, &*self.kind)
    }
}
