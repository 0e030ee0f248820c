//! Autoscalers and disruption budgets.

use super::common::{count_or_percent, given, go_struct, list, not_supported, of_struct, selector, told};
use crate::core::body::{at, text};
use crate::core::failure::{forbidden_field, invalid, required};
use crate::core::names;
use crate::core::native;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::Value;

/// Kinds of metrics, and the field that each has.
const METRICS: [(&str, &str); 5] = [
    ("ContainerResource", "containerResource"),
    ("External", "external"),
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
];

pub fn autoscaler(object: &Value, live: Option<&Value>, errors: &mut Vec<FieldError>) {
    let number = |path: &str| at(object, path).and_then(Value::as_i64);
    let (least, most) = (number("spec.minReplicas"), number("spec.maxReplicas").unwrap_or(0));
    if let Some(least) = least.filter(|n| *n < 1) {
        errors.push(invalid("spec.minReplicas", least.into(), "must be greater than or equal to 1"));
    }
    let path = "spec.maxReplicas";
    if most == 0 {
        errors.push(required(path, "must be set and greater than 0"));
    } else if most < 0 {
        errors.push(invalid(path, most.into(), "must be greater than or equal to 1"));
    }
    if least.is_some_and(|least| most < least) {
        errors.push(invalid(path, most.into(), "must be greater than or equal to `minReplicas`"));
    }
    for field in ["kind", "name"] {
        let path = format!("spec.scaleTargetRef.{field}");
        let value = text(object, &format!("/spec/scaleTargetRef/{field}"));
        if value.is_empty() {
            errors.push(required(path, ""));
        } else {
            told(names::path_segment(value), &path, value, errors);
        }
    }
    let version = text(object, "/spec/scaleTargetRef/apiVersion");
    let path = "spec.scaleTargetRef.apiVersion";
    let target = |object: &Value| {
        ["apiVersion", "kind"].map(|field| text(object, &format!("/spec/scaleTargetRef/{field}")).to_owned())
    };
    if live.is_none_or(|live| target(live) != target(object)) {
        if version.matches('/').count() > 1 {
            errors.push(invalid(path, version.into(), format!("unexpected GroupVersion string: {version}")));
        } else if !version.contains('/')
            && text(object, "/spec/scaleTargetRef/kind") != "ReplicationController"
        {
            errors.push(invalid(path, version.into(), "apiVersion must specify API group"));
        }
    }
    if object.pointer("/spec/metrics").is_some() {
        let none = Value::Null;
        for (i, metric) in list(object.get("spec").unwrap_or(&none), "metrics").iter().enumerate() {
            metric_spec(metric, &format!("spec.metrics[{i}]"), errors);
        }
    }
    let rich = |m: &Value| matches!(text(m, "/type"), "Object" | "External");
    if least == Some(0) && !object.get("spec").is_some_and(|spec| list(spec, "metrics").iter().any(rich)) {
        let detail =
            "must specify at least one Object or External metric to support scaling to zero replicas";
        errors.push(forbidden_field("spec.metrics", detail));
    }
}

fn metric_spec(metric: &Value, here: &str, errors: &mut Vec<FieldError>) {
    let kind = text(metric, "/type");
    let known: Vec<&str> = METRICS.iter().map(|(kind, _)| *kind).collect();
    if kind.is_empty() {
        errors.push(required(format!("{here}.type"), "must specify a metric source type"));
    }
    let expected = METRICS.iter().find(|(name, _)| *name == kind).map(|(_, field)| *field);
    match expected {
        // Said twice, by two rules.
        None => errors.extend([0, 1].map(|_| not_supported(format!("{here}.type"), kind.into(), &known))),
        Some(field) if given(metric, field).is_none() => {
            let detail = "must populate information for the given metric source";
            errors.push(required(format!("{here}.{field}"), detail));
        }
        Some(_) => {}
    }
    let order = ["object", "external", "pods", "resource", "containerResource"];
    let present: Vec<&str> = order.into_iter().filter(|field| given(metric, field).is_some()).collect();
    if let Some(first) = present.first()
        && matches!(*first, "resource" | "containerResource")
        && let Some(source) = given(metric, first)
    {
        resource_source(source, &format!("{here}.{first}"), errors);
    }
    if present.len() != 1 {
        for field in present.iter().filter(|field| Some(**field) != expected) {
            let detail = "must populate the given metric source only";
            errors.push(forbidden_field(format!("{here}.{field}"), detail));
        }
    }
}

fn resource_source(source: &Value, here: &str, errors: &mut Vec<FieldError>) {
    if text(source, "/name").is_empty() {
        errors.push(required(format!("{here}.name"), "must specify a resource name"));
    }
    let none = Value::Null;
    let target = source.get("target").unwrap_or(&none);
    let kind = text(target, "/type");
    let path = format!("{here}.target.type");
    if kind.is_empty() {
        errors.push(required(&*path, "must specify a metric target type"));
    }
    if !matches!(kind, "Utilization" | "Value" | "AverageValue") {
        errors.push(invalid(path, kind.into(), "must be either Utilization, Value, or AverageValue"));
    }
    for field in ["value", "averageValue"] {
        let value = given(target, field).and_then(Value::as_str);
        if let Some(value) = value.filter(|value| !native::exceeds(value, "0")) {
            errors.push(invalid(format!("{here}.target.{field}"), value.into(), "must be positive"));
        }
    }
    let (average, percent) = (given(target, "averageValue"), given(target, "averageUtilization"));
    if let Some(number) = percent.and_then(Value::as_i64).filter(|n| *n < 1) {
        let path = format!("{here}.target.averageUtilization");
        errors.push(invalid(path, number.into(), "must be greater than 0"));
    }
    match (percent, average) {
        (None, None) => {
            let detail = "must set either a target raw value or a target utilization";
            errors.push(required(format!("{here}.target.averageUtilization"), detail));
        }
        (Some(_), Some(_)) => {
            let detail = "may not set both a target raw value and a target utilization";
            errors.push(forbidden_field(format!("{here}.target.averageValue"), detail));
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
}

pub fn budget(object: &Value, errors: &mut Vec<FieldError>) {
    let none = Value::Null;
    let spec = object.get("spec").unwrap_or(&none);
    let (least, most) = (given(spec, "minAvailable"), given(spec, "maxUnavailable"));
    if least.is_some() && most.is_some() {
        let shown = go_struct(&[
            ("MinAvailable", least.cloned().unwrap_or_default()),
            ("Selector", given(spec, "selector").cloned().unwrap_or_default()),
            ("MaxUnavailable", most.cloned().unwrap_or_default()),
            (
                "UnhealthyPodEvictionPolicy",
                given(spec, "unhealthyPodEvictionPolicy").cloned().unwrap_or_default(),
            ),
        ]);
        let detail = "minAvailable and maxUnavailable cannot be both set";
        errors.push(of_struct(FieldErrorKind::Invalid, "spec", &shown, detail));
    }
    for (field, value) in [("minAvailable", least), ("maxUnavailable", most)] {
        if let Some(value) = value {
            count_or_percent(value, &format!("spec.{field}"), true, errors);
        }
    }
    selector(given(spec, "selector"), "spec.selector", errors);
    if let Some(policy) = given(spec, "unhealthyPodEvictionPolicy").and_then(Value::as_str)
        && !matches!(policy, "AlwaysAllow" | "IfHealthyBudget")
    {
        let known = ["AlwaysAllow", "IfHealthyBudget"];
        errors.push(not_supported("spec.unhealthyPodEvictionPolicy", policy.into(), &known));
    }
}
