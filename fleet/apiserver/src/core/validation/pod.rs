//! The specification of a pod.

use super::common::{
    given, labels, list, not_negative, not_supported, one_of, port, port_name, port_number, told,
};
use super::scheduling;
use crate::core::body::text;
use crate::core::failure::{field_error, forbidden_field, invalid, required};
use crate::core::names;
use crate::core::native;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::Value;
use std::collections::BTreeSet;

pub fn spec(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let volumes = volumes(spec, path, errors);
    if given(spec, "terminationGracePeriodSeconds").is_none() {
        errors.push(required(format!("{path}.terminationGracePeriodSeconds"), ""));
    }
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
            } else {
                told(names::label(name), &format!("{here}.name"), name, errors);
            }
            if !seen.insert(name) {
                let kind = FieldErrorKind::Duplicate;
                errors.push(field_error(kind, format!("{here}.name"), Some(name.into()), ""));
            }
            container(one, &here, &volumes, errors);
            if key == "containers"
                && let Some(policy) = given(one, "restartPolicy").and_then(Value::as_str)
                && !matches!(policy, "Always" | "Never" | "OnFailure")
            {
                let known = ["Always", "Never", "OnFailure"];
                errors.push(not_supported(format!("{here}.restartPolicy"), policy.into(), &known));
            }
        }
    }
    let policies = [
        ("restartPolicy", &["Always", "OnFailure", "Never"][..]),
        ("dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]),
    ];
    for (field, values) in policies {
        if text(spec, &format!("/{field}")).is_empty() {
            errors.push(required(format!("{path}.{field}"), ""));
        }
        one_of(spec, field, values, path, errors);
    }
    labels(given(spec, "nodeSelector"), &format!("{path}.nodeSelector"), errors);
    scheduling::affinity(spec, path, errors);
    scheduling::gates(spec, path, errors);
    scheduling::spread(spec, path, errors);
    scheduling::named(spec, &["serviceAccountName", "nodeName"], path, errors);
    if let Some(seconds) = given(spec, "activeDeadlineSeconds").and_then(Value::as_i64)
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let detail = "must be between 1 and 2147483647, inclusive";
        errors.push(invalid(format!("{path}.activeDeadlineSeconds"), seconds.into(), detail));
    }
    for field in ["hostname", "subdomain"] {
        let name = text(spec, &format!("/{field}"));
        if !name.is_empty() {
            told(names::label(name), &format!("{path}.{field}"), name, errors);
        }
    }
    tolerations(spec, path, errors);
    scheduling::named(spec, &["priorityClassName", "runtimeClassName"], path, errors);
    if let Some(policy) = given(spec, "preemptionPolicy").and_then(Value::as_str)
        && !matches!(policy, "Never" | "PreemptLowerPriority")
    {
        let known = ["PreemptLowerPriority", "Never"];
        errors.push(not_supported(format!("{path}.preemptionPolicy"), policy.into(), &known));
    }
}

pub fn tolerations(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for (i, toleration) in list(spec, "tolerations").iter().enumerate() {
        let here = format!("{path}.tolerations[{i}]");
        let of = |field: &str| text(toleration, &format!("/{field}"));
        let (key, operator, value, effect) = (of("key"), of("operator"), of("value"), of("effect"));
        let at = format!("{here}.operator");
        if key.is_empty() {
            if operator != "Exists" {
                let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
                errors.push(invalid(&*at, operator.into(), detail));
            }
        } else {
            told(names::qualified_name(key), &format!("{here}.key"), key, errors);
        }
        if given(toleration, "tolerationSeconds").is_some() && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.push(invalid(format!("{here}.effect"), effect.into(), detail));
        }
        match operator {
            "Equal" | "" => {
                if let Err(why) = names::label_value(value) {
                    errors.push(invalid(at, value.into(), why.join(";")));
                }
            }
            "Exists" => {
                if !value.is_empty() {
                    errors.push(invalid(at, value.into(), "value must be empty when `operator` is 'Exists'"));
                }
            }
            "Lt" | "Gt" => {
                errors.push(not_supported(at, operator.into(), &["Equal", "Exists", "Lt", "Gt"]));
            }
            other => errors.push(not_supported(at, other.into(), &["Equal", "Exists"])),
        }
        one_of(toleration, "effect", &["NoSchedule", "PreferNoSchedule", "NoExecute"], &here, errors);
    }
}

