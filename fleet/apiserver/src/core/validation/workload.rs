//! Pods and what makes them.

use crate::core::body::{at, text};
use crate::core::failure::{field_error, invalid, required};
use crate::core::names;
use crate::core::registry::Resource;
use crate::core::selector::Labels;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::Value;

pub fn validate(object: &Value, resource: &Resource, errors: &mut Vec<FieldError>) {
    let Some(path) = crate::core::defaults::pod_spec(resource) else { return };
    match &*resource.plural {
        "deployments" | "replicasets" | "statefulsets" | "daemonsets" => selector(object, errors),
        _ => {}
    }
    if let Some(replicas) = at(object, "spec.replicas").and_then(Value::as_i64).filter(|n| *n < 0) {
        errors.push(invalid("spec.replicas", replicas.into(), "must be greater than or equal to 0"));
    }
    let Some(spec) = at(object, path) else { return };
    pod_spec(spec, path, errors);
    let wanted: &[&str] = match &*resource.plural {
        "jobs" | "cronjobs" => &["OnFailure", "Never"],
        "deployments" | "replicasets" | "statefulsets" | "daemonsets" | "replicationcontrollers" => {
            &["Always"]
        }
        _ => return,
    };
    let policy = text(spec, "/restartPolicy");
    if !wanted.contains(&policy) {
        let supported: Vec<String> = wanted.iter().map(|w| format!("{w:?}")).collect();
        let detail = format!("supported values: {}", supported.join(", "));
        let kind = FieldErrorKind::NotSupported;
        errors.push(field_error(kind, format!("{path}.restartPolicy"), Some(policy.into()), detail));
    }
}

fn selector(object: &Value, errors: &mut Vec<FieldError>) {
    let Some(selector) = at(object, "spec.selector").filter(|s| !s.is_null()) else {
        errors.push(required("spec.selector", ""));
        return;
    };
    let Some(labels) = Labels::from_selector(selector) else {
        errors.push(invalid("spec.selector", selector.clone(), "is not a label selector"));
        return;
    };
    if labels.is_empty() {
        let detail = "empty selector is invalid for deployment";
        errors.push(invalid("spec.selector", selector.clone(), detail));
        return;
    }
    let of_template = at(object, "spec.template.metadata.labels");
    if !labels.matches(of_template) {
        let value = of_template.cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let detail = "`selector` does not match template `labels`";
        errors.push(invalid("spec.template.metadata.labels", value, detail));
    }
}

fn pod_spec(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let list = |key: &str| spec.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if list("containers").is_empty() {
        errors.push(required(format!("{path}.containers"), ""));
    }
    let mut seen = std::collections::BTreeSet::new();
    let volumes: Vec<&str> = list("volumes").iter().map(|v| text(v, "/name")).collect();
    for key in ["initContainers", "containers"] {
        for (i, container) in list(key).iter().enumerate() {
            let here = format!("{path}.{key}[{i}]");
            let name = text(container, "/name");
            if name.is_empty() {
                errors.push(required(format!("{here}.name"), ""));
            } else if let Err(why) = names::label(name) {
                errors.extend(why.into_iter().map(|w| invalid(format!("{here}.name"), name.into(), w)));
            } else if !seen.insert(name) {
                let kind = FieldErrorKind::Duplicate;
                errors.push(field_error(kind, format!("{here}.name"), Some(name.into()), ""));
            }
            if text(container, "/image").is_empty() {
                errors.push(required(format!("{here}.image"), ""));
            }
            for (j, mount) in
                container.get("volumeMounts").and_then(Value::as_array).into_iter().flatten().enumerate()
            {
                let name = text(mount, "/name");
                if !volumes.contains(&name) {
                    let error = FieldError {
                        kind: FieldErrorKind::Invalid,
                        path: format!("{here}.volumeMounts[{j}].name"),
                        value: Some(name.into()),
                        detail: String::new(),
                    };
                    errors.push(not_found(error));
                }
            }
        }
    }
}

/// `field.NotFound` has a reason of its own that the table of kinds lacks: the nearest is an invalid value.
fn not_found(mut error: FieldError) -> FieldError {
    error.detail = "Not found".into();
    error
}
