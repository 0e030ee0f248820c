use crate::request::{Call, escape};
use crate::{Cluster, ClusterError, Identity};
use http::Method;
use mainstay_object::{GroupVersion, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// How the API server serves a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    pub group: String,
    pub version: String,
    pub kind: String,
    pub plural: String,
    pub namespaced: bool,
    pub verbs: Vec<String>,
}

impl Resource {
    pub fn api_version(&self) -> String {
        GroupVersion::new(&*self.group, &*self.version).to_string()
    }

    /// The path of one object, or of the collection. The namespace is left out where the kind has none.
    pub fn path(&self, namespace: &str, name: Option<&str>, query: &str) -> String {
        let root = if self.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", self.group) };
        let mut path = format!("{root}/{}", self.version);
        if self.namespaced && !namespace.is_empty() {
            path = format!("{path}/namespaces/{}", escape(namespace));
        }
        path = format!("{path}/{}", self.plural);
        if let Some(name) = name {
            path = format!("{path}/{}", escape(name));
        }
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }
}

/// Resources by group and version. Filled version by version when a kind is first asked for; a kind that is missing is
/// asked for again, since a definition may have come in the meantime.
#[derive(Default)]
pub(crate) struct Cache {
    versions: Mutex<BTreeMap<GroupVersion, Vec<Resource>>>,
}

impl Cache {
    fn find(&self, version: &GroupVersion, kind: &str) -> Option<Resource> {
        let cache = self.versions.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        cache.get(version)?.iter().find(|r| r.kind == kind).cloned()
    }

    fn keep(&self, version: GroupVersion, resources: Vec<Resource>) {
        self.versions.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(version, resources);
    }
}

impl Cluster {
    /// How a kind is served, from the cache where it is known.
    pub async fn resource(&self, group: &str, version: &str, kind: &str) -> Result<Resource, ClusterError> {
        let wanted = GroupVersion::new(group, version);
        if let Some(found) = self.discovery.find(&wanted, kind) {
            return Ok(found);
        }
        let missing = || ClusterError::NoKind { kind: kind.to_owned(), version: wanted.to_string() };
        let resources = match self.discover(&wanted).await {
            Ok(resources) => resources,
            Err(ClusterError::NotFound { .. }) => return Err(missing()),
            Err(other) => return Err(other),
        };
        self.discovery.keep(wanted.clone(), resources);
        self.discovery.find(&wanted, kind).ok_or_else(missing)
    }

    async fn discover(&self, version: &GroupVersion) -> Result<Vec<Resource>, ClusterError> {
        let root =
            if version.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", version.group) };
        let call = Call {
            method: Method::GET,
            path: format!("{root}/{}", version.version),
            content_type: None,
            body: Vec::new(),
            identity: &Identity::Own,
        };
        let list = self.call(call).await?;
        let resources = list.get("resources").and_then(Value::as_array);
        Ok(resources.into_iter().flatten().filter_map(|r| read(version, r)).collect())
    }

    /// Every resource that can be listed, once: what a namespace may hold.
    pub async fn all_resources(&self) -> Result<Vec<Resource>, ClusterError> {
        self.resources_of(|_| true).await
    }

    /// Every resource of some groups that can be listed, once: in the version that its group prefers, or else in the first
    /// that has it. Many a kind is served in a version that its group does not prefer, and in no other.
    pub async fn resources_of(
        &self,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Resource>, ClusterError> {
        let mut versions: Vec<GroupVersion> =
            is_wanted("").then(|| GroupVersion::new("", "v1")).into_iter().collect();
        let groups = self.raw("/apis").await?;
        let groups = groups.get("groups").and_then(Value::as_array).into_iter().flatten();
        for group in groups.filter(|group| group["name"].as_str().is_some_and(&is_wanted)) {
            let preferred = group.get("preferredVersion");
            let served = group.get("versions").and_then(Value::as_array).into_iter().flatten();
            let named = preferred.into_iter().chain(served);
            let named = named.filter_map(|version| version.get("groupVersion")?.as_str());
            for version in named.map(GroupVersion::parse) {
                if !versions.contains(&version) {
                    versions.push(version);
                }
            }
        }
        let (mut out, mut known) = (Vec::new(), BTreeSet::new());
        for version in versions {
            for resource in self.discover(&version).await? {
                let listed = resource.verbs.iter().any(|verb| verb == "list");
                if listed && known.insert((resource.group.clone(), resource.plural.clone())) {
                    out.push(resource);
                }
            }
        }
        Ok(out)
    }
}

fn read(version: &GroupVersion, resource: &Value) -> Option<Resource> {
    let text = |key: &str| resource.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let plural = text("name");
    // A slash names a subresource.
    if plural.contains('/') || plural.is_empty() {
        return None;
    }
    let verbs = resource.get("verbs").and_then(Value::as_array);
    Some(Resource {
        group: version.group.clone(),
        version: version.version.clone(),
        kind: text("kind"),
        plural,
        namespaced: resource.get("namespaced").and_then(Value::as_bool).unwrap_or_default(),
        verbs: verbs.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
    })
}
