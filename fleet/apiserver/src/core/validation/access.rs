//! Roles and bindings.

use crate::core::body::{strings, text};
use crate::core::failure::{field_error, invalid, required};
use crate::core::registry::Resource;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::Value;

const GROUP: &str = "rbac.authorization.k8s.io";

pub fn role(object: &Value, resource: &Resource, errors: &mut Vec<FieldError>) {
    let rules = object.get("rules").and_then(Value::as_array);
    for (i, rule) in rules.into_iter().flatten().enumerate() {
        let path = format!("rules[{i}]");
        let list = |key: &str| strings(rule.get(key));
        if list("verbs").is_empty() {
            errors.push(required(format!("{path}.verbs"), "verbs must contain at least one value"));
        }
        let urls = list("nonResourceURLs");
        if !urls.is_empty() {
            let here = format!("{path}.nonResourceURLs");
            if resource.namespaced {
                let detail = "namespaced rules cannot apply to non-resource URLs";
                errors.push(invalid(here.clone(), urls.clone().into(), detail));
            }
            if ["apiGroups", "resources", "resourceNames"].iter().any(|key| !list(key).is_empty()) {
                let detail = "rules cannot apply to both regular resources and non-resource URLs";
                errors.push(invalid(here, urls.into(), detail));
            }
            continue;
        }
        if list("apiGroups").is_empty() {
            let detail = "resource rules must supply at least one api group";
            errors.push(required(format!("{path}.apiGroups"), detail));
        }
        if list("resources").is_empty() {
            let detail = "resource rules must supply at least one resource";
            errors.push(required(format!("{path}.resources"), detail));
        }
    }
}

pub fn binding(object: &Value, resource: &Resource, errors: &mut Vec<FieldError>) {
    let unsupported = |path: &str, value: &str, supported: &[&str]| {
        let shown: Vec<String> = supported.iter().map(|s| format!("{s:?}")).collect();
        let detail = format!("supported values: {}", shown.join(", "));
        field_error(FieldErrorKind::NotSupported, path, Some(value.into()), detail)
    };
    let group = text(object, "/roleRef/apiGroup");
    if group != GROUP {
        errors.push(unsupported("roleRef.apiGroup", group, &[GROUP]));
    }
    let kinds: &[&str] = if resource.namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    let kind = text(object, "/roleRef/kind");
    if !kinds.contains(&kind) {
        errors.push(unsupported("roleRef.kind", kind, kinds));
    }
    if text(object, "/roleRef/name").is_empty() {
        errors.push(required("roleRef.name", ""));
    }
    let subjects = object.get("subjects").and_then(Value::as_array);
    for (i, subject) in subjects.into_iter().flatten().enumerate() {
        let path = format!("subjects[{i}]");
        let (kind, group) = (text(subject, "/kind"), text(subject, "/apiGroup"));
        if text(subject, "/name").is_empty() {
            errors.push(required(format!("{path}.name"), ""));
        }
        match kind {
            "ServiceAccount" => {
                if !group.is_empty() {
                    errors.push(unsupported(&format!("{path}.apiGroup"), group, &[""]));
                }
                if !resource.namespaced && text(subject, "/namespace").is_empty() {
                    errors.push(required(format!("{path}.namespace"), ""));
                }
            }
            "User" | "Group" if group != GROUP => {
                errors.push(unsupported(&format!("{path}.apiGroup"), group, &[GROUP]));
            }
            "User" | "Group" => {}
            other => {
                let kinds = ["ServiceAccount", "User", "Group"];
                errors.push(unsupported(&format!("{path}.kind"), other, &kinds));
            }
        }
    }
}
