//! Where a pod may run: affinities, spread over topologies, gates.

use super::common::{given, list, not_supported, one_of, selector, told};
use crate::core::body::{at, strings, text};
use crate::core::failure::{field_error, forbidden_field, invalid, required};
use crate::core::names::{self, NameRule};
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::Value;

const HARD: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const SOFT: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const NO_TERM: &str = "must have at least one node selector term";

pub fn affinity(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let Some(affinity) = given(spec, "affinity") else { return };
    if let Some(nodes) = given(affinity, "nodeAffinity") {
        let path = format!("{path}.affinity.nodeAffinity");
        if let Some(hard) = given(nodes, HARD) {
            let path = format!("{path}.{HARD}.nodeSelectorTerms");
            let terms = list(hard, "nodeSelectorTerms");
            if terms.is_empty() {
                errors.push(required(&*path, NO_TERM));
            }
            for (i, term) in terms.iter().enumerate() {
                node_term(term, true, &format!("{path}[{i}]"), errors);
            }
        }
        for (i, one) in list(nodes, SOFT).iter().enumerate() {
            let path = format!("{path}.{SOFT}[{i}]");
            weight(one, &path, errors);
            // A value that no label can have may be preferred.
            let preference = one.get("preference").unwrap_or(&Value::Null);
            node_term(preference, false, &format!("{path}.preference"), errors);
        }
    }
    for which in ["podAffinity", "podAntiAffinity"] {
        let Some(pods) = given(affinity, which) else { continue };
        let path = format!("{path}.affinity.{which}");
        for (i, term) in list(pods, HARD).iter().enumerate() {
            pod_term(term, &format!("{path}.{HARD}[{i}]"), errors);
        }
        for (i, one) in list(pods, SOFT).iter().enumerate() {
            let path = format!("{path}.{SOFT}[{i}]");
            weight(one, &path, errors);
            let term = one.get("podAffinityTerm").unwrap_or(&Value::Null);
            pod_term(term, &format!("{path}.podAffinityTerm"), errors);
        }
    }
}

pub fn spread(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let constraints = list(spec, "topologySpreadConstraints");
    for (i, constraint) in constraints.iter().enumerate() {
        let path = format!("{path}.topologySpreadConstraints[{i}]");
        let number = |field: &str| given(constraint, field).and_then(Value::as_i64);
        let kind =
            |of: &Value| (text(of, "/topologyKey").to_owned(), text(of, "/whenUnsatisfiable").to_owned());
        let (key, action) = kind(constraint);
        let skew = number("maxSkew").unwrap_or(0);
        if skew <= 0 {
            errors.push(invalid(format!("{path}.maxSkew"), skew.into(), "must be greater than zero"));
        }
        if key.is_empty() {
            errors.push(required(format!("{path}.topologyKey"), "can not be empty"));
        }
        if !matches!(&*action, "DoNotSchedule" | "ScheduleAnyway") {
            let known = ["DoNotSchedule", "ScheduleAnyway"];
            errors.push(not_supported(format!("{path}.whenUnsatisfiable"), (&*action).into(), &known));
        }
        if constraints[i + 1..].iter().any(|other| kind(other) == (key.clone(), action.clone())) {
            let path = format!("{path}.{{topologyKey, whenUnsatisfiable}}");
            let value = format!("{{{key}, {action}}}");
            errors.push(field_error(FieldErrorKind::Duplicate, path, Some(value.into()), ""));
        }
        if let Some(domains) = number("minDomains") {
            let path = format!("{path}.minDomains");
            if domains <= 0 {
                errors.push(invalid(&*path, domains.into(), "must be greater than zero"));
            }
            if action != "DoNotSchedule" {
                let detail =
                    format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
                errors.push(invalid(path, domains.into(), detail));
            }
        }
        for field in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            one_of(constraint, field, &["Honor", "Ignore"], &path, errors);
        }
        label_keys(constraint, &path, errors);
        selector(given(constraint, "labelSelector"), &format!("{path}.labelSelector"), errors);
    }
}

pub fn gates(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for (i, gate) in list(spec, "readinessGates").iter().enumerate() {
        let kind = text(gate, "/conditionType");
        let path = format!("{path}.readinessGates[{i}].conditionType");
        told(names::qualified_name(kind), &path, kind, errors);
    }
}

