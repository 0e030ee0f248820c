//! Pods and what makes them.

use super::Given;
use super::common::{
    amount, annotations, count_or_percent, given, go_struct, labels, list, not_negative, not_supported,
    of_struct, selector, shown_selector, told,
};
use super::cron;
use super::quota::claim_spec;
use crate::core::body::{at, text};
use crate::core::failure::{forbidden_field, invalid, required};
use crate::core::names;
use crate::core::registry::Resource;
use crate::core::selector::Labels;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Errors<'a> = &'a mut Vec<FieldError>;

pub fn validate(object: &Value, live: Option<&Value>, resource: &Resource, raw: &Given, errors: Errors<'_>) {
    let Some(path) = crate::core::defaults::pod_spec(resource) else { return };
    let none = Value::Null;
    let spec = object.get("spec").unwrap_or(&none);
    let kind = &*resource.plural;
    let counts: &[&str] = match kind {
        "jobs" => JOB_COUNTS,
        "cronjobs" => &["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"],
        "replicasets" | "replicationcontrollers" | "statefulsets" => &["replicas", "minReadySeconds"],
        "daemonsets" => &["minReadySeconds", "revisionHistoryLimit"],
        "deployments" => &["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"],
        _ => &[],
    };
    not_negative(spec, "spec", counts, errors);
    match kind {
        "deployments" => deployment(spec, errors),
        "statefulsets" => stateful_set(spec, live.is_none(), errors),
        "daemonsets" => daemon_set(spec, errors),
        "cronjobs" => cron_job(object, spec, live, errors),
        _ => {}
    }
    let (template_path, pod) = path.rsplit_once('.').map_or(("", path), |(above, _)| (above, path));
    let selects = matches!(kind, "deployments" | "replicasets" | "statefulsets" | "daemonsets");
    let selectable = !selects || matching(spec, kind, raw, errors);
    // Nothing is said of what a selector would have to match, but the daemons' is looked at in any case.
    let looked_at = selectable || kind == "daemonsets";
    let template = if template_path.is_empty() { None } else { at(object, template_path) };
    if let Some(template) = template.filter(|_| looked_at) {
        // Told without `metadata`, unlike how they match the selector; of stateful sets twice.
        for _ in 0..if kind == "statefulsets" { 2 } else { 1 } {
            let metadata = |field: &str| template.pointer(&format!("/metadata/{field}"));
            labels(metadata("labels"), &format!("{template_path}.labels"), errors);
            annotations(metadata("annotations"), &format!("{template_path}.annotations"), errors);
        }
    }
    let pod_spec = at(object, pod).unwrap_or(&none);
    if kind == "statefulsets" && looked_at {
        super::pod::spec(&of_stateful_set(spec, pod_spec), path, errors);
    } else if looked_at {
        super::pod::spec(pod_spec, path, errors);
    }
    if !looked_at && kind != "statefulsets" {
        return;
    }
    let policy = text(pod_spec, "/restartPolicy");
    let deadline = given(pod_spec, "activeDeadlineSeconds").is_some();
    match kind {
        "jobs" | "cronjobs" => match policy {
            "OnFailure" | "Never" => {}
            "Always" | "" => {
                let detail = "valid values: \"OnFailure\", \"Never\"";
                errors.push(required(format!("{path}.restartPolicy"), detail));
            }
            other => {
                let known = ["OnFailure", "Never"];
                errors.push(not_supported(format!("{path}.restartPolicy"), other.into(), &known));
            }
        },
        "deployments" | "replicasets" | "statefulsets" | "daemonsets" | "replicationcontrollers" => {
            if policy != "Always" {
                errors.push(not_supported(format!("{path}.restartPolicy"), policy.into(), &["Always"]));
            }
            if deadline {
                let owner = match kind {
                    "statefulsets" => "StatefulSet",
                    "daemonsets" => "DaemonSet",
                    _ => "ReplicaSet",
                };
                let detail = format!("activeDeadlineSeconds in {owner} is not Supported");
                errors.push(forbidden_field(format!("{path}.activeDeadlineSeconds"), detail));
            }
        }
        _ => {}
    }
    if kind == "jobs" {
        super::job::selector(object, live.is_none(), errors);
    }
}

const JOB_COUNTS: &[&str] = &[
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
];

fn invalid_selector(selector: &Value, detail: &str) -> FieldError {
    of_struct(FieldErrorKind::Invalid, "spec.selector", &shown_selector(selector), detail)
}

