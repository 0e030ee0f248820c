use super::common::{given, go_struct, labels, list, not_supported, port, port_number, told};
use crate::core::addresses;
use crate::core::body::{at, text};
use crate::core::failure::{field_error, forbidden_field, invalid, required};
use crate::core::names;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::Value;
use std::collections::BTreeSet;

pub fn validate(object: &Value, live: Option<&Value>, errors: &mut Vec<FieldError>) {
    let none = Value::Null;
    let spec = object.get("spec").unwrap_or(&none);
    let kind = text(spec, "/type");
    let headless = text(spec, "/clusterIP") == "None";
    let ports = list(spec, "ports");
    if ports.is_empty() && kind != "ExternalName" && !headless {
        errors.push(required("spec.ports", ""));
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {kind} services");
            errors.push(invalid("spec.clusterIPs[0]", "None".into(), detail));
        }
        "ExternalName" => {
            let name = text(spec, "/externalName").trim_end_matches('.');
            if name.is_empty() {
                errors.push(required("spec.externalName", ""));
            } else {
                told(names::subdomain(name), "spec.externalName", name, errors);
            }
        }
        "" => errors.push(required("spec.type", "")),
        "ClusterIP" | "LoadBalancer" | "NodePort" => {}
        other => {
            let known = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
            errors.push(not_supported("spec.type", other.into(), &known));
        }
    }
    if kind == "ExternalName" {
        let set = |key: &str| {
            given(spec, key).is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty()))
        };
        for key in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"].into_iter().filter(|key| set(key)) {
            errors.push(forbidden_field(format!("spec.{key}"), "may not be set for ExternalName services"));
        }
    } else {
        errors.extend(addresses::related(object, live));
    }
    all_ports(ports, kind, errors);
    labels(given(spec, "selector"), "spec.selector", errors);
    affinity(spec, errors);
    traffic(spec, kind, errors);
}

fn all_ports(ports: &[Value], kind: &str, errors: &mut Vec<FieldError>) {
    let mut seen_names = BTreeSet::new();
    let (mut seen, mut seen_node) = (BTreeSet::new(), BTreeSet::new());
    for (i, one) in ports.iter().enumerate() {
        let here = format!("spec.ports[{i}]");
        let name = text(one, "/name");
        if name.is_empty() && ports.len() > 1 {
            errors.push(required(format!("{here}.name"), ""));
        } else if !name.is_empty() {
            told(names::label(name), &format!("{here}.name"), name, errors);
            if !seen_names.insert(name) {
                let kind = FieldErrorKind::Duplicate;
                errors.push(field_error(kind, format!("{here}.name"), Some(name.into()), ""));
            }
        }
        let number = at(one, "port").and_then(Value::as_i64).unwrap_or(0);
        port_number(number, &format!("{here}.port"), errors);
        let protocol = text(one, "/protocol");
        if protocol.is_empty() {
            errors.push(required(format!("{here}.protocol"), ""));
        } else if !matches!(protocol, "SCTP" | "TCP" | "UDP") {
            errors.push(not_supported(format!("{here}.protocol"), protocol.into(), &["SCTP", "TCP", "UDP"]));
        }
        port(one.get("targetPort").unwrap_or(&Value::Null), &format!("{here}.targetPort"), errors);
        if let Some(name) = given(one, "appProtocol").and_then(Value::as_str) {
            told(names::qualified_name(name), &format!("{here}.appProtocol"), name, errors);
        }
        let node = at(one, "nodePort").and_then(Value::as_i64).unwrap_or(0);
        if node != 0 && kind == "ClusterIP" {
            let detail = "may not be used when `type` is 'ClusterIP'";
            errors.push(forbidden_field(format!("{here}.nodePort"), detail));
        }
        let duplicate =
            |path: String, value: Value| field_error(FieldErrorKind::Duplicate, path, Some(value), "");
        if node != 0 && !seen_node.insert((protocol, node)) {
            errors.push(duplicate(format!("{here}.nodePort"), node.into()));
        }
        if !seen.insert((protocol, number)) {
            let shown = go_struct(&[
                ("Name", "".into()),
                ("Protocol", protocol.into()),
                ("AppProtocol", Value::Null),
                ("Port", number.into()),
                ("TargetPort", 0.into()),
                ("NodePort", 0.into()),
            ]);
            errors.push(field_error(FieldErrorKind::Duplicate, here, None, shown));
        }
    }
}

