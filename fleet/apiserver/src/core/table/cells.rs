//! What stands in one cell. `columns.txt` names these by their first word.

use super::{human, pod};
use crate::core::body::{at, meta, strings, text};
use crate::core::request::Now;
use crate::core::selector_text;
use serde_json::Value;

pub fn render(cell: &[&str], object: &Value, now: Now) -> Value {
    let path = cell.get(1).copied().unwrap_or_default();
    let other = cell.get(2).copied().unwrap_or_default();
    match cell.first().copied().unwrap_or_default() {
        "text" => shown(at(object, path), other).into(),
        "number" => number(object, path).into(),
        "flag" => {
            at(object, path).and_then(Value::as_bool).map_or("<unset>".into(), |b| b.to_string()).into()
        }
        "bool" => at(object, path).and_then(Value::as_bool).unwrap_or(false).into(),
        "flag-title" => match at(object, path).and_then(Value::as_bool) {
            Some(true) => "True",
            Some(false) => "False",
            None => "<unset>",
        }
        .into(),
        "count" => [path, other].iter().map(|p| length(object, p)).sum::<usize>().into(),
        "fraction" => format!("{}/{}", number(object, path), number(object, other)).into(),
        "age" => age(object, now).into(),
        "since" => since(at(object, path), now, other).into(),
        "containers" => containers(object, path, "name").into(),
        "images" => containers(object, path, "image").into(),
        "labels" => none(at(object, path).map(selector_text::of)).into(),
        "selector" => none(at(object, path).map(selector_text::of)).into(),
        "modes" => modes(at(object, path)).into(),
        "phase" => phase(object).into(),
        "claim" => match at(object, "spec.claimRef") {
            Some(claim) => format!("{}/{}", text(claim, "/namespace"), text(claim, "/name")).into(),
            None => "".into(),
        },
        "role" => format!("{}/{}", text(object, "/roleRef/kind"), text(object, "/roleRef/name")).into(),
        "subjects" => subjects(object, path).into(),
        "controller" => controller(object).into(),
        "pod" => pod::cell(path, object, now),
        "job" => job(path, object, now).into(),
        "service" => service(path, object).into(),
        "ingress" => ingress(path, object).into(),
        "endpoints" => endpoints(object).into(),
        "slice" => slice(path, object).into(),
        "node" => node(path, object).into(),
        "event" => event(path, object, now),
        "quota" => quota(path, object).into(),
        "scaler" => scaler(path, object).into(),
        "param" => param(path, object).into(),
        "api" => api(path, object).into(),
        "request" => request_condition(object).into(),
        _ => Value::Null,
    }
}

pub fn age(object: &Value, now: Now) -> String {
    since(at(object, "metadata.creationTimestamp"), now, "<unknown>")
}

pub fn since(value: Option<&Value>, now: Now, absent: &str) -> String {
    match value.and_then(Value::as_str).and_then(Now::parse) {
        Some(then) => human(now, then),
        None if absent.is_empty() => "<unknown>".into(),
        None => absent.into(),
    }
}

pub fn number(object: &Value, path: &str) -> i64 {
    at(object, path).and_then(Value::as_i64).unwrap_or(0)
}