/// Other objects that a pod names.
pub fn named(spec: &Value, fields: &[&str], path: &str, errors: &mut Vec<FieldError>) {
    for field in fields {
        let name = given(spec, field).and_then(Value::as_str).unwrap_or_default();
        if !name.is_empty() {
            told(NameRule::Subdomain.check(name), &format!("{path}.{field}"), name, errors);
        }
    }
}

fn weight(one: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let weight = given(one, "weight").and_then(Value::as_i64).unwrap_or(0);
    if !(1..=100).contains(&weight) {
        errors.push(invalid(format!("{path}.weight"), weight.into(), "must be in the range 1-100"));
    }
}

fn node_term(term: &Value, strict: bool, path: &str, errors: &mut Vec<FieldError>) {
    for (i, one) in list(term, "matchExpressions").iter().enumerate() {
        let path = format!("{path}.matchExpressions[{i}]");
        let (key, operator, values) = (text(one, "/key"), text(one, "/operator"), list(one, "values"));
        let at = format!("{path}.values");
        match operator {
            "In" | "NotIn" if values.is_empty() => {
                errors.push(required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.push(forbidden_field(at, detail));
            }
            "Gt" | "Lt" if values.len() != 1 => {
                let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                errors.push(required(at, detail));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
            other => {
                let detail = "not a valid selector operator";
                errors.push(invalid(format!("{path}.operator"), other.into(), detail));
            }
        }
        told(names::qualified_name(key), &format!("{path}.key"), key, errors);
        for (j, value) in values.iter().enumerate().filter(|_| strict) {
            let value = value.as_str().unwrap_or_default();
            told(names::label_value(value), &format!("{path}.values[{j}]"), value, errors);
        }
    }
    for (i, one) in list(term, "matchFields").iter().enumerate() {
        let path = format!("{path}.matchFields[{i}]");
        let (key, operator, values) = (text(one, "/key"), text(one, "/operator"), list(one, "values"));
        match operator {
            "In" | "NotIn" if values.len() != 1 => {
                let detail =
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                errors.push(required(format!("{path}.values"), detail));
            }
            "In" | "NotIn" => {}
            other => {
                let detail = "not a valid selector operator";
                errors.push(invalid(format!("{path}.operator"), other.into(), detail));
            }
        }
        if key != "metadata.name" {
            errors.push(invalid(format!("{path}.key"), key.into(), "not a valid field selector key"));
            continue;
        }
        for (j, value) in values.iter().enumerate() {
            let value = value.as_str().unwrap_or_default();
            told(NameRule::Subdomain.check(value), &format!("{path}.values[{j}]"), value, errors);
        }
    }
}

fn pod_term(term: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for field in ["labelSelector", "namespaceSelector"] {
        selector(given(term, field), &format!("{path}.{field}"), errors);
    }
    for name in strings(at(term, "namespaces")) {
        told(NameRule::Label.check(&name), &format!("{path}.namespace"), &name, errors);
    }
    label_keys(term, path, errors);
    let (key, path) = (text(term, "/topologyKey"), format!("{path}.topologyKey"));
    if key.is_empty() {
        errors.push(required(&*path, "can not be empty"));
    }
    told(names::qualified_name(key), &path, key, errors);
}

/// Keys whose values a pod brings along.
fn label_keys(of: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let [matched, mismatched] = ["matchLabelKeys", "mismatchLabelKeys"].map(|field| {
        let (keys, path) = (strings(at(of, field)), format!("{path}.{field}"));
        if !keys.is_empty() && given(of, "labelSelector").is_none() {
            errors.push(forbidden_field(path, "must not be specified when labelSelector is not set"));
        } else {
            for (i, key) in keys.iter().enumerate() {
                told(names::qualified_name(key), &format!("{path}[{i}]"), key, errors);
            }
        }
        keys
    });
    for (i, key) in matched.iter().enumerate().filter(|(_, key)| mismatched.contains(key)) {
        let detail = "exists in both matchLabelKeys and mismatchLabelKeys";
        errors.push(invalid(format!("{path}.matchLabelKeys[{i}]"), (&**key).into(), detail));
    }
}