fn affinity(spec: &Value, errors: &mut Vec<FieldError>) {
    let config = given(spec, "sessionAffinityConfig");
    match text(spec, "/sessionAffinity") {
        "" => errors.push(required("spec.sessionAffinity", "")),
        "None" => {
            if config.is_some() {
                let detail = "must not be set when session affinity is None";
                errors.push(forbidden_field("spec.sessionAffinityConfig", detail));
            }
        }
        "ClientIP" => {
            let detail = "when session affinity type is ClientIP";
            let client = config.and_then(|config| given(config, "clientIP"));
            let seconds = client.and_then(|client| given(client, "timeoutSeconds"));
            let path = "spec.sessionAffinityConfig";
            match (config, client, seconds.and_then(Value::as_i64)) {
                (None, _, _) => errors.push(required(path, detail)),
                (_, None, _) => errors.push(required(format!("{path}.clientIP"), detail)),
                (_, _, None) => errors.push(required(format!("{path}.clientIP.timeoutSeconds"), detail)),
                (_, _, Some(seconds)) => {
                    if !(1..=86_400).contains(&seconds) {
                        let detail = "must be greater than 0 and less than 86400";
                        errors.push(invalid(
                            format!("{path}.clientIP.timeoutSeconds"),
                            seconds.into(),
                            detail,
                        ));
                    }
                }
            }
        }
        other => errors.push(not_supported("spec.sessionAffinity", other.into(), &["ClientIP", "None"])),
    }
}

fn traffic(spec: &Value, kind: &str, errors: &mut Vec<FieldError>) {
    let balanced = kind == "LoadBalancer";
    match given(spec, "allocateLoadBalancerNodePorts") {
        Some(_) if !balanced => {
            let detail = "may only be used when `type` is 'LoadBalancer'";
            errors.push(forbidden_field("spec.allocateLoadBalancerNodePorts", detail));
        }
        None if balanced => errors.push(required("spec.allocateLoadBalancerNodePorts", "")),
        Some(_) | None => {}
    }
    if given(spec, "loadBalancerClass").is_some() && !balanced {
        let detail = "may only be used when `type` is 'LoadBalancer'";
        errors.push(forbidden_field("spec.loadBalancerClass", detail));
    }
    let addresses = !list(spec, "externalIPs").is_empty();
    let outside = balanced || kind == "NodePort" || kind == "ClusterIP" && addresses;
    let path = "spec.externalTrafficPolicy";
    let policy = text(spec, "/externalTrafficPolicy");
    match policy {
        "" if outside => errors.push(required(path, "")),
        "" => {}
        _ if !outside => {
            errors.push(invalid(path, policy.into(), "may only be set for externally-accessible services"));
        }
        "Cluster" | "Local" => {}
        other => errors.push(not_supported(path, other.into(), &["Cluster", "Local"])),
    }
    let (path, local) = ("spec.healthCheckNodePort", balanced && policy == "Local");
    match at(spec, "healthCheckNodePort").and_then(Value::as_i64).unwrap_or(0) {
        0 if local => errors.push(required(path, "")),
        0 => {}
        port if local => port_number(port, path, errors),
        port => {
            let detail =
                "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
            errors.push(invalid(path, port.into(), detail));
        }
    }
    let path = "spec.internalTrafficPolicy";
    match given(spec, "internalTrafficPolicy").and_then(Value::as_str) {
        None if matches!(kind, "NodePort" | "LoadBalancer" | "ClusterIP") => errors.push(required(path, "")),
        None | Some("Cluster" | "Local") => {}
        Some(other) => errors.push(not_supported(path, other.into(), &["Cluster", "Local"])),
    }
}
