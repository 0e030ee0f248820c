//! Fields that an update may not change.

use crate::core::body::{at, text};
use crate::core::failure::{forbidden_field, invalid};
use crate::core::registry::Resource;
use mainstay_object::FieldError;
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
            let (old, now) = (text(live, "/spec/clusterIP"), text(new, "/spec/clusterIP"));
            let same_kind =
                (text(live, "/spec/type") == "ExternalName") == (text(new, "/spec/type") == "ExternalName");
            if same_kind && !old.is_empty() && old != now {
                let value = Value::Array(vec![now.into()]);
                errors.push(invalid("spec.clusterIPs[0]", value[0].clone(), "may not change once set"));
            }
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
    if now != old {
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
    let fixed = |v: &Value| without(v.get("spec"), &["resources", "volumeAttributesClassName", "volumeName"]);
    let bound = !text(live, "/spec/volumeName").is_empty();
    let resources_changed = at(new, "spec.resources") != at(live, "spec.resources");
    let volume_changed = bound && text(new, "/spec/volumeName") != text(live, "/spec/volumeName");
    if fixed(new) != fixed(live)
        || volume_changed
        || (resources_changed && text(live, "/status/phase") != "Bound")
    {
        errors.push(forbidden_field("spec", CLAIM));
    }
}

fn pod(new: &Value, live: &Value, errors: &mut Vec<FieldError>) {
    let fixed = |v: &Value| {
        let open = [
            "activeDeadlineSeconds",
            "tolerations",
            "terminationGracePeriodSeconds",
            "schedulingGates",
            "nodeName",
        ];
        let mut spec = without(v.get("spec"), &open);
        for key in ["containers", "initContainers"] {
            for container in spec.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(map) = container.as_object_mut() {
                    map.remove("image");
                }
            }
        }
        spec
    };
    if fixed(new) != fixed(live) {
        errors.push(forbidden_field("spec", POD));
    }
}