/// The pod that a stateful set makes: its controller names it and mounts its claims.
fn of_stateful_set(spec: &Value, pod: &Value) -> Value {
    let mut pod = pod.clone();
    let Some(fields) = pod.as_object_mut() else { return pod };
    fields.remove("hostname");
    fields.remove("subdomain");
    let claims = list(spec, "volumeClaimTemplates");
    if claims.is_empty() {
        return pod;
    }
    let name = |volume: &Value| text(volume, "/name").to_owned();
    let claimed: BTreeMap<String, Value> = claims
        .iter()
        .map(|claim| text(claim, "/metadata/name").to_owned())
        .map(|name| (name.clone(), json!({"name": name, "persistentVolumeClaim": {"claimName": name}})))
        .collect();
    let own = fields.remove("volumes");
    let own = own.as_ref().and_then(Value::as_array).into_iter().flatten();
    let own = own.filter(|volume| !claimed.contains_key(&name(volume))).cloned();
    let volumes = claimed.values().cloned().chain(own).collect();
    fields.insert("volumes".into(), volumes);
    pod
}

/// The selector, and the labels of the template that it must match. False if it selects nothing because it is wrong.
fn matching(spec: &Value, kind: &str, raw: &Given, errors: Errors<'_>) -> bool {
    let wanted = given(spec, "selector");
    let before = errors.len();
    selector(wanted, "spec.selector", errors);
    let is_wrong = errors.len() > before;
    if wanted.is_none() && kind != "daemonsets" {
        errors.push(required("spec.selector", ""));
    }
    let read = wanted.map(|wanted| Labels::from_selector(wanted).filter(|_| !is_wrong));
    if let (Some(Some(labels)), Some(wanted)) = (&read, wanted)
        && labels.is_empty()
    {
        let one = match kind {
            "statefulsets" => "statefulset",
            "daemonsets" => "daemonset",
            _ => "deployment",
        };
        errors.push(invalid_selector(wanted, &format!("empty selector is invalid for {one}")));
    }
    let of_template = spec.pointer("/template/metadata/labels");
    let matches = match &read {
        // What is not there selects nothing.
        None => false,
        Some(None) => {
            let detail = if kind == "statefulsets" { "" } else { "invalid label selector" };
            if kind != "daemonsets" {
                errors.push(invalid_selector(wanted.unwrap_or(&Value::Null), detail));
            }
            return false;
        }
        Some(Some(labels)) => labels.is_empty() || labels.matches(of_template),
    };
    if !matches {
        let empty = raw.nothing("/spec/template/metadata/labels", json!({}));
        let value = of_template.cloned().unwrap_or(empty);
        let detail = "`selector` does not match template `labels`";
        errors.push(invalid("spec.template.metadata.labels", value, detail));
    }
    true
}

fn deployment(spec: &Value, errors: Errors<'_>) {
    let none = Value::Null;
    let strategy = spec.get("strategy").unwrap_or(&none);
    let rolling = given(strategy, "rollingUpdate");
    let path = "spec.strategy.rollingUpdate";
    match text(strategy, "/type") {
        "Recreate" => {
            if rolling.is_some() {
                let detail = "may not be specified when strategy `type` is 'Recreate'";
                errors.push(forbidden_field(path, detail));
            }
        }
        "RollingUpdate" => match rolling {
            None => errors.push(required(path, "this should be defaulted and never be nil")),
            Some(rolling) => {
                let (least, most) = (given(rolling, "maxUnavailable"), given(rolling, "maxSurge"));
                for (field, value, limited) in [("maxUnavailable", least, true), ("maxSurge", most, false)] {
                    if let Some(value) = value {
                        count_or_percent(value, &format!("{path}.{field}"), limited, errors);
                    }
                }
                if amount(least) == 0 && amount(most) == 0 {
                    let value = least.cloned().unwrap_or(json!(0));
                    let detail = "may not be 0 when `maxSurge` is 0";
                    errors.push(invalid(format!("{path}.maxUnavailable"), value, detail));
                }
            }
        },
        other => {
            let known = "supported values: \"Recreate\", \"RollingUpdate\"";
            errors.push(unknown_strategy(
                FieldErrorKind::NotSupported,
                "spec.strategy",
                other,
                surge(rolling),
                known,
            ));
        }
    }
    let number = |field: &str| spec.get(field).and_then(Value::as_i64);
    if let Some(deadline) = number("progressDeadlineSeconds")
        && deadline <= number("minReadySeconds").unwrap_or(0)
    {
        let detail = "must be greater than minReadySeconds";
        errors.push(invalid("spec.progressDeadlineSeconds", deadline.into(), detail));
    }
}

