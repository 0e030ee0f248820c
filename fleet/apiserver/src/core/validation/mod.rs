//! What the API server demands of built-in kinds beyond their schemas.

mod access;
mod crd;
mod data;
mod immutable;
mod pod;
pub mod rules;
mod workload;

use crate::core::body::{at, text};
use crate::core::failure::{invalid, required};
use crate::core::registry::Resource;
use mainstay_object::FieldError;
use serde_json::Value;

pub fn validate(object: &Value, live: Option<&Value>, resource: &Resource, errors: &mut Vec<FieldError>) {
    if resource.custom.is_some() {
        return;
    }
    match (&*resource.group, &*resource.plural) {
        ("", "services") => service(object, errors),
        ("", "configmaps") => data::config_map(object, errors),
        ("", "secrets") => data::secret(object, errors),
        ("coordination.k8s.io", "leases") => data::lease(object, errors),
        ("", "events") => data::event(object, errors),
        ("apps", _) | ("batch", _) | ("", "pods" | "replicationcontrollers" | "podtemplates") => {
            workload::validate(object, resource, errors);
        }
        ("apiextensions.k8s.io", "customresourcedefinitions") => crd::validate(object, live, errors),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => {
            access::binding(object, resource, errors);
        }
        ("rbac.authorization.k8s.io", _) => access::role(object, resource, errors),
        _ => {}
    }
    if let Some(live) = live {
        immutable::validate(object, live, resource, errors);
    }
}

fn service(object: &Value, errors: &mut Vec<FieldError>) {
    let kind = text(object, "/spec/type");
    if !matches!(kind, "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName") && !kind.is_empty() {
        let mut error = invalid(
            "spec.type",
            kind.into(),
            "supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"",
        );
        error.kind = mainstay_object::FieldErrorKind::NotSupported;
        errors.push(error);
    }
    let ports = at(object, "spec.ports").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if ports.is_empty() && kind != "ExternalName" && text(object, "/spec/clusterIP") != "None" {
        errors.push(required("spec.ports", ""));
    }
    for (i, port) in ports.iter().enumerate() {
        let number = at(port, "port").and_then(Value::as_i64).unwrap_or(0);
        if !(1..=65_535).contains(&number) {
            let detail = "must be between 1 and 65535, inclusive";
            errors.push(invalid(format!("spec.ports[{i}].port"), number.into(), detail));
        }
        if ports.len() > 1 && text(port, "/name").is_empty() {
            errors.push(required(format!("spec.ports[{i}].name"), ""));
        }
    }
    if kind == "ExternalName" && text(object, "/spec/externalName").is_empty() {
        errors.push(required("spec.externalName", ""));
    }
}