fn shown(value: Option<&Value>, absent: &str) -> String {
    match value {
        None | Some(Value::Null) => absent.into(),
        Some(Value::String(text)) if text.is_empty() => absent.into(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn none(text: Option<String>) -> String {
    text.filter(|t| !t.is_empty()).unwrap_or_else(|| "<none>".into())
}

fn length(object: &Value, path: &str) -> usize {
    if path.is_empty() {
        return 0;
    }
    match at(object, path) {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(map)) => map.len(),
        Some(_) | None => 0,
    }
}

fn list<'a>(object: &'a Value, path: &str) -> &'a [Value] {
    at(object, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn joined(object: &Value, path: &str, pointer: &str) -> String {
    list(object, path).iter().map(|v| text(v, pointer)).collect::<Vec<_>>().join(",")
}

fn containers(object: &Value, path: &str, field: &str) -> String {
    joined(object, &format!("{path}.containers"), &format!("/{field}"))
}

fn modes(value: Option<&Value>) -> String {
    let short = |mode: String| match &*mode {
        "ReadWriteOnce" => "RWO".to_owned(),
        "ReadOnlyMany" => "ROX".to_owned(),
        "ReadWriteMany" => "RWX".to_owned(),
        "ReadWriteOncePod" => "RWOP".to_owned(),
        _ => mode,
    };
    strings(value).into_iter().map(short).collect::<Vec<_>>().join(",")
}

fn phase(object: &Value) -> String {
    if meta(object, "deletionTimestamp").is_empty() {
        text(object, "/status/phase").to_owned()
    } else {
        "Terminating".into()
    }
}

fn subjects(object: &Value, kind: &str) -> String {
    let name = |s: &Value| {
        if kind == "ServiceAccount" {
            format!("{}/{}", text(s, "/namespace"), text(s, "/name"))
        } else {
            text(s, "/name").to_owned()
        }
    };
    let of_kind = list(object, "subjects").iter().filter(|s| text(s, "/kind") == kind);
    of_kind.map(name).collect::<Vec<_>>().join(", ")
}

fn controller(object: &Value) -> String {
    let owners = list(object, "metadata.ownerReferences");
    let owner = owners.iter().find(|o| o.get("controller").and_then(Value::as_bool) == Some(true));
    owner.map_or_else(
        || "<none>".into(),
        |owner| {
            let group = text(owner, "/apiVersion").split_once('/').map_or("", |(group, _)| group);
            let kind = text(owner, "/kind").to_lowercase();
            let dot = if group.is_empty() { "" } else { "." };
            format!("{kind}{dot}{group}/{}", text(owner, "/name"))
        },
    )
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "status.conditions").iter().find(|c| text(c, "/type") == kind)
}

fn is_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|c| text(c, "/status") == "True")
}

fn job(what: &str, object: &Value, now: Now) -> String {
    match what {
        "completions" => {
            let done = number(object, "status.succeeded");
            let parallelism = number(object, "spec.parallelism");
            match at(object, "spec.completions").and_then(Value::as_i64) {
                Some(wanted) => format!("{done}/{wanted}"),
                None if parallelism > 1 => format!("{done}/1 of {parallelism}"),
                None => format!("{done}/1"),
            }
        }
        "duration" => {
            let time = |path| at(object, path).and_then(Value::as_str).and_then(Now::parse);
            match (time("status.startTime"), time("status.completionTime")) {
                (None, _) => String::new(),
                (Some(start), None) => human(now, start),
                (Some(start), Some(end)) => human(end, start),
            }
        }
        _ => {
            let deleted = !meta(object, "deletionTimestamp").is_empty();
            let states = [
                (is_true(object, "Complete"), "Complete"),
                (is_true(object, "Failed"), "Failed"),
                (deleted, "Terminating"),
                (is_true(object, "Suspended"), "Suspended"),
                (is_true(object, "FailureTarget"), "FailureTarget"),
                (is_true(object, "SuccessCriteriaMet"), "SuccessCriteriaMet"),
            ];
            states.iter().find(|(is, _)| *is).map_or("Running", |(_, name)| name).to_owned()
        }
    }
}

fn load_balancer(object: &Value) -> String {
    let points = list(object, "status.loadBalancer.ingress").iter();
    let address = |p: &Value| {
        let ip = text(p, "/ip");
        if ip.is_empty() { text(p, "/hostname").to_owned() } else { ip.to_owned() }
    };
    points.map(address).filter(|a| !a.is_empty()).collect::<Vec<_>>().join(",")
}

fn service(what: &str, object: &Value) -> String {
    if what == "ports" {
        let port = |p: &Value| {
            let (port, protocol) = (number(p, "port"), text(p, "/protocol"));
            match number(p, "nodePort") {
                0 => format!("{port}/{protocol}"),
                node => format!("{port}:{node}/{protocol}"),
            }
        };
        let ports = list(object, "spec.ports").iter().map(port).collect::<Vec<_>>().join(",");
        return none(Some(ports));
    }
    let external = strings(at(object, "spec.externalIPs")).join(",");
    match text(object, "/spec/type") {
        "ClusterIP" | "NodePort" => none(Some(external)),
        "LoadBalancer" => {
            let both = [load_balancer(object), external];
            let both = both.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(",");
            if both.is_empty() { "<pending>".into() } else { both }
        }
        "ExternalName" => text(object, "/spec/externalName").to_owned(),
        _ => "<unknown>".into(),
    }
}

