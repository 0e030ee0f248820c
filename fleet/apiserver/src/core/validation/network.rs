//! Ingresses and network policies.

use super::Given;
use super::common::{given, list, not_supported, port_name, port_number, selector, told, wildcard};
use crate::core::body::{strings, text};
use crate::core::failure::{forbidden_field, invalid, required};
use crate::core::names::{self, NameRule};
use mainstay_object::FieldError;
use serde_json::Value;
use std::net::IpAddr;

pub fn ingress(object: &Value, raw: &Given, errors: &mut Vec<FieldError>) {
    let none = Value::Null;
    let spec = object.get("spec").unwrap_or(&none);
    let (rules, backend) = (list(spec, "rules"), given(spec, "defaultBackend"));
    if rules.is_empty() && backend.is_none() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        errors.push(invalid("spec", raw.nothing("/spec/rules", Value::Array(Vec::new())), detail));
    }
    if let Some(backend) = backend {
        ingress_backend(backend, "spec.defaultBackend", errors);
    }
    for (i, rule) in rules.iter().enumerate() {
        let here = format!("spec.rules[{i}]");
        let host = text(rule, "/host");
        if !host.is_empty() {
            let at = format!("{here}.host");
            if host.parse::<IpAddr>().is_ok() {
                errors.push(invalid(&*at, host.into(), "must be a DNS name, not an IP address"));
            }
            told(dns_name(host), &at, host, errors);
        }
        let Some(http) = given(rule, "http") else { continue };
        let paths = list(http, "paths");
        if paths.is_empty() {
            errors.push(required(format!("{here}.http.paths"), ""));
        }
        for (j, path) in paths.iter().enumerate() {
            ingress_path(path, &format!("{here}.http.paths[{j}]"), errors);
        }
    }
    for (i, tls) in list(spec, "tls").iter().enumerate() {
        for (j, host) in strings(tls.get("hosts")).iter().enumerate() {
            told(dns_name(host), &format!("spec.tls[{i}].hosts[{j}]"), host, errors);
        }
        let secret = text(tls, "/secretName");
        if !secret.is_empty() {
            let checked = NameRule::Subdomain.check(secret);
            told(checked, &format!("spec.tls[{i}].secretName"), secret, errors);
        }
    }
    if let Some(class) = given(spec, "ingressClassName").and_then(Value::as_str) {
        told(NameRule::Subdomain.check(class), "spec.ingressClassName", class, errors);
    }
}

fn dns_name(host: &str) -> Result<(), Vec<String>> {
    if host.contains('*') { wildcard(host) } else { names::subdomain(host) }
}

fn ingress_path(path: &Value, here: &str, errors: &mut Vec<FieldError>) {
    let Some(kind) = given(path, "pathType").and_then(Value::as_str) else {
        errors.push(required(format!("{here}.pathType"), "pathType must be specified"));
        return;
    };
    let value = text(path, "/path");
    let at = format!("{here}.path");
    let mut wrong = |detail: String| errors.push(invalid(&*at, value.into(), detail));
    match kind {
        "Exact" | "Prefix" => {
            if !value.starts_with('/') {
                wrong("must be an absolute path".to_owned());
            }
            for part in ["//", "/./", "/../", "%2f", "%2F"].iter().filter(|part| value.contains(**part)) {
                wrong(format!("must not contain '{part}'"));
            }
            for end in ["/..", "/."].iter().filter(|end| value.ends_with(**end)) {
                wrong(format!("cannot end with '{end}'"));
            }
        }
        "ImplementationSpecific" => {
            if !value.is_empty() && !value.starts_with('/') {
                wrong("must be an absolute path".to_owned());
            }
        }
        other => {
            let known = ["Exact", "ImplementationSpecific", "Prefix"];
            errors.push(not_supported(format!("{here}.pathType"), other.into(), &known));
        }
    }
    ingress_backend(path.get("backend").unwrap_or(&Value::Null), &format!("{here}.backend"), errors);
}

