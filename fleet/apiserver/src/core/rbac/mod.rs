//! Who may do what: roles, bindings and impersonation.

mod authorize;
mod escalation;
mod rules;

pub use authorize::verb;
pub use escalation::check_escalation;
pub use rules::{Attributes, Rules};

use crate::core::failure::Failure;
use crate::core::request::{Impersonate, User};

/// Checks each impersonation header with the verb `impersonate` and returns who the user becomes.
pub fn impersonate(rules: &Rules, user: &User, asked: &Impersonate) -> Result<User, Failure> {
    if asked.user.is_empty() {
        return Err(Failure::bad_request(
            "requested impersonation of groups, uid or extra without impersonating a user",
        ));
    }
    let mut checks: Vec<(&str, &str, &str, String, String)> = Vec::new();
    match service_account(&asked.user) {
        Some((namespace, name)) => {
            checks.push(("", "serviceaccounts", "", namespace.to_owned(), name.to_owned()));
        }
        None => checks.push(("", "users", "", String::new(), asked.user.clone())),
    }
    checks.extend(asked.groups.iter().map(|g| ("", "groups", "", String::new(), g.clone())));
    if !asked.uid.is_empty() {
        checks.push(("authentication.k8s.io", "uids", "", String::new(), asked.uid.clone()));
    }
    for (key, values) in &asked.extra {
        let each =
            values.iter().map(|v| ("authentication.k8s.io", "userextras", &**key, String::new(), v.clone()));
        checks.extend(each);
    }
    for (group, resource, subresource, namespace, name) in checks {
        let attributes = Attributes {
            verb: "impersonate",
            group,
            resource,
            subresource,
            namespace: &namespace,
            name: &name,
        };
        if !rules.allows(user, &attributes) {
            let scope = if namespace.is_empty() {
                "at the cluster scope".to_owned()
            } else {
                format!("in the namespace \"{namespace}\"")
            };
            let why = format!(
                "User \"{}\" cannot impersonate resource \"{resource}\" in API group \"{group}\" {scope}",
                user.name
            );
            let what = crate::core::failure::Named { group, plural: resource };
            return Err(Failure::forbidden(what, &name, &why));
        }
    }
    let mut groups = asked.groups.clone();
    if let Some((namespace, _)) = service_account(&asked.user)
        && groups.is_empty()
    {
        groups = vec!["system:serviceaccounts".into(), format!("system:serviceaccounts:{namespace}")];
    }
    let everyone =
        if asked.user == "system:anonymous" { "system:unauthenticated" } else { "system:authenticated" };
    if !groups.iter().any(|g| g == everyone) {
        groups.push(everyone.into());
    }
    Ok(User { name: asked.user.clone(), uid: asked.uid.clone(), groups, extra: asked.extra.clone() })
}

/// `system:serviceaccount:NAMESPACE:NAME`
pub fn service_account(user: &str) -> Option<(&str, &str)> {
    user.strip_prefix("system:serviceaccount:")?.split_once(':')
}