/// Names of volumes that are there to be mounted.
fn volumes(spec: &Value, path: &str, errors: &mut Vec<FieldError>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (i, volume) in list(spec, "volumes").iter().enumerate() {
        let here = format!("{path}.volumes[{i}]");
        let before = errors.len();
        let name = text(volume, "/name");
        if name.is_empty() {
            errors.push(required(format!("{here}.name"), ""));
        } else {
            told(names::label(name), &format!("{here}.name"), name, errors);
        }
        if names.contains(name) {
            let kind = FieldErrorKind::Duplicate;
            errors.push(field_error(kind, format!("{here}.name"), Some(name.into()), ""));
        }
        if let Some(map) = given(volume, "configMap")
            && text(map, "/name").is_empty()
        {
            errors.push(required(format!("{here}.configMap.name"), ""));
        }
        if let Some(secret) = given(volume, "secret")
            && text(secret, "/secretName").is_empty()
        {
            errors.push(required(format!("{here}.secret.secretName"), ""));
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
        if errors.len() == before {
            names.insert(name.to_owned());
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
    let policy = text(container, "/terminationMessagePolicy");
    let known = ["File", "FallbackToLogsOnError"];
    if policy.is_empty() {
        errors.push(required(format!("{here}.terminationMessagePolicy"), ""));
    }
    one_of(container, "terminationMessagePolicy", &known, here, errors);
    ports(container, here, errors);
    for (i, variable) in list(container, "env").iter().enumerate() {
        let path = format!("{here}.env[{i}]");
        if text(variable, "/name").is_empty() {
            errors.push(required(format!("{path}.name"), ""));
        }
        if let Some(from) = given(variable, "valueFrom") {
            value_from(from, text(variable, "/value"), &format!("{path}.valueFrom"), errors);
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
        }
        if !paths.insert(at) {
            errors.push(invalid(format!("{path}.mountPath"), at.into(), "must be unique"));
        }
    }
    if text(container, "/imagePullPolicy").is_empty() {
        errors.push(required(format!("{here}.imagePullPolicy"), ""));
    }
    one_of(container, "imagePullPolicy", &["Always", "IfNotPresent", "Never"], here, errors);
    resources(container, here, errors);
    for kind in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(one) = given(container, kind) {
            probe(one, kind, &format!("{here}.{kind}"), errors);
        }
    }
}

fn ports(container: &Value, here: &str, errors: &mut Vec<FieldError>) {
    let mut seen = BTreeSet::new();
    for (i, one) in list(container, "ports").iter().enumerate() {
        let path = format!("{here}.ports[{i}]");
        let name = text(one, "/name");
        if !name.is_empty() {
            let at = format!("{path}.name");
            if let Err(why) = port_name(name) {
                told(Err(why), &at, name, errors);
            } else if !seen.insert(name) {
                errors.push(field_error(FieldErrorKind::Duplicate, at, Some(name.into()), ""));
            }
        }
        match one.get("containerPort").and_then(Value::as_i64).unwrap_or(0) {
            0 => errors.push(required(format!("{path}.containerPort"), "")),
            number => port_number(number, &format!("{path}.containerPort"), errors),
        }
        match one.get("hostPort").and_then(Value::as_i64).unwrap_or(0) {
            0 => {}
            number => port_number(number, &format!("{path}.hostPort"), errors),
        }
        if text(one, "/protocol").is_empty() {
            errors.push(required(format!("{path}.protocol"), ""));
        }
        one_of(one, "protocol", &["SCTP", "TCP", "UDP"], &path, errors);
    }
}

/// Fields of a pod that its containers may read.
const READABLE: [&str; 13] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.podIP",
    "status.podIPs",
];

fn value_from(from: &Value, value: &str, path: &str, errors: &mut Vec<FieldError>) {
    let sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];
    let count = sources.iter().filter(|source| given(from, source).is_some()).count();
    if let Some(field) = given(from, "fieldRef") {
        let here = format!("{path}.fieldRef");
        let (version, label) = (text(field, "/apiVersion"), text(field, "/fieldPath"));
        let plain = label.split('[').next().unwrap_or_default();
        if version.is_empty() {
            errors.push(required(format!("{here}.apiVersion"), ""));
        } else if label.is_empty() {
            errors.push(required(format!("{here}.fieldPath"), ""));
        } else if version != "v1" || !(READABLE.contains(&plain) || label == "status.hostIPs") {
            let why = match version {
                "v1" => format!("field label not supported: {label}"),
                other => format!("unsupported pod version: {other}"),
            };
            let detail = format!("error converting fieldPath: {why}");
            errors.push(invalid(format!("{here}.fieldPath"), label.into(), detail));
        }
    }
    let detail = match count {
        0 => {
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        }
        _ if !value.is_empty() => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    errors.push(invalid(path, "".into(), detail));
}

fn probe(probe: &Value, kind: &str, here: &str, errors: &mut Vec<FieldError>) {
    let handlers = ["exec", "httpGet", "tcpSocket", "grpc"];
    let mut there = handlers.iter().filter(|handler| given(probe, handler).is_some());
    match there.next() {
        None => errors.push(required(here, "must specify a handler type")),
        Some(first) => {
            handler(first, &probe[*first], &format!("{here}.{first}"), errors);
            for other in there {
                let detail = "may not specify more than 1 handler type";
                errors.push(forbidden_field(format!("{here}.{other}"), detail));
            }
        }
    }
    let counts =
        ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];
    not_negative(probe, here, &counts, errors);
    let threshold = probe.get("successThreshold").and_then(Value::as_i64).unwrap_or(0);
    if kind != "readinessProbe" && threshold != 1 {
        errors.push(invalid(format!("{here}.successThreshold"), threshold.into(), "must be 1"));
    }
}

