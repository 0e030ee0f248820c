//! What the API server demands of built-in kinds beyond their schemas.

mod crd;
mod immutable;
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
        ("", "configmaps" | "secrets") => data(object, errors),
        ("apps", _) | ("batch", _) | ("", "pods" | "replicationcontrollers" | "podtemplates") => {
            workload::validate(object, resource, errors);
        }
        ("apiextensions.k8s.io", "customresourcedefinitions") => crd::validate(object, live, errors),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => binding(object, errors),
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

fn data(object: &Value, errors: &mut Vec<FieldError>) {
    const LIMIT: usize = 1 << 20;
    let mut size = 0;
    for key in ["data", "binaryData"] {
        for (name, value) in object.get(key).and_then(Value::as_object).into_iter().flatten() {
            size += value.as_str().map_or(0, str::len);
            let valid = !name.is_empty()
                && name.len() <= 253
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                && name != "."
                && !name.starts_with("..");
            if !valid {
                let detail = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
                errors.push(invalid(format!("{key}[{name}]"), (&**name).into(), detail));
            }
        }
    }
    if size > LIMIT {
        let detail = format!("may not be more than {LIMIT} bytes");
        let kind = mainstay_object::FieldErrorKind::TooLong;
        errors.push(crate::core::failure::field_error(kind, "data", None, detail));
    }
}

fn binding(object: &Value, errors: &mut Vec<FieldError>) {
    if text(object, "/roleRef/name").is_empty() {
        errors.push(required("roleRef.name", ""));
    }
    let kind = text(object, "/roleRef/kind");
    if !matches!(kind, "Role" | "ClusterRole") {
        let mut error = invalid("roleRef.kind", kind.into(), "supported values: \"ClusterRole\", \"Role\"");
        error.kind = mainstay_object::FieldErrorKind::NotSupported;
        errors.push(error);
    }
}
