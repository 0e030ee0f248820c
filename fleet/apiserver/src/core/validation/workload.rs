//! Pods and what makes them.

use crate::core::body::{at, text};
use crate::core::failure::{field_error, forbidden_field, invalid, required};
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
    let name = text(object, "/metadata/name");
    if resource.plural == "cronjobs" && name.len() > 52 {
        errors.push(invalid("metadata.name", name.into(), "must be no more than 52 characters"));
    }
    let not_negative: &[&str] = match &*resource.plural {
        "jobs" => &["spec.parallelism", "spec.completions", "spec.backoffLimit"],
        _ => &[],
    };
    for field in not_negative {
        if let Some(number) = at(object, field).and_then(Value::as_i64).filter(|n| *n < 0) {
            errors.push(invalid(*field, number.into(), "must be greater than or equal to 0"));
        }
    }
    if resource.plural == "deployments" {
        strategy(object, errors);
    }
    if let Some(replicas) = at(object, "spec.replicas").and_then(Value::as_i64).filter(|n| *n < 0) {
        errors.push(invalid("spec.replicas", replicas.into(), "must be greater than or equal to 0"));
    }
    let Some(spec) = at(object, path) else { return };
    super::pod::spec(spec, path, errors);
    let wanted: &[&str] = match &*resource.plural {
        "jobs" | "cronjobs" => {
            if !matches!(text(spec, "/restartPolicy"), "OnFailure" | "Never") {
                let detail = "valid values: \"OnFailure\", \"Never\"";
                errors.push(required(format!("{path}.restartPolicy"), detail));
            }
            return;
        }
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

fn strategy(object: &Value, errors: &mut Vec<FieldError>) {
    let kind = text(object, "/spec/strategy/type");
    let rolling = at(object, "spec.strategy.rollingUpdate").is_some_and(|r| !r.is_null());
    match kind {
        "Recreate" if rolling => {
            let detail = "may not be specified when strategy `type` is 'Recreate'";
            errors.push(forbidden_field("spec.strategy.rollingUpdate", detail));
        }
        "Recreate" | "RollingUpdate" | "" => {}
        other => {
            let detail = "supported values: \"Recreate\", \"RollingUpdate\"";
            let kind = FieldErrorKind::NotSupported;
            errors.push(field_error(kind, "spec.strategy.type", Some(other.into()), detail));
        }
    }
}
