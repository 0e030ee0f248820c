//! Quotas, ranges of limits, and claims.

use super::common::{given, list, not_supported, selector, told};
use crate::core::body::{at, strings, text};
use crate::core::failure::{field_error, forbidden_field, invalid, required};
use crate::core::names::{self, NameRule};
use crate::core::native;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

const COUNTS: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];
const AMOUNTS: [&str; 11] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "storage",
    "requests.storage",
];

type Errors<'a> = &'a mut Vec<FieldError>;

pub fn quota(object: &Value, live: Option<&Value>, errors: Errors<'_>) {
    hard(object.pointer("/spec/hard"), "spec.hard", errors);
    let known = [
        "BestEffort",
        "CrossNamespacePodAffinity",
        "NotBestEffort",
        "NotTerminating",
        "PriorityClass",
        "Terminating",
        "VolumeAttributesClass",
    ];
    let scopes = strings(object.pointer("/spec/scopes"));
    for _ in scopes.iter().filter(|scope| !known.contains(&&***scope)) {
        errors.push(invalid("spec.scopes", scopes.clone().into(), "unsupported scope"));
    }
    if let Some(live) = live {
        let set =
            |object: &Value| strings(object.pointer("/spec/scopes")).into_iter().collect::<BTreeSet<_>>();
        if set(live) != set(object) {
            errors.push(invalid("spec.scopes", scopes.into(), "field is immutable"));
        }
    }
}

pub fn quota_status(object: &Value, errors: Errors<'_>) {
    for field in ["hard", "used"] {
        hard(object.pointer(&format!("/status/{field}")), &format!("status.{field}"), errors);
    }
}

fn hard(map: Option<&Value>, path: &str, errors: Errors<'_>) {
    for (name, value) in map.and_then(Value::as_object).into_iter().flatten() {
        let here = format!("{path}[{name}]");
        resource_name(name, &here, errors);
        let standard = COUNTS.contains(&&**name)
            || AMOUNTS.contains(&&**name)
            || name.starts_with("hugepages-")
            || name.starts_with("requests.hugepages-");
        if !name.contains('/') && !standard {
            errors.push(invalid(&*here, (&**name).into(), "must be a standard resource for quota"));
        }
        let amount = value.as_str().unwrap_or_default();
        if amount.starts_with('-') {
            errors.push(invalid(&*here, amount.into(), "must be greater than or equal to 0"));
        }
        let whole = COUNTS.contains(&&**name);
        if whole && amount.ends_with(['m', 'u', 'n']) {
            errors.push(invalid(here, amount.into(), "must be an integer"));
        }
    }
}

/// A resource by its own name, or by a qualified one.
fn resource_name(name: &str, path: &str, errors: Errors<'_>) {
    if let Err(why) = names::qualified_name(name) {
        errors.extend(why.into_iter().map(|why| invalid(path, name.into(), why)));
    } else if !name.contains('/')
        && !COUNTS.contains(&name)
        && !AMOUNTS.contains(&name)
        && !name.contains("hugepages-")
    {
        errors.push(invalid(path, name.into(), "must be a standard resource type or fully qualified"));
    }
}

pub fn limit_range(object: &Value, errors: Errors<'_>) {
    let none = Value::Null;
    let mut kinds = BTreeSet::new();
    for (i, limit) in list(object.get("spec").unwrap_or(&none), "limits").iter().enumerate() {
        let here = format!("spec.limits[{i}]");
        let kind = text(limit, "/type");
        let path = format!("{here}.type");
        if let Err(why) = names::qualified_name(kind) {
            errors.extend(why.into_iter().map(|why| invalid(&*path, kind.into(), why)));
        } else if !kind.contains('/') && !matches!(kind, "Pod" | "Container" | "PersistentVolumeClaim") {
            errors.push(invalid(&*path, kind.into(), "must be a standard limit type or fully qualified"));
        }
        if !kinds.insert(kind) {
            errors.push(field_error(FieldErrorKind::Duplicate, path, Some(kind.into()), ""));
        }
        limit_item(limit, kind, &here, errors);
    }
}

