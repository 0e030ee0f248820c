//! What an API server is and serves, as a chart sees it.
use crate::{Cluster, ClusterError};
use mainstay_object::{GroupKind, Value};
use mainstay_unit::Capabilities;
use std::collections::BTreeSet;

/// Every group with all that it serves, in one answer (KEP-3352), in beta on Kubernetes 1.27 to 1.29.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

impl Cluster {
    /// Version, groups and kinds, in three requests where the server aggregates what it tells.
    pub async fn capabilities(&self) -> Result<Capabilities, ClusterError> {
        let version = self.raw("/version").await?;
        let version = version.get("gitVersion").and_then(Value::as_str).map(str::to_owned);
        let version = version
            .ok_or_else(|| ClusterError::Unreadable { message: "the server tells no version".to_owned() })?;
        let mut served = Served::default();
        for path in ["/api", "/apis"] {
            let told = self.told(path, AGGREGATED).await?;
            if told.get("kind").and_then(Value::as_str) == Some("APIGroupDiscoveryList") {
                served.aggregated(&told);
            } else {
                self.one_by_one(path, &told, &mut served).await?;
            }
        }
        let Served { apis, cluster_scoped } = served;
        Ok(Capabilities { version, apis: apis.into_iter().collect(), cluster_scoped })
    }

    /// A server that does not aggregate: version by version. A group whose server does not answer is left out, as Helm
    /// leaves it out.
    async fn one_by_one(&self, path: &str, told: &Value, served: &mut Served) -> Result<(), ClusterError> {
        let versions: Vec<&str> = match told.get("versions").and_then(Value::as_array) {
            Some(versions) => versions.iter().filter_map(Value::as_str).collect(),
            None => items(told, "groups")
                .flat_map(|group| items(group, "versions"))
                .filter_map(|version| version.get("groupVersion")?.as_str())
                .collect(),
        };
        for version in versions {
            let list = match self.raw(&format!("{path}/{version}")).await {
                Ok(list) => list,
                Err(ClusterError::Server { .. } | ClusterError::NotFound { .. }) => continue,
                Err(other) => return Err(other),
            };
            let group = version.split_once('/').map_or("", |(group, _)| group);
            served.apis.insert(version.to_owned());
            for resource in items(&list, "resources") {
                let namespaced = resource.get("namespaced").and_then(Value::as_bool) == Some(true);
                served.kind(group, version, resource.get("kind"), namespaced);
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Served {
    apis: BTreeSet<String>,
    cluster_scoped: BTreeSet<GroupKind>,
}

impl Served {
    fn aggregated(&mut self, told: &Value) {
        for item in items(told, "items") {
            let group = item.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            for version in items(item, "versions") {
                let Some(name) = version.get("version").and_then(Value::as_str) else { continue };
                let id = if group.is_empty() { name.to_owned() } else { format!("{group}/{name}") };
                self.apis.insert(id.clone());
                for resource in items(version, "resources") {
                    let namespaced = resource.get("scope").and_then(Value::as_str) == Some("Namespaced");
                    self.kind(group, &id, resource.pointer("/responseKind/kind"), namespaced);
                    for below in items(resource, "subresources") {
                        self.kind(group, &id, below.pointer("/responseKind/kind"), true);
                    }
                }
            }
        }
    }

    fn kind(&mut self, group: &str, version: &str, kind: Option<&Value>, namespaced: bool) {
        let Some(kind) = kind.and_then(Value::as_str).filter(|kind| !kind.is_empty()) else { return };
        self.apis.insert(format!("{version}/{kind}"));
        if !namespaced {
            self.cluster_scoped.insert(GroupKind::new(group, kind));
        }
    }
}

fn items<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_told_together_is_told_by_version_and_kind() {
        let mut served = Served::default();
        served.aggregated(&json!({"kind": "APIGroupDiscoveryList", "items": [
            {"metadata": {}, "versions": [{"version": "v1", "resources": [
                {"scope": "Cluster", "responseKind": {"kind": "Node"}},
                {"scope": "Namespaced", "responseKind": {"kind": "Pod"},
                 "subresources": [{"responseKind": {"kind": "Eviction"}}]},
            ]}]},
            {"metadata": {"name": "apps"}, "versions": [{"version": "v1", "resources": []}]},
        ]}));
        let apis: Vec<&str> = served.apis.iter().map(String::as_str).collect();
        assert_eq!(apis, ["apps/v1", "v1", "v1/Eviction", "v1/Node", "v1/Pod"]);
        assert_eq!(served.cluster_scoped, [GroupKind::new("", "Node")].into());
    }
}