fn ingress(what: &str, object: &Value) -> String {
    match what {
        "hosts" => {
            let hosts: Vec<&str> = list(object, "spec.rules")
                .iter()
                .map(|r| text(r, "/host"))
                .filter(|h| !h.is_empty())
                .collect();
            match hosts.as_slice() {
                [] => "*".into(),
                [first, second, third, rest @ ..] if !rest.is_empty() => {
                    format!("{first},{second},{third} + {} more...", rest.len())
                }
                all => all.join(","),
            }
        }
        "address" => load_balancer(object),
        "ports" => {
            if list(object, "spec.tls").is_empty() {
                "80".into()
            } else {
                "80, 443".into()
            }
        }
        _ => match at(object, "spec.parameters") {
            None | Some(Value::Null) => "<none>".into(),
            Some(p) => {
                let group = text(p, "/apiGroup");
                let dot = if group.is_empty() { "" } else { "." };
                format!("{}{dot}{group}/{}", text(p, "/kind"), text(p, "/name"))
            }
        },
    }
}

/// At most three, then a count.
fn few(all: &[String]) -> String {
    match all {
        [] => "<none>".into(),
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first},{second},{third} + {} more...", rest.len())
        }
        all => all.join(","),
    }
}

fn endpoints(object: &Value) -> String {
    let mut all = Vec::new();
    for subset in list(object, "subsets") {
        for address in list(subset, "addresses") {
            let ip = text(address, "/ip");
            let ports = list(subset, "ports");
            if ports.is_empty() {
                all.push(ip.to_owned());
            }
            all.extend(ports.iter().map(|p| format!("{ip}:{}", number(p, "port"))));
        }
    }
    few(&all)
}

fn slice(what: &str, object: &Value) -> String {
    let all: Vec<String> = if what == "ports" {
        if list(object, "ports").is_empty() {
            return "<unset>".into();
        }
        list(object, "ports").iter().map(|p| shown(p.get("port"), "*")).collect()
    } else {
        if list(object, "endpoints").is_empty() {
            return "<unset>".into();
        }
        list(object, "endpoints").iter().flat_map(|e| strings(e.get("addresses"))).collect()
    };
    few(&all)
}

fn node(what: &str, object: &Value) -> String {
    match what {
        "status" => {
            let mut status = match condition(object, "Ready") {
                Some(ready) if text(ready, "/status") == "True" => "Ready".to_owned(),
                Some(_) => "NotReady".to_owned(),
                None => "Unknown".to_owned(),
            };
            if at(object, "spec.unschedulable").and_then(Value::as_bool) == Some(true) {
                status.push_str(",SchedulingDisabled");
            }
            status
        }
        "roles" => {
            let labels = at(object, "metadata.labels").and_then(Value::as_object);
            let role = |(key, value): (&String, &Value)| {
                let named = key.strip_prefix("node-role.kubernetes.io/").filter(|r| !r.is_empty());
                named.map(str::to_owned).or_else(|| {
                    (key == "kubernetes.io/role").then(|| value.as_str().unwrap_or_default().to_owned())
                })
            };
            let mut roles: Vec<String> = labels.into_iter().flatten().filter_map(role).collect();
            roles.sort();
            none(Some(roles.join(",")))
        }
        kind => {
            let addresses = list(object, "status.addresses").iter();
            none(
                addresses.filter(|a| text(a, "/type") == kind).map(|a| text(a, "/address").to_owned()).next(),
            )
        }
    }
}

