//! The specification of a pod.

use crate::core::body::text;
use crate::core::failure::{field_error, forbidden_field, invalid, required};
use crate::core::names;
use crate::core::native;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::Value;
use std::collections::BTreeSet;

pub fn spec(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let volumes = volumes(spec, path, errors);
    let containers = list(spec, "containers");
    if containers.is_empty() {
        errors.push(required(format!("{path}.containers"), ""));
    }
    let mut seen = BTreeSet::new();
    for key in ["containers", "initContainers"] {
        for (i, one) in list(spec, key).iter().enumerate() {
            let here = format!("{path}.{key}[{i}]");
            let name = text(one, "/name");
            if name.is_empty() {
                errors.push(required(format!("{here}.name"), ""));
            } else if let Err(why) = names::label(name) {
                errors.extend(why.into_iter().map(|w| invalid(format!("{here}.name"), name.into(), w)));
            } else if !seen.insert(name) {
                let kind = FieldErrorKind::Duplicate;
                errors.push(field_error(kind, format!("{here}.name"), Some(name.into()), ""));
            }
            container(one, &here, &volumes, errors);
        }
    }
    let policies = [
        ("restartPolicy", &["Always", "OnFailure", "Never"][..]),
        ("dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]),
    ];
    for (field, values) in policies {
        one_of(spec, field, values, path, errors);
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
}

fn one_of(value: &Value, field: &str, values: &[&str], path: &str, errors: &mut Vec<FieldError>) {
    let given = value.get(field).and_then(Value::as_str).unwrap_or_default();
    if !given.is_empty() && !values.contains(&given) {
        let shown: Vec<String> = values.iter().map(|v| format!("{v:?}")).collect();
        let detail = format!("supported values: {}", shown.join(", "));
        let kind = FieldErrorKind::NotSupported;
        errors.push(field_error(kind, format!("{path}.{field}"), Some(given.into()), detail));
    }
}

/// Names of volumes that are there to be mounted.
fn volumes(spec: &Value, path: &str, errors: &mut Vec<FieldError>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (i, volume) in list(spec, "volumes").iter().enumerate() {
        let here = format!("{path}.volumes[{i}]");
        let name = text(volume, "/name");
        if name.is_empty() {
            errors.push(required(format!("{here}.name"), ""));
        } else if !names.insert(name.to_owned()) {
            let kind = FieldErrorKind::Duplicate;
            errors.push(field_error(kind, format!("{here}.name"), Some(name.into()), ""));
        }
        let sources = volume.as_object().into_iter().flatten();
        let mut sources: Vec<&str> = sources
            .filter(|(key, value)| *key != "name" && !value.is_null())
            .map(|(key, _)| &**key)
            .collect();
        // The order in which the server looks at them.
        let order = ["emptyDir", "hostPath", "gitRepo", "nfs", "iscsi", "secret", "configMap"];
        sources.sort_by_key(|key| order.iter().position(|o| o == key).unwrap_or(order.len()));
        for source in sources.iter().skip(1) {
            let detail = "may not specify more than 1 volume type";
            errors.push(forbidden_field(format!("{here}.{source}"), detail));
        }
    }
    names
}

fn container(container: &Value, here: &str, volumes: &BTreeSet<String>, errors: &mut Vec<FieldError>) {
    let image = text(container, "/image");
    if image.is_empty() {
        errors.push(required(format!("{here}.image"), ""));
    } else if image.trim() != image {
        let detail = "must not have leading or trailing whitespace";
        errors.push(invalid(format!("{here}.image"), image.into(), detail));
    }
    for (i, port) in list(container, "ports").iter().enumerate() {
        let path = format!("{here}.ports[{i}]");
        let number = port.get("containerPort").and_then(Value::as_i64).unwrap_or(0);
        if number == 0 {
            errors.push(required(format!("{path}.containerPort"), ""));
        } else if !(1..=65_535).contains(&number) {
            let detail = "must be between 1 and 65535, inclusive";
            errors.push(invalid(format!("{path}.containerPort"), number.into(), detail));
        }
        one_of(port, "protocol", &["SCTP", "TCP", "UDP"], &path, errors);
    }
    for (i, variable) in list(container, "env").iter().enumerate() {
        let path = format!("{here}.env[{i}]");
        if text(variable, "/name").is_empty() {
            errors.push(required(format!("{path}.name"), ""));
        }
        let from = variable.get("valueFrom").is_some_and(|v| !v.is_null());
        if from && !text(variable, "/value").is_empty() {
            let detail = "may not be specified when `value` is not empty";
            errors.push(invalid(format!("{path}.valueFrom"), "".into(), detail));
        }
    }
    let mut paths = BTreeSet::new();
    for (i, mount) in list(container, "volumeMounts").iter().enumerate() {
        let path = format!("{here}.volumeMounts[{i}]");
        let (name, at) = (text(mount, "/name"), text(mount, "/mountPath"));
        if name.is_empty() {
            errors.push(required(format!("{path}.name"), ""));
        }
        if !volumes.contains(name) {
            let kind = FieldErrorKind::NotFound;
            errors.push(field_error(kind, format!("{path}.name"), Some(name.into()), ""));
        }
        if at.is_empty() {
            errors.push(required(format!("{path}.mountPath"), ""));
        } else if !paths.insert(at) {
            errors.push(invalid(format!("{path}.mountPath"), at.into(), "must be unique"));
        }
    }
    one_of(container, "imagePullPolicy", &["Always", "IfNotPresent", "Never"], here, errors);
    resources(container, here, errors);
}

fn resources(container: &Value, here: &str, errors: &mut Vec<FieldError>) {
    let of = |key: &str| container.pointer(&format!("/resources/{key}")).and_then(Value::as_object);
    for key in ["limits", "requests"] {
        for (name, value) in of(key).into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            if text.starts_with('-') {
                let path = format!("{here}.resources.{key}[{name}]");
                errors.push(invalid(path, text.into(), "must be greater than or equal to 0"));
            }
        }
    }
    for (name, request) in of("requests").into_iter().flatten() {
        let Some(limit) = of("limits").and_then(|l| l.get(name)).and_then(Value::as_str) else { continue };
        let request = request.as_str().unwrap_or_default();
        if native::exceeds(request, limit) {
            let detail = format!("must be less than or equal to {name} limit of {limit}");
            errors.push(invalid(format!("{here}.resources.requests"), request.into(), detail));
        }
    }
}
