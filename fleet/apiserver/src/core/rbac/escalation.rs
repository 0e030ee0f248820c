//! Nobody grants what he doesn't have.

use super::rules::{Attributes, Rule, Rules};
use crate::core::body;
use crate::core::cluster::Cluster;
use crate::core::failure::Failure;
use crate::core::registry::Resource;
use crate::core::request::User;
use serde_json::Value;

/// Refuses a role or binding that would give more than its author may do, unless he may `escalate` or `bind`.
pub fn check_escalation(
    cluster: &Cluster,
    user: &User,
    resource: &Resource,
    namespace: &str,
    object: &Value,
) -> Result<(), Failure> {
    if user.in_group("system:masters") {
        return Ok(());
    }
    let rules = &cluster.rules;
    let name = body::meta(object, "name");
    let may = |verb: &str, plural: &str, name: &str| {
        rules.allows(
            user,
            &Attributes {
                verb,
                group: "rbac.authorization.k8s.io",
                resource: plural,
                subresource: "",
                namespace,
                name,
            },
        )
    };
    let granted: Vec<Rule> = if resource.plural.ends_with("bindings") {
        let referred = body::text(object, "/roleRef/name");
        let is_role = body::text(object, "/roleRef/kind") == "Role";
        if may("bind", if is_role { "roles" } else { "clusterroles" }, referred) {
            return Ok(());
        }
        let of = if is_role { namespace } else { "" };
        rules.role(of, referred).map(<[Rule]>::to_vec).unwrap_or_default()
    } else {
        if may("escalate", &resource.plural, name) {
            return Ok(());
        }
        Rule::of(object)
    };
    let missing: Vec<String> =
        granted.iter().filter(|rule| !holds(rules, user, namespace, rule)).map(shown).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let groups: Vec<String> = user.groups.iter().map(|g| format!("{g:?}")).collect();
    let why = format!(
        "user {:?} (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}",
        user.name,
        groups.join(" "),
        missing.join("\n")
    );
    Err(Failure::forbidden(resource.named(), name, &why))
}

fn holds(rules: &Rules, user: &User, namespace: &str, wanted: &Rule) -> bool {
    let own: Vec<&Rule> = rules.rules_for(user, namespace).collect();
    let covers = |list: &[String], item: &String| list.iter().any(|have| have == "*" || have == item);
    let each = |verb: &String| {
        let paths = wanted
            .paths
            .iter()
            .all(|path| own.iter().any(|r| covers(&r.verbs, verb) && covers(&r.paths, path)));
        let resources = wanted.groups.iter().all(|group| {
            wanted.resources.iter().all(|resource| {
                own.iter().any(|r| {
                    covers(&r.verbs, verb)
                        && covers(&r.groups, group)
                        && covers(&r.resources, resource)
                        && (r.names.is_empty()
                            || (!wanted.names.is_empty() && wanted.names.iter().all(|n| r.names.contains(n))))
                })
            })
        });
        paths && resources
    };
    wanted.verbs.iter().all(each)
}

fn shown(rule: &Rule) -> String {
    let list = |items: &[String]| items.iter().map(|i| format!("{i:?}")).collect::<Vec<_>>().join(" ");
    let mut parts = Vec::new();
    for (label, items) in [
        ("APIGroups", &rule.groups),
        ("Resources", &rule.resources),
        ("ResourceNames", &rule.names),
        ("NonResourceURLs", &rule.paths),
        ("Verbs", &rule.verbs),
    ] {
        if !items.is_empty() {
            parts.push(format!("{label}:[{}]", list(items)));
        }
    }
    format!("{{{}}}", parts.join(", "))
}