fn event(what: &str, object: &Value, now: Now) -> Value {
    let first = || {
        let time = at(object, "firstTimestamp").filter(|v| v.is_string()).or_else(|| at(object, "eventTime"));
        since(time, now, "<unknown>")
    };
    match what {
        "first" => first().into(),
        "last" => {
            let series = at(object, "series.lastObservedTime").filter(|v| v.is_string());
            match series.or_else(|| at(object, "lastTimestamp").filter(|v| v.is_string())) {
                Some(time) => since(Some(time), now, "<unknown>").into(),
                None => first().into(),
            }
        }
        "object" => {
            let kind = text(object, "/involvedObject/kind").to_lowercase();
            match text(object, "/involvedObject/name") {
                "" => kind.into(),
                name => format!("{kind}/{name}").into(),
            }
        }
        "message" => text(object, "/message").trim().into(),
        "count" => {
            let count = at(object, "series.count").or_else(|| at(object, "count")).and_then(Value::as_i64);
            count.filter(|c| *c != 0).unwrap_or(1).into()
        }
        _ => {
            let (component, host) = (text(object, "/source/component"), text(object, "/source/host"));
            let (component, host) = if component.is_empty() {
                (text(object, "/reportingComponent"), text(object, "/reportingInstance"))
            } else {
                (component, host)
            };
            if host.is_empty() { component.into() } else { format!("{component}, {host}").into() }
        }
    }
}

fn quota(what: &str, object: &Value) -> String {
    let hard = at(object, "status.hard").and_then(Value::as_object);
    let part = |(name, value): (&String, &Value)| {
        let limits = name.contains("limits");
        let used = at(object, "status.used").and_then(|u| u.get(name));
        (limits == (what == "limits"))
            .then(|| format!("{name}: {}/{}", shown(used, "0"), shown(Some(value), "0")))
    };
    hard.into_iter().flatten().filter_map(part).collect::<Vec<_>>().join(", ")
}

fn scaler(what: &str, object: &Value) -> String {
    if what == "reference" {
        let target = "/spec/scaleTargetRef";
        return format!(
            "{}/{}",
            text(object, &format!("{target}/kind")),
            text(object, &format!("{target}/name"))
        );
    }
    let current = list(object, "status.currentMetrics");
    let all: Vec<String> = list(object, "spec.metrics")
        .iter()
        .enumerate()
        .map(|(i, metric)| {
            let name = text(metric, "/resource/name");
            let target = match at(metric, "resource.target.averageUtilization") {
                Some(percent) => format!("{percent}%"),
                None => shown(at(metric, "resource.target.averageValue"), "<auto>"),
            };
            let percent = current.get(i).and_then(|c| at(c, "resource.current.averageUtilization"));
            let now = percent.map_or_else(|| "<unknown>".to_owned(), |p| format!("{p}%"));
            if name.is_empty() { format!("{now}/{target}") } else { format!("{name}: {now}/{target}") }
        })
        .collect();
    match all.as_slice() {
        [] => "<none>".into(),
        [first, second, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second} + {} more...", rest.len())
        }
        all => all.join(", "),
    }
}

fn param(what: &str, object: &Value) -> String {
    let path = if what == "kind" { "spec.paramKind" } else { "spec.paramRef" };
    match at(object, path) {
        None | Some(Value::Null) => "<unset>".into(),
        Some(kind) if what == "kind" => format!("{}/{}", text(kind, "/apiVersion"), text(kind, "/kind")),
        Some(reference) => match (text(reference, "/namespace"), text(reference, "/name")) {
            ("", name) => format!("*/{name}"),
            (namespace, name) => format!("{namespace}/{name}"),
        },
    }
}

fn api(what: &str, object: &Value) -> String {
    if what == "service" {
        return match at(object, "spec.service") {
            None | Some(Value::Null) => "Local".into(),
            Some(s) => format!("{}/{}", text(s, "/namespace"), text(s, "/name")),
        };
    }
    match condition(object, "Available") {
        None => "Unknown".into(),
        Some(c) if text(c, "/status") == "True" => "True".into(),
        Some(c) => format!("{} ({})", text(c, "/status"), text(c, "/reason")),
    }
}

fn request_condition(object: &Value) -> String {
    let named: Vec<&str> = list(object, "status.conditions").iter().map(|c| text(c, "/type")).collect();
    let mut status = match named.iter().find(|t| matches!(**t, "Denied" | "Approved")) {
        Some(decision) => (*decision).to_owned(),
        None => "Pending".to_owned(),
    };
    if named.contains(&"Failed") {
        status.push_str(",Failed");
    }
    if !text(object, "/status/certificate").is_empty() {
        status.push_str(",Issued");
    }
    status
}
