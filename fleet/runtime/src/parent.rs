use crate::install::{Installation, SYSTEM_NAMESPACE, join, parent_name};
use mainstay_cluster::{Cluster, ClusterError, Identity, Resource};
use mainstay_object::{GroupKind, GroupVersionKind, ObjectKey, Value};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Mutex;

/// KEP-3659: the kinds of which an ApplySet may have members, as `Kind.group`, sorted, with commas between.
const MEMBERS: &str = "applyset.kubernetes.io/contains-group-kinds";

/// The parent of our ApplySet on one cluster. It names every kind of which something may be ours, so that what no record
/// holds any more is found again.
#[derive(Clone)]
pub(crate) struct Parent {
    cluster: Cluster,
    installation: Arc<Installation>,
    /// What is written there; nothing where that is not known.
    covered: Arc<Mutex<Option<Covered>>>,
}

/// Kinds that were named there, and in which state of it.
struct Covered {
    kinds: BTreeSet<GroupKind>,
    version: String,
}

/// How often others may come before us.
const ATTEMPTS: usize = 8;

impl Parent {
    pub fn new(cluster: Cluster, installation: Arc<Installation>) -> Self {
        Self { cluster, installation, covered: Arc::default() }
    }

    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// Every kind that is named and served, in the version that the server prefers of those that have it.
    pub async fn kinds(&self) -> Result<Vec<GroupVersionKind>, ClusterError> {
        let now = self.read().await?;
        let kinds = now.kinds.clone();
        *self.covered.lock().await = Some(now);
        if kinds.is_empty() {
            return Ok(Vec::new());
        }
        let groups: BTreeSet<&str> = kinds.iter().map(|kind| &*kind.group).collect();
        let served = self.cluster.resources_of(|group| groups.contains(group)).await?;
        Ok(as_served(&kinds, &served))
    }

    /// Names kinds there, before any object of them is made. What others named meanwhile stays: work that goes on with an
    /// older connection, or another replica.
    pub async fn cover(&self, kinds: impl Iterator<Item = GroupKind>) -> Result<(), ClusterError> {
        let mut covered = self.covered.lock().await;
        // Before every apply, and nearly always with nothing new.
        let known = covered.as_ref();
        let new: Vec<GroupKind> =
            kinds.filter(|kind| known.is_none_or(|k| !k.kinds.contains(kind))).collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut attempt = 0;
        loop {
            let mut now = match covered.take() {
                Some(known) => known,
                None => self.read().await?,
            };
            let before = now.kinds.len();
            now.kinds.extend(new.iter().cloned());
            let written = match now.kinds.len() == before {
                true => Ok(now),
                false => self.write(now).await,
            };
            attempt += 1;
            match written {
                Ok(now) => {
                    *covered = Some(now);
                    return Ok(());
                }
                Err(ClusterError::Conflict { .. }) if attempt < ATTEMPTS => {}
                // Somebody deleted it.
                Err(ClusterError::NotFound { .. }) if attempt < ATTEMPTS => {
                    join(&self.cluster, &self.installation).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// In the place of the state that was read, and of no other.
    async fn write(&self, now: Covered) -> Result<Covered, ClusterError> {
        let names: BTreeSet<String> = now.kinds.iter().map(name).collect();
        let names: Vec<String> = names.into_iter().collect();
        let mut metadata = json!({"annotations": {MEMBERS: names.join(",")}});
        if !now.version.is_empty() {
            metadata["resourceVersion"] = Value::from(now.version);
        }
        let patch = json!({"metadata": metadata});
        let written = self.cluster.merge_patch(&self.key(), "v1", None, &patch, &Identity::Own).await?;
        Ok(Covered { kinds: now.kinds, version: version(&written) })
    }

    async fn read(&self) -> Result<Covered, ClusterError> {
        let live = match self.cluster.get(&self.key(), "v1", &Identity::Own).await {
            Ok(live) => live,
            Err(ClusterError::NotFound { .. }) => Value::Null,
            Err(error) => return Err(error),
        };
        let members = live.pointer("/metadata/annotations").and_then(|all| all.get(MEMBERS)?.as_str());
        let kinds = members.unwrap_or_default().split(',').map(str::trim).filter(|m| !m.is_empty()).map(kind);
        Ok(Covered { kinds: kinds.collect(), version: version(&live) })
    }

    fn key(&self) -> ObjectKey {
        ObjectKey::new("", "ConfigMap", SYSTEM_NAMESPACE, parent_name(&self.installation.uid))
    }
}

/// What its group does not serve yet is looked for in the version that comes first there; what has no group, nowhere.
fn as_served(kinds: &BTreeSet<GroupKind>, served: &[Resource]) -> Vec<GroupVersionKind> {
    let version = |wanted: &GroupKind| {
        let mut of_group = served.iter().filter(|resource| *resource.group == *wanted.group);
        let first = of_group.clone().next();
        of_group.find(|resource| *resource.kind == *wanted.kind).or(first).map(|resource| &*resource.version)
    };
    let found = kinds.iter().filter_map(|kind| Some((kind, version(kind)?)));
    found.map(|(kind, version)| GroupVersionKind::new(&*kind.group, version, &*kind.kind)).collect()
}

fn version(object: &Value) -> String {
    object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn name(kind: &GroupKind) -> String {
    if kind.group.is_empty() { kind.kind.to_string() } else { format!("{}.{}", kind.kind, kind.group) }
}

fn kind(name: &str) -> GroupKind {
    let (kind, group) = name.split_once('.').unwrap_or((name, ""));
    GroupKind::new(group, kind)
}

#[cfg(test)]
mod tests {
    use super::{as_served, kind, name};
    use mainstay_cluster::Resource;

    #[test]
    fn a_kind_is_looked_through_in_a_version_that_has_it() {
        let resource = |version: &str, kind: &str| Resource {
            group: "monitoring.example.com".into(),
            version: version.into(),
            kind: kind.into(),
            plural: format!("{}s", kind.to_lowercase()),
            namespaced: true,
            verbs: vec!["list".into()],
        };
        let served = [resource("v1", "Monitor"), resource("v1alpha1", "Scrape")];
        let named =
            ["Monitor", "Scrape", "Later"].map(|name| kind(&format!("{name}.monitoring.example.com")));
        let kinds = named.into_iter().chain([kind("Gone.example.com")]).collect();
        let found: Vec<String> =
            as_served(&kinds, &served).iter().map(|k| format!("{} {}", k.version, k.kind)).collect();
        assert_eq!(found, ["v1 Later", "v1 Monitor", "v1alpha1 Scrape"]);
    }

    #[test]
    fn kinds_are_named_as_the_convention_says() {
        for text in ["ConfigMap", "Deployment.apps", "Cluster.cluster.x-k8s.io"] {
            assert_eq!(name(&kind(text)), text);
        }
        assert_eq!(&*kind("Deployment.apps").group, "apps");
    }
}