/// `rolling` is a struct that is shown already.
fn unknown_strategy(
    kind: FieldErrorKind,
    path: &str,
    name: &str,
    rolling: Option<String>,
    detail: &str,
) -> FieldError {
    let rolling = rolling.unwrap_or_else(|| "null".to_owned());
    let shown = format!("{{\"Type\":{},\"RollingUpdate\":{rolling}}}", Value::from(name));
    of_struct(kind, path, &shown, detail)
}

fn surge(rolling: Option<&Value>) -> Option<String> {
    let field = |rolling: &Value, name: &str| rolling.get(name).cloned().unwrap_or(json!(0));
    rolling.map(|rolling| {
        go_struct(&[
            ("MaxUnavailable", field(rolling, "maxUnavailable")),
            ("MaxSurge", field(rolling, "maxSurge")),
        ])
    })
}

fn stateful_set(spec: &Value, new: bool, errors: Errors<'_>) {
    match text(spec, "/podManagementPolicy") {
        "" => errors.push(required("spec.podManagementPolicy", "")),
        "OrderedReady" | "Parallel" => {}
        other => {
            let detail = "must be 'OrderedReady' or 'Parallel'";
            errors.push(invalid("spec.podManagementPolicy", other.into(), detail));
        }
    }
    let none = Value::Null;
    let strategy = spec.get("updateStrategy").unwrap_or(&none);
    let rolling = given(strategy, "rollingUpdate");
    let shown = rolling.map(|rolling| {
        let partition = rolling.get("partition").and_then(Value::as_i64).unwrap_or(0);
        let most = given(rolling, "maxUnavailable").cloned().unwrap_or_default();
        go_struct(&[("Partition", partition.into()), ("MaxUnavailable", most)])
    });
    let path = "spec.updateStrategy.rollingUpdate";
    match text(strategy, "/type") {
        "" => errors.push(required("spec.updateStrategy", "")),
        "OnDelete" => {
            if let Some(shown) = shown {
                let detail = "only allowed for updateStrategy 'RollingUpdate'";
                errors.push(of_struct(FieldErrorKind::Invalid, path, &shown, detail));
            }
        }
        "RollingUpdate" => {
            if let Some(rolling) = rolling {
                not_negative(rolling, path, &["partition"], errors);
                if let Some(most) = given(rolling, "maxUnavailable") {
                    count_or_percent(most, &format!("{path}.maxUnavailable"), true, errors);
                }
            }
        }
        other => {
            let detail = "must be 'RollingUpdate' or 'OnDelete'";
            errors.push(unknown_strategy(
                FieldErrorKind::Invalid,
                "spec.updateStrategy",
                other,
                shown,
                detail,
            ));
        }
    }
    let retention = given(spec, "persistentVolumeClaimRetentionPolicy");
    for field in ["whenDeleted", "whenScaled"] {
        let Some(retention) = retention else { continue };
        let value = text(retention, &format!("/{field}"));
        if !matches!(value, "Retain" | "Delete") {
            let path = format!("spec.persistentVolumeClaimRetentionPolicy.{field}");
            errors.push(not_supported(path, value.into(), &["Retain", "Delete"]));
        }
    }
    for (i, claim) in list(spec, "volumeClaimTemplates").iter().enumerate().filter(|_| new) {
        let path = format!("spec.volumeClaimTemplates[{i}].spec");
        claim_spec(claim.get("spec").unwrap_or(&none), &path, errors);
    }
    if let Some(ordinals) = given(spec, "ordinals") {
        not_negative(ordinals, "spec.ordinals", &["start"], errors);
    }
    let service = text(spec, "/serviceName");
    if new && !service.is_empty() {
        told(names::label(service), "spec.serviceName", service, errors);
    }
}

fn daemon_set(spec: &Value, errors: Errors<'_>) {
    let none = Value::Null;
    let strategy = spec.get("updateStrategy").unwrap_or(&none);
    let path = "spec.updateStrategy.rollingUpdate";
    let rolling = given(strategy, "rollingUpdate");
    match (text(strategy, "/type"), rolling) {
        ("OnDelete", _) => {}
        ("RollingUpdate", None) => errors.push(required(path, "")),
        ("RollingUpdate", Some(rolling)) => {
            let (less, more) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
            for (field, value) in [("maxUnavailable", less), ("maxSurge", more)] {
                if let Some(value) = value {
                    count_or_percent(value, &format!("{path}.{field}"), true, errors);
                }
            }
            match (amount(less) != 0, amount(more) != 0) {
                (true, true) => {
                    let detail = "may not be set when maxUnavailable is non-zero";
                    errors.push(invalid(
                        format!("{path}.maxSurge"),
                        more.cloned().unwrap_or_default(),
                        detail,
                    ));
                }
                (false, false) => {
                    let detail = "cannot be 0 when maxSurge is 0";
                    errors.push(required(format!("{path}.maxUnavailable"), detail));
                }
                (true, false) | (false, true) => {}
            }
        }
        (other, rolling) => {
            let known = "supported values: \"RollingUpdate\", \"OnDelete\"";
            let path = "spec.updateStrategy";
            errors.push(unknown_strategy(FieldErrorKind::NotSupported, path, other, surge(rolling), known));
        }
    }
}