fn ingress_backend(backend: &Value, here: &str, errors: &mut Vec<FieldError>) {
    let service = match (given(backend, "resource"), given(backend, "service")) {
        (Some(_), Some(_)) => {
            errors.push(invalid(here, "".into(), "cannot set both resource and service backends"));
            return;
        }
        (None, None) => {
            errors.push(invalid(here, "".into(), "resource or service backend is required"));
            return;
        }
        (Some(resource), None) => {
            for field in ["kind", "name"] {
                if text(resource, &format!("/{field}")).is_empty() {
                    errors.push(required(format!("{here}.resource.{field}"), ""));
                }
            }
            return;
        }
        (None, Some(service)) => service,
    };
    let name = text(service, "/name");
    if name.is_empty() {
        errors.push(required(format!("{here}.service.name"), ""));
    } else {
        told(NameRule::Label.check(name), &format!("{here}.service.name"), name, errors);
    }
    let port = text(service, "/port/name");
    let number = service.pointer("/port/number").and_then(Value::as_i64).unwrap_or(0);
    match (!port.is_empty(), number != 0) {
        (true, true) => errors.push(invalid(here, "".into(), "cannot set both port name & port number")),
        (true, false) => told(port_name(port), &format!("{here}.service.port.name"), port, errors),
        (false, true) => port_number(number, &format!("{here}.service.port.number"), errors),
        (false, false) => errors.push(required(here, "port name or number is required")),
    }
}

pub fn policy(object: &Value, errors: &mut Vec<FieldError>) {
    let none = Value::Null;
    let spec = object.get("spec").unwrap_or(&none);
    selector(given(spec, "podSelector"), "spec.podSelector", errors);
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for (i, rule) in list(spec, direction).iter().enumerate() {
            for (j, port) in list(rule, "ports").iter().enumerate() {
                policy_port(port, &format!("spec.{direction}[{i}].ports[{j}]"), errors);
            }
            for (j, peer) in list(rule, peers).iter().enumerate() {
                policy_peer(peer, &format!("spec.{direction}[{i}].{peers}[{j}]"), errors);
            }
        }
    }
    let types = strings(spec.get("policyTypes"));
    if types.len() > 2 {
        let detail = "may not specify more than two policyTypes";
        errors.push(invalid("spec.policyTypes", types.into(), detail));
        return;
    }
    for (i, kind) in types.iter().enumerate() {
        if !matches!(&**kind, "Ingress" | "Egress") {
            let at = format!("spec.policyTypes[{i}]");
            errors.push(not_supported(at, (&**kind).into(), &["Ingress", "Egress"]));
        }
    }
}

fn policy_port(port: &Value, here: &str, errors: &mut Vec<FieldError>) {
    if let Some(protocol) = given(port, "protocol").and_then(Value::as_str)
        && !matches!(protocol, "TCP" | "UDP" | "SCTP")
    {
        errors.push(not_supported(format!("{here}.protocol"), protocol.into(), &["TCP", "UDP", "SCTP"]));
    }
    let (at, end) = (format!("{here}.port"), given(port, "endPort").and_then(Value::as_i64));
    let end_at = format!("{here}.endPort");
    match given(port, "port") {
        Some(Value::String(name)) => {
            if let Some(end) = end {
                let detail = "may not be specified when `port` is non-numeric";
                errors.push(invalid(end_at, end.into(), detail));
            }
            told(port_name(name), &at, name, errors);
        }
        Some(number) => {
            let number = number.as_i64().unwrap_or(0);
            port_number(number, &at, errors);
            if let Some(end) = end {
                if end < number {
                    let detail = "must be greater than or equal to `port`";
                    errors.push(invalid(&*end_at, number.into(), detail));
                }
                port_number(end, &end_at, errors);
            }
        }
        None => {
            if let Some(end) = end {
                let detail = "may not be specified when `port` is not specified";
                errors.push(invalid(end_at, end.into(), detail));
            }
        }
    }
}