fn handler(kind: &str, handler: &Value, here: &str, errors: &mut Vec<FieldError>) {
    let none = Value::Null;
    let number = handler.get("port").unwrap_or(&none);
    match kind {
        "httpGet" => {
            if text(handler, "/path").is_empty() {
                errors.push(required(format!("{here}.path"), ""));
            }
            port(number, &format!("{here}.port"), errors);
            let scheme = text(handler, "/scheme");
            if !matches!(scheme, "HTTP" | "HTTPS") {
                errors.push(not_supported(format!("{here}.scheme"), scheme.into(), &["HTTP", "HTTPS"]));
            }
        }
        "tcpSocket" | "grpc" => port(number, &format!("{here}.port"), errors),
        _ => {
            if list(handler, "command").is_empty() {
                errors.push(required(format!("{here}.command"), ""));
            }
        }
    }
}

fn resources(container: &Value, here: &str, errors: &mut Vec<FieldError>) {
    let of = |key: &str| container.pointer(&format!("/resources/{key}")).and_then(Value::as_object);
    for key in ["limits", "requests"] {
        for (name, value) in of(key).into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            resource_name(name, &format!("{here}.resources.{key}[{name}]"), errors);
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

fn resource_name(name: &str, path: &str, errors: &mut Vec<FieldError>) {
    let native = matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
    if let Err(why) = names::qualified_name(name) {
        told(Err(why), path, name, errors);
    } else if !name.contains('/') && !native {
        let others = ["pods", "services", "secrets", "configmaps", "storage", "requests.", "limits."];
        if !others.iter().any(|other| name.starts_with(other)) {
            let detail = "must be a standard resource type or fully qualified";
            errors.push(invalid(path, name.into(), detail));
        }
        errors.push(invalid(path, name.into(), "must be a standard resource for containers"));
    }
}