fn cron_job(object: &Value, spec: &Value, live: Option<&Value>, errors: Errors<'_>) {
    let name = text(object, "/metadata/name");
    if live.is_none() && name.len() > 52 {
        errors.push(invalid("metadata.name", name.into(), "must be no more than 52 characters"));
    }
    let schedule = text(spec, "/schedule");
    if schedule.is_empty() {
        errors.push(required("spec.schedule", ""));
    } else {
        if let Err(why) = cron::check(schedule) {
            errors.push(invalid("spec.schedule", schedule.into(), why));
        }
        let had = live.is_some_and(|live| text(live, "/spec/schedule").contains("TZ"));
        if schedule.contains("TZ") && !had {
            let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
            errors.push(invalid("spec.schedule", schedule.into(), detail));
        } else if schedule.contains("TZ") && given(spec, "timeZone").is_some() {
            let detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
            errors.push(invalid("spec.schedule", schedule.into(), detail));
        }
    }
    match text(spec, "/concurrencyPolicy") {
        "" => errors.push(required("spec.concurrencyPolicy", "")),
        "Allow" | "Forbid" | "Replace" => {}
        other => {
            let known = ["Allow", "Forbid", "Replace"];
            errors.push(not_supported("spec.concurrencyPolicy", other.into(), &known));
        }
    }
    if let Some(job) = spec.pointer("/jobTemplate/spec") {
        not_negative(job, "spec.jobTemplate.spec", JOB_COUNTS, errors);
    }
}

/// Counts in the status of what makes pods.
pub fn status(object: &Value, plural: &str, errors: Errors<'_>) {
    let none = Value::Null;
    let status = object.get("status").unwrap_or(&none);
    let counts = [
        "observedGeneration",
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "currentReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "terminatingReplicas",
        "collisionCount",
    ];
    not_negative(status, "status", &counts, errors);
    let count = |field: &str| status.get(field).and_then(Value::as_i64).unwrap_or(0);
    let parts: &[&str] = match plural {
        "deployments" => &["updatedReplicas", "readyReplicas", "availableReplicas"],
        _ => &["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"],
    };
    for part in parts {
        if count(part) > count("replicas") {
            let detail = "cannot be greater than status.replicas";
            errors.push(invalid(format!("status.{part}"), count(part).into(), detail));
        }
    }
    if count("availableReplicas") > count("readyReplicas") {
        let detail = match plural {
            "deployments" => "cannot be greater than readyReplicas",
            _ => "cannot be greater than status.readyReplicas",
        };
        errors.push(invalid("status.availableReplicas", count("availableReplicas").into(), detail));
    }
}

/// What a pod says of itself.
pub fn pod_status(object: &Value, live: &Value, errors: Errors<'_>) {
    let none = Value::Null;
    let status = object.get("status").unwrap_or(&none);
    for (i, condition) in list(status, "conditions").iter().enumerate() {
        let kind = text(condition, "/type");
        if !matches!(kind, "PodScheduled" | "Ready" | "Initialized") {
            told(names::qualified_name(kind), &format!("status.conditions[{i}].Type"), kind, errors);
        }
    }
    let class = text(status, "/qosClass");
    if class != text(live, "/status/qosClass") {
        errors.push(invalid("status.qosClass", class.into(), "field is immutable"));
    }
    let addresses = list(status, "podIPs");
    for (i, one) in addresses.iter().enumerate() {
        let ip = text(one, "/ip");
        if ip.parse::<std::net::IpAddr>().is_err() {
            let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            errors.push(invalid(format!("status.podIPs[{i}]"), ip.into(), detail));
        }
    }
    let families: std::collections::BTreeSet<bool> =
        addresses.iter().map(|one| text(one, "/ip").contains(':')).collect();
    if addresses.len() > 1 && (addresses.len() > 2 || families.len() < 2) {
        let shown: Vec<String> =
            addresses.iter().map(|one| go_struct(&[("IP", text(one, "/ip").into())])).collect();
        let shown = format!("[{}]", shown.join(","));
        let detail = "may specify no more than one IP for each IP family";
        errors.push(of_struct(FieldErrorKind::Invalid, "status.podIPs", &shown, detail));
    }
}