fn policy_peer(peer: &Value, here: &str, errors: &mut Vec<FieldError>) {
    let selectors = ["podSelector", "namespaceSelector"];
    for field in selectors {
        selector(given(peer, field), &format!("{here}.{field}"), errors);
    }
    let others = selectors.iter().any(|field| given(peer, field).is_some());
    match (given(peer, "ipBlock"), others) {
        (None, false) => errors.push(required(here, "must specify a peer")),
        (None, true) => {}
        (Some(block), others) => {
            ip_block(block, &format!("{here}.ipBlock"), errors);
            if others {
                errors.push(forbidden_field(here, "may not specify both ipBlock and another peer"));
            }
        }
    }
}

fn ip_block(block: &Value, here: &str, errors: &mut Vec<FieldError>) {
    let cidr = text(block, "/cidr");
    if cidr.is_empty() {
        errors.push(required(format!("{here}.cidr"), ""));
        return;
    }
    let wrong = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    let Some((net, bits)) = prefix(cidr) else {
        errors.push(invalid(format!("{here}.cidr"), cidr.into(), wrong));
        return;
    };
    for (i, except) in strings(block.get("except")).iter().enumerate() {
        let at = format!("{here}.except[{i}]");
        match prefix(except) {
            None => errors.push(invalid(at, (&**except).into(), wrong)),
            Some((inner, more)) => {
                if !contains(net, bits, inner) || bits >= more {
                    let detail = "must be a strict subset of `cidr`";
                    errors.push(invalid(at, (&**except).into(), detail));
                }
            }
        }
    }
}

fn prefix(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.parse().ok().filter(|bits| *bits <= most)?;
    Some((address, bits))
}

fn contains(net: IpAddr, bits: u32, inner: IpAddr) -> bool {
    match (net, inner) {
        (IpAddr::V4(net), IpAddr::V4(inner)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            u32::from(net) & mask == u32::from(inner) & mask
        }
        (IpAddr::V6(net), IpAddr::V6(inner)) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            u128::from(net) & mask == u128::from(inner) & mask
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// Addresses that a load balancer was given; `of_service` has rules that an ingress has not.
pub fn load_balancer(object: &Value, of_service: bool, errors: &mut Vec<FieldError>) {
    let none = Value::Null;
    let all = list(object.pointer("/status/loadBalancer").unwrap_or(&none), "ingress");
    let path = "status.loadBalancer.ingress";
    if of_service && text(object, "/spec/type") != "LoadBalancer" && !all.is_empty() {
        errors.push(forbidden_field(path, "may only be used when `spec.type` is 'LoadBalancer'"));
        return;
    }
    for (i, one) in all.iter().enumerate() {
        let here = format!("{path}[{i}]");
        let (ip, host) = (text(one, "/ip"), text(one, "/hostname"));
        if !ip.is_empty() && ip.parse::<IpAddr>().is_err() {
            let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            errors.push(invalid(format!("{here}.ip"), ip.into(), detail));
        }
        if of_service {
            let at = format!("{here}.ipMode");
            match given(one, "ipMode").and_then(Value::as_str) {
                None if !ip.is_empty() => errors.push(required(at, "must be specified when `ip` is set")),
                None => {}
                Some(_) if ip.is_empty() => {
                    errors.push(forbidden_field(at, "may not be specified when `ip` is not set"));
                }
                Some("VIP" | "Proxy") => {}
                Some(other) => errors.push(not_supported(at, other.into(), &["Proxy", "VIP"])),
            }
        }
        if !host.is_empty() {
            let at = format!("{here}.hostname");
            told(names::subdomain(host), &at, host, errors);
            if host.parse::<IpAddr>().is_ok() {
                errors.push(invalid(at, host.into(), "must be a DNS name, not an IP address"));
            }
        }
    }
}
