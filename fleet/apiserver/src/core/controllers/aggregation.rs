use crate::core::body;
use crate::core::cluster::Cluster;
use crate::core::selector::Labels;
use serde_json::Value;

/// Stands for all ClusterRoles among the keys to look at.
pub(super) const ROLES: &str = "rbac.authorization.k8s.io/clusterroles/";

/// How deep roles may be parts of parts. Roles that are parts of each other may never come to rest.
const PASSES: usize = 16;

impl Cluster {
    /// ClusterRoles with an `aggregationRule` have the rules of those that it selects, in the order of their names.
    pub(crate) fn aggregate_roles(&mut self) {
        for _ in 0..PASSES {
            if !self.aggregate_once() {
                break;
            }
        }
        // Written by ourselves.
        self.controllers.dirty.remove(ROLES);
    }

    /// Was there anything to do?
    fn aggregate_once(&mut self) -> bool {
        let Some(resource) = self.registry.find("rbac.authorization.k8s.io", "v1", "clusterroles") else {
            return false;
        };
        let roles: Vec<Value> =
            self.store.range(ROLES, None).map(|(_, entry)| body::decode(&entry.body, &resource)).collect();
        let mut changed = false;
        for role in roles.iter().filter(|role| role.get("aggregationRule").is_some_and(Value::is_object)) {
            let rules = aggregated(role, &roles);
            let old = role.get("rules").and_then(Value::as_array).cloned().unwrap_or_default();
            if rules != old && !body::is_terminating(role) {
                let mut role = role.clone();
                body::as_map(&mut role).insert("rules".into(), rules.into());
                self.commit(&resource, role);
                changed = true;
            }
        }
        changed
    }
}

fn aggregated(role: &Value, roles: &[Value]) -> Vec<Value> {
    let selectors = role.pointer("/aggregationRule/clusterRoleSelectors").and_then(Value::as_array);
    let selectors: Vec<Labels> = selectors.into_iter().flatten().filter_map(Labels::from_selector).collect();
    let mut rules: Vec<Value> = Vec::new();
    for other in roles.iter().filter(|other| body::meta(other, "name") != body::meta(role, "name")) {
        let labels = body::meta_value(other, "labels");
        if !selectors.iter().any(|selector| selector.matches(labels)) {
            continue;
        }
        for rule in other.get("rules").and_then(Value::as_array).into_iter().flatten() {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    rules
}
