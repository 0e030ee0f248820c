use super::Types;
use crate::GroupVersionKind;
use std::sync::LazyLock;

/// The kinds that a Kubernetes API server serves by itself.
#[derive(Debug, Clone, Default)]
pub struct Kinds {
    pub all: Vec<KindInfo>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindInfo {
    pub kind: GroupVersionKind,
    pub plural: String,
    pub singular: String,
    pub short_names: Vec<String>,
    pub categories: Vec<String>,
    pub namespaced: bool,
    pub verbs: Vec<String>,
    pub subresources: Vec<Subresource>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subresource {
    /// `status`, `scale`, `binding`.
    pub name: String,
    /// The kind that it speaks: `autoscaling/v1, Kind=Scale` for `scale`.
    pub kind: GroupVersionKind,
    pub verbs: Vec<String>,
}

pub(super) struct Builtin {
    pub types: Types,
    pub kinds: Kinds,
}

impl Kinds {
    pub fn builtin() -> &'static Self {
        &builtin().kinds
    }

    pub fn get(&self, kind: &GroupVersionKind) -> Option<&KindInfo> {
        self.all.iter().find(|info| info.kind == *kind)
    }

    pub fn by_plural(&self, group: &str, version: &str, plural: &str) -> Option<&KindInfo> {
        self.all
            .iter()
            .find(|info| info.plural == plural && info.kind.group == group && info.kind.version == version)
    }
}

pub(super) fn builtin() -> &'static Builtin {
    static BUILTIN: LazyLock<Builtin> =
        LazyLock::new(|| Builtin { types: Types::new(), kinds: Kinds::default() });
    &BUILTIN
}
