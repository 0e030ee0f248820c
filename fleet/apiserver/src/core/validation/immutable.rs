//! Fields that an update may not change.

use super::common::{given, list, of_struct, shown_selector};
use crate::core::addresses;
use crate::core::body::{at, text};
use crate::core::failure::{forbidden_field, invalid, required};
use crate::core::registry::Resource;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::Value;

const IMMUTABLE: &str = "field is immutable";
const STATEFUL_SET: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
const STATEFUL_SET_OPEN: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];
const CLAIM: &str = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
const POD: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// (group, plural, path)
const FIELDS: &[(&str, &str, &str)] = &[
    ("apps", "deployments", "spec.selector"),
    ("apps", "replicasets", "spec.selector"),
    ("apps", "daemonsets", "spec.selector"),
    ("batch", "jobs", "spec.selector"),
    ("batch", "jobs", "spec.completionMode"),
    ("batch", "jobs", "spec.podFailurePolicy"),
    ("batch", "jobs", "spec.backoffLimitPerIndex"),
    ("storage.k8s.io", "storageclasses", "provisioner"),
    ("storage.k8s.io", "storageclasses", "parameters"),
    ("storage.k8s.io", "storageclasses", "reclaimPolicy"),
    ("storage.k8s.io", "storageclasses", "volumeBindingMode"),
    ("scheduling.k8s.io", "priorityclasses", "preemptionPolicy"),
    ("networking.k8s.io", "ingressclasses", "spec.controller"),
    ("node.k8s.io", "runtimeclasses", "handler"),
    ("", "secrets", "type"),
    ("apiextensions.k8s.io", "customresourcedefinitions", "spec.group"),
    ("apiextensions.k8s.io", "customresourcedefinitions", "spec.scope"),
    ("apiextensions.k8s.io", "customresourcedefinitions", "spec.names.kind"),
    ("apiextensions.k8s.io", "customresourcedefinitions", "spec.names.plural"),
];

pub fn validate(new: &Value, live: &Value, resource: &Resource, errors: &mut Vec<FieldError>) {
    for (group, plural, path) in FIELDS {
        if *group == resource.group && *plural == resource.plural {
            unchanged(new, live, path, errors);
        }
    }
    match (&*resource.group, &*resource.plural) {
        ("", "services") => {
            errors.extend(addresses::downgrades(new, live));
        }
        ("", "configmaps" | "secrets") => sealed(new, live, errors),
        ("", "pods") => pod(new, live, errors),
        ("", "persistentvolumeclaims") => claim(new, live, errors),
        ("apps", "statefulsets") => stateful_set(new, live, errors),
        ("scheduling.k8s.io", "priorityclasses") if new.get("value") != live.get("value") => {
            errors.push(forbidden_field("value", "may not be changed in an update."));
        }
        ("batch", "jobs") => {
            let suspended = at(live, "spec.suspend").and_then(Value::as_bool) == Some(true);
            if !suspended {
                unchanged(new, live, "spec.template", errors);
            }
            unchanged(new, live, "spec.completions", errors);
        }
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings")
            if new.get("roleRef") != live.get("roleRef") =>
        {
            // The server's own struct has no names for JSON.
            let field = |name: &str| text(new, &format!("/roleRef/{name}")).to_owned();
            let value = serde_json::json!({
                "APIGroup": field("apiGroup"), "Kind": field("kind"), "Name": field("name"),
            });
            errors.push(invalid("roleRef", value, "cannot change roleRef"));
        }
        _ => {}
    }
}

fn unchanged(new: &Value, live: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let (now, old) = (at(new, path), at(live, path));
    if let (Some(now), true, "spec.selector") = (now.filter(|now| !now.is_null()), now != old, path) {
        errors.push(of_struct(FieldErrorKind::Invalid, path, &shown_selector(now), IMMUTABLE));
    } else if now != old {
        errors.push(invalid(path, now.cloned().unwrap_or(Value::Null), IMMUTABLE));
    }
}

