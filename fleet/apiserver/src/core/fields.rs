//! Field selectors: which fields each kind can be selected by.

use crate::core::body;
use crate::core::failure::Failure;
use crate::core::registry::Resource;
use crate::core::selector::Fields;
use serde_json::Value;

/// (group, plural, fields) beyond `metadata.name` and `metadata.namespace`.
const SELECTABLE: &[(&str, &str, &[&str])] = &[
    (
        "",
        "pods",
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    ),
    ("", "nodes", &["spec.unschedulable"]),
    ("", "namespaces", &["status.phase"]),
    ("", "secrets", &["type"]),
    ("", "services", &["spec.clusterIP", "spec.type"]),
    ("", "persistentvolumeclaims", &["name"]),
    ("", "persistentvolumes", &["name"]),
    ("", "replicationcontrollers", &["status.replicas"]),
    ("", "events", EVENT),
    ("events.k8s.io", "events", EVENT),
    ("apps", "replicasets", &["status.replicas"]),
    ("batch", "jobs", &["status.successful"]),
    ("certificates.k8s.io", "certificatesigningrequests", &["spec.signerName"]),
];

const EVENT: &[&str] = &[
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];

pub fn check(selector: &Fields, resource: &Resource) -> Result<(), Failure> {
    for term in &selector.0 {
        let path = &*term.path;
        let builtin = SELECTABLE.iter().any(|(group, plural, fields)| {
            *group == resource.group && *plural == resource.plural && fields.contains(&path)
        });
        let custom = resource
            .custom
            .as_ref()
            .is_some_and(|c| c.selectable_fields.iter().any(|f| f.trim_start_matches('.') == path));
        let always = path == "metadata.name" || (path == "metadata.namespace" && resource.namespaced);
        if !(always || builtin || custom) {
            let known = SELECTABLE.iter().any(|(g, p, _)| *g == resource.group && *p == resource.plural);
            return Err(Failure::bad_request(if known || resource.custom.is_some() {
                format!("field label not supported: {path}")
            } else {
                format!(
                    "\"{path}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                )
            }));
        }
    }
    Ok(())
}

/// A field's text; empty if it is absent.
pub fn value(object: &Value, path: &str, resource: &Resource) -> String {
    let found = match (&*resource.plural, path) {
        ("events", "source") => {
            object.pointer("/source/component").or_else(|| object.get("reportingComponent"))
        }
        ("persistentvolumes" | "persistentvolumeclaims", "name") => object.pointer("/metadata/name"),
        ("jobs", "status.successful") => object.pointer("/status/succeeded"),
        ("nodes", "spec.unschedulable") | ("pods", "spec.hostNetwork") => {
            return body::at(object, path).and_then(Value::as_bool).unwrap_or(false).to_string();
        }
        ("replicasets" | "replicationcontrollers", "status.replicas") => {
            return body::at(object, path).and_then(Value::as_i64).unwrap_or(0).to_string();
        }
        _ => body::at(object, path),
    };
    match found {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