fn limit_item(limit: &Value, kind: &str, here: &str, errors: Errors<'_>) {
    let none = Map::new();
    let mut maps: BTreeMap<&str, &Map<String, Value>> = BTreeMap::new();
    for field in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        let map = limit.get(field).and_then(Value::as_object).unwrap_or(&none);
        let path = format!("{here}.{field}");
        if kind == "Pod" && field.starts_with("default") {
            if !map.is_empty() {
                errors.push(forbidden_field(path, "may not be specified when `type` is 'Pod'"));
            }
            continue;
        }
        for name in map.keys() {
            let at = format!("{path}[{name}]");
            resource_name(name, &at, errors);
            let known =
                matches!(&**name, "cpu" | "memory" | "ephemeral-storage") || name.contains("hugepages-");
            if matches!(kind, "Pod" | "Container") && !name.contains('/') && !known {
                errors.push(invalid(at, (&**name).into(), "must be a standard resource for containers"));
            }
        }
        maps.insert(field, map);
    }
    let of = |field: &str, name: &str| maps.get(field)?.get(name)?.as_str();
    if kind == "PersistentVolumeClaim" && of("min", "storage").is_none() && of("max", "storage").is_none() {
        let detail = "either minimum or maximum storage value is required, but neither was provided";
        errors.push(required(format!("{here}.limits"), detail));
    }
    let names: BTreeSet<&String> = maps.values().flat_map(|map| map.keys()).collect();
    // (one, other, the field blamed, whose value is shown, in words)
    let rules = [
        ("min", "max", "min", "min", "min value {} is greater than max value {}"),
        (
            "min",
            "defaultRequest",
            "defaultRequest",
            "defaultRequest",
            "min value {} is greater than default request value {}",
        ),
        (
            "defaultRequest",
            "max",
            "defaultRequest",
            "defaultRequest",
            "default request value {} is greater than max value {}",
        ),
        (
            "defaultRequest",
            "default",
            "defaultRequest",
            "defaultRequest",
            "default request value {} is greater than default limit value {}",
        ),
        ("min", "default", "default", "min", "min value {} is greater than default value {}"),
        ("default", "max", "default", "max", "default value {} is greater than max value {}"),
    ];
    for name in names {
        for (one, other, blamed, shown, words) in rules {
            let (Some(left), Some(right)) = (of(one, name), of(other, name)) else { continue };
            if native::exceeds(left, right) {
                let detail = words.replacen("{}", left, 1).replacen("{}", right, 1);
                let value = of(shown, name).unwrap_or_default();
                errors.push(invalid(format!("{here}.{blamed}[{name}]"), value.into(), detail));
            }
        }
        if let Some(ratio) = of("maxLimitRequestRatio", name).filter(|ratio| native::exceeds("1", ratio)) {
            let detail = format!("ratio {ratio} is less than 1");
            errors.push(invalid(format!("{here}.maxLimitRequestRatio[{name}]"), ratio.into(), detail));
        }
    }
}

pub fn claim(object: &Value, live: Option<&Value>, errors: Errors<'_>) {
    let none = Value::Null;
    let spec = object.get("spec").unwrap_or(&none);
    claim_spec(spec, "spec", errors);
    let Some(live) = live else { return };
    let size = |object: &'_ Value| {
        at(object, "spec.resources.requests.storage").and_then(Value::as_str).map(str::to_owned)
    };
    let now = size(object).unwrap_or_else(|| "0".to_owned());
    let had = at(live, "status.capacity.storage").and_then(Value::as_str).unwrap_or("0");
    if size(live).is_some_and(|old| native::exceeds(&old, &now)) && !native::exceeds(&now, had) {
        let detail = "field can not be less than status.capacity";
        errors.push(forbidden_field("spec.resources.requests.storage", detail));
    }
    let (mode, old) = (given(spec, "volumeMode"), at(live, "spec.volumeMode"));
    if mode != old {
        errors.push(invalid("volumeMode", mode.cloned().unwrap_or_default(), "field is immutable"));
    }
}

/// What a claim asks for, in a claim or in a template of claims.
pub fn claim_spec(spec: &Value, path: &str, errors: Errors<'_>) {
    let modes = strings(spec.get("accessModes"));
    let known = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
    if modes.is_empty() {
        errors.push(required(format!("{path}.accessModes"), "at least 1 access mode is required"));
    }
    selector(given(spec, "selector"), &format!("{path}.selector"), errors);
    for mode in modes.iter().filter(|mode| !known.contains(&&***mode)) {
        errors.push(not_supported(format!("{path}.accessModes"), (&**mode).into(), &known));
    }
    let alone = modes.iter().any(|mode| mode == "ReadWriteOncePod");
    if alone && modes.iter().any(|mode| mode != "ReadWriteOncePod" && known.contains(&&**mode)) {
        let detail = "may not use ReadWriteOncePod with other access modes";
        errors.push(forbidden_field(format!("{path}.accessModes"), detail));
    }
    let size = format!("{path}.resources[storage]");
    match at(spec, "resources.requests.storage").and_then(Value::as_str) {
        None => errors.push(required(size, "")),
        Some(given) if !native::exceeds(given, "0") => {
            errors.push(invalid(size, given.into(), "must be greater than zero"));
        }
        Some(_) => {}
    }
    let class = text(spec, "/storageClassName");
    if !class.is_empty() {
        told(NameRule::Subdomain.check(class), &format!("{path}.storageClassName"), class, errors);
    }
    if let Some(mode) = given(spec, "volumeMode").and_then(Value::as_str)
        && !matches!(mode, "Block" | "Filesystem")
    {
        errors.push(not_supported(format!("{path}.volumeMode"), mode.into(), &["Block", "Filesystem"]));
    }
}