/// `immutable: true` on ConfigMaps and Secrets.
fn sealed(new: &Value, live: &Value, errors: &mut Vec<FieldError>) {
    let is = |v: &Value| v.get("immutable").and_then(Value::as_bool) == Some(true);
    if !is(live) {
        return;
    }
    let detail = "field is immutable when `immutable` is set";
    if !is(new) {
        errors.push(forbidden_field("immutable", detail));
    }
    for key in ["data", "binaryData"] {
        if new.get(key) != live.get(key) {
            errors.push(forbidden_field(key, detail));
        }
    }
}

fn without(spec: Option<&Value>, keys: &[&str]) -> Value {
    let mut spec = spec.cloned().unwrap_or(Value::Null);
    if let Some(map) = spec.as_object_mut() {
        map.retain(|key, value| !keys.contains(&&**key) && !value.is_null());
    }
    spec
}

fn stateful_set(new: &Value, live: &Value, errors: &mut Vec<FieldError>) {
    let fixed = |v: &Value| without(v.get("spec"), &STATEFUL_SET_OPEN);
    if fixed(new) != fixed(live) {
        errors.push(forbidden_field("spec", STATEFUL_SET));
    }
}

fn claim(new: &Value, live: &Value, errors: &mut Vec<FieldError>) {
    let bound = text(new, "/status/phase") == "Bound";
    let mut open = vec![];
    if bound {
        open.extend(["resources", "volumeAttributesClassName"]);
    }
    // These may be set once.
    for field in ["volumeName", "storageClassName"] {
        if at(live, &format!("spec.{field}")).is_none_or(|value| value.is_null() || value == "") {
            open.push(field);
        }
    }
    let fixed = |v: &Value| without(v.get("spec"), &open);
    if fixed(new) != fixed(live) {
        errors.push(forbidden_field("spec", CLAIM));
    }
}

/// The server looks at one thing after the other, and stops where what follows would make no sense.
fn pod(new: &Value, live: &Value, errors: &mut Vec<FieldError>) {
    let none = Value::Null;
    let (spec, old) = (new.get("spec").unwrap_or(&none), live.get("spec").unwrap_or(&none));
    for key in ["containers", "initContainers"] {
        let path = format!("spec.{key}");
        let all = list(spec, key);
        if all.len() != list(old, key).len() {
            errors.push(forbidden_field(path, "pod updates may not add or remove containers"));
            return;
        }
        for (i, container) in all.iter().enumerate() {
            if text(container, "/image").is_empty() {
                errors.push(required(format!("{path}[{i}].image"), ""));
            }
        }
    }
    let path = "spec.activeDeadlineSeconds";
    let seconds = |spec: &Value| given(spec, "activeDeadlineSeconds").and_then(Value::as_i64);
    match (seconds(spec), seconds(old)) {
        (Some(now), _) if !(0..=i64::from(i32::MAX)).contains(&now) => {
            errors.push(invalid(path, now.into(), "must be between 0 and 2147483647, inclusive"));
            return;
        }
        (Some(now), Some(before)) if before < now => {
            errors.push(invalid(path, now.into(), "must be less than or equal to previous value"));
            return;
        }
        (None, Some(_)) => {
            let detail = "must not update from a positive integer to nil value";
            errors.push(invalid(path, Value::Null, detail));
        }
        (Some(_) | None, _) => {}
    }
    let timeless = |toleration: &Value| {
        let mut toleration = toleration.clone();
        toleration.as_object_mut().map(|map| map.remove("tolerationSeconds"));
        toleration
    };
    let now: Vec<Value> = list(spec, "tolerations").iter().map(timeless).collect();
    if list(old, "tolerations").iter().any(|old| !now.contains(&timeless(old))) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.push(forbidden_field("spec.tolerations", detail));
    } else {
        super::pod::tolerations(spec, "spec", errors);
    }
    let fixed = |spec: &Value| {
        let open = ["activeDeadlineSeconds", "tolerations", "schedulingGates"];
        let mut spec = without(Some(spec), &open);
        for key in ["containers", "initContainers"] {
            for container in spec.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(map) = container.as_object_mut() {
                    map.remove("image");
                }
            }
        }
        spec
    };
    if fixed(spec) != fixed(old) {
        errors.push(forbidden_field("spec", POD));
    }
}
