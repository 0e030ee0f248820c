//! Which resources a cluster serves: the built-in ones, and those of its established CRDs.

pub mod builtin;
pub mod custom;
pub mod resource;

pub use custom::Column;
pub use resource::{Resource, Subresource};

use mainstay_object::Minor;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Default)]
pub struct Registry {
    /// By CRD name (`plural.group`): its served versions, in order of preference.
    custom: BTreeMap<String, Vec<Arc<Resource>>>,
    minor: Minor,
}

impl Registry {
    /// The built-in resources of a minor version of Kubernetes.
    pub fn of_minor(minor: Minor) -> Self {
        Self { minor, ..Self::default() }
    }

    pub fn minor(&self) -> Minor {
        self.minor
    }

    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        let matches = |r: &&Arc<Resource>| r.plural == plural && r.group == group && r.version == version;
        builtin::all(self.minor)
            .iter()
            .find(matches)
            .or_else(|| self.custom.get(&format!("{plural}.{group}"))?.iter().find(matches))
            .cloned()
    }

    /// Why there is no resource: its group, or what it is in the group.
    pub fn nothing(&self, group: &str) -> crate::core::failure::Failure {
        if self.iter().any(|r| r.group == group) {
            crate::core::failure::Failure::no_path()
        } else {
            crate::core::failure::Failure::no_page()
        }
    }

    pub fn find_kind(&self, group: &str, version: &str, kind: &str) -> Option<Arc<Resource>> {
        self.iter().find(|r| r.group == group && r.version == version && r.kind == kind).cloned()
    }

    /// The resource of a group and plural in any version, the preferred one first.
    pub fn find_any_version(&self, group: &str, plural: &str) -> Option<Arc<Resource>> {
        self.iter().find(|r| r.plural == plural && r.group == group).cloned()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Resource>> {
        builtin::all(self.minor).iter().chain(self.custom.values().flatten())
    }

    /// Resources that have objects of their own, each once.
    pub fn stored(&self) -> Vec<Arc<Resource>> {
        let mut seen = std::collections::BTreeSet::new();
        self.iter().filter(|r| !r.is_virtual() && seen.insert(r.prefix())).cloned().collect()
    }

    pub fn is_served(&self, group: &str, version: &str) -> bool {
        self.iter().any(|r| r.group == group && r.version == version)
    }

    /// Groups but the core one, each with its versions in order of preference.
    pub fn groups(&self) -> Vec<(String, Vec<String>)> {
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        for resource in self.iter().filter(|r| !r.group.is_empty()) {
            let at = groups.iter().position(|(g, _)| *g == resource.group);
            let at = at.unwrap_or_else(|| {
                groups.push((resource.group.clone(), Vec::new()));
                groups.len() - 1
            });
            if !groups[at].1.contains(&resource.version) {
                groups[at].1.push(resource.version.clone());
            }
        }
        let builtin =
            builtin::all(self.minor).iter().map(|r| &r.group).collect::<std::collections::BTreeSet<_>>();
        for (group, versions) in &mut groups {
            if !builtin.contains(group) {
                versions.sort_by(|a, b| custom::version_order(a, b));
            }
        }
        groups
    }

    pub fn set_custom(&mut self, crd: &str, versions: Vec<Arc<Resource>>) {
        if versions.is_empty() {
            self.custom.remove(crd);
        } else {
            self.custom.insert(crd.to_owned(), versions);
        }
    }

    pub fn custom(&self, crd: &str) -> &[Arc<Resource>] {
        self.custom.get(crd).map_or(&[], Vec::as_slice)
    }
}
