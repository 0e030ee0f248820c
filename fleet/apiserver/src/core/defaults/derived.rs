//! Defaults that depend on other fields.

use crate::core::body::{as_map, at, field, set_at, text};
use crate::core::registry::Resource;
use serde_json::{Value, json};

pub fn before(object: &mut Value, resource: &Resource) {
    match (&*resource.group, &*resource.plural) {
        ("", "secrets") => string_data(object),
        ("apiextensions.k8s.io", "customresourcedefinitions") => names(object),
        ("apps", "statefulsets") => update_strategy(object),
        _ => {}
    }
}

/// Rolling by default; who says so has to say how as well.
fn update_strategy(object: &mut Value) {
    if !object.get("spec").is_some_and(Value::is_object)
        || !text(object, "/spec/updateStrategy/type").is_empty()
    {
        return;
    }
    set_at(object, "spec.updateStrategy.type", "RollingUpdate".into());
    if at(object, "spec.updateStrategy.rollingUpdate").is_none_or(Value::is_null) {
        set_at(object, "spec.updateStrategy.rollingUpdate", json!({}));
    }
}

pub fn after(object: &mut Value, resource: &Resource) {
    if let Some(path) = pod_spec(resource) {
        let mut here = Some(&mut *object);
        for key in path.split('.') {
            here = here.and_then(|v| v.get_mut(key));
        }
        if let Some(spec) = here.filter(|s| s.is_object()) {
            containers(spec);
            volumes(spec);
        }
    }
    match (&*resource.group, &*resource.plural) {
        ("", "pods") => {
            host_ports(object);
            requests(object);
            pod_addresses(object);
        }
        ("autoscaling", "horizontalpodautoscalers") if resource.version == "v2" => metrics(object),
        ("", "services") => service(object),
        ("", "replicationcontrollers") => labels_from_template(object),
        ("networking.k8s.io", "networkpolicies") => policy_types(object),
        ("", "limitranges") => limits(object),
        ("", "nodes") => {
            if let Some(range) = at(object, "spec.podCIDR").filter(|r| r.is_string()).cloned()
                && at(object, "spec.podCIDRs").is_none_or(Value::is_null)
            {
                set_at(object, "spec.podCIDRs", json!([range]));
            }
        }
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => subjects(object),
        _ => {}
    }
}

/// Where a kind keeps its pod specification.
pub fn pod_spec(resource: &Resource) -> Option<&'static str> {
    match (&*resource.group, &*resource.plural) {
        ("", "pods") => Some("spec"),
        ("", "podtemplates") => Some("template.spec"),
        ("", "replicationcontrollers")
        | ("apps", "deployments" | "replicasets" | "statefulsets" | "daemonsets")
        | ("batch", "jobs") => Some("spec.template.spec"),
        ("batch", "cronjobs") => Some("spec.jobTemplate.spec.template.spec"),
        _ => None,
    }
}

/// `stringData` is written into `data` and never kept.
fn string_data(object: &mut Value) {
    use base64::Engine as _;
    let Some(Value::Object(plain)) = as_map(object).remove("stringData") else { return };
    let data = field(object, "data");
    for (key, value) in plain {
        if let Value::String(text) = value {
            data.insert(key, base64::engine::general_purpose::STANDARD.encode(text).into());
        }
    }
}

fn names(object: &mut Value) {
    let kind = text(object, "/spec/names/kind").to_owned();
    if kind.is_empty() {
        return;
    }
    for (key, value) in [("singular", kind.to_lowercase()), ("listKind", format!("{kind}List"))] {
        if text(object, &format!("/spec/names/{key}")).is_empty() {
            set_at(object, &format!("spec.names.{key}"), value.into());
        }
    }
}

fn containers(spec: &mut Value) {
    if spec.get("securityContext").is_none_or(Value::is_null) {
        set_at(spec, "securityContext", json!({}));
    }
    // Two names for one field: clients read either.
    let (new, old) = (text(spec, "/serviceAccountName").to_owned(), text(spec, "/serviceAccount").to_owned());
    if new.is_empty() && !old.is_empty() {
        set_at(spec, "serviceAccountName", old.into());
    } else if !new.is_empty() {
        set_at(spec, "serviceAccount", new.into());
    }
    for key in ["containers", "initContainers", "ephemeralContainers"] {
        for container in spec.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            if !container.is_object() {
                continue;
            }
            if text(container, "/imagePullPolicy").is_empty() {
                let policy = super::image::pull_policy(text(container, "/image"));
                set_at(container, "imagePullPolicy", policy.into());
            }
            if key != "ephemeralContainers" && container.get("resources").is_none_or(Value::is_null) {
                set_at(container, "resources", json!({}));
            }
        }
    }
}

/// A volume of no kind is an empty one.
fn volumes(spec: &mut Value) {
    for volume in spec.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(map) = volume.as_object_mut() else { continue };
        if map.iter().all(|(key, value)| key == "name" || value.is_null()) {
            map.insert("emptyDir".to_owned(), json!({}));
        }
    }
}

/// On the network of its node a container's ports are the node's. Templates are left as they are.
fn host_ports(pod: &mut Value) {
    let Some(spec) = pod.get_mut("spec") else { return };
    let host = at(spec, "hostNetwork").and_then(Value::as_bool) == Some(true);
    if host {
        for container in spec.get_mut("containers").and_then(Value::as_array_mut).into_iter().flatten() {
            for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
                if at(port, "hostPort").is_none_or(|p| p == &json!(0))
                    && let Some(number) = at(port, "containerPort").cloned()
                {
                    set_at(port, "hostPort", number);
                }
            }
        }
    }
}

/// A pod's address is the first of its addresses, whichever of the two fields was written.
fn pod_addresses(pod: &mut Value) {
    let one = text(pod, "/status/podIP").to_owned();
    let first = pod.pointer("/status/podIPs/0").map(|first| text(first, "/ip").to_owned());
    match (one.is_empty(), first) {
        (true, Some(first)) => set_at(pod, "status.podIP", first.into()),
        (false, first) if first.as_deref() != Some(&one) => {
            set_at(pod, "status.podIPs", json!([{ "ip": one }]));
        }
        (true | false, _) => {}
    }
}

/// What is limited is requested.
fn requests(pod: &mut Value) {
    for key in ["containers", "initContainers"] {
        let list = pod.pointer_mut(&format!("/spec/{key}")).and_then(Value::as_array_mut);
        for resources in list.into_iter().flatten().filter_map(|c| c.get_mut("resources")) {
            let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { continue };
            if limits.is_empty() {
                continue;
            }
            let requests = field(resources, "requests");
            for (name, value) in limits {
                requests.entry(name).or_insert(value);
            }
        }
    }
}

fn metrics(scaler: &mut Value) {
    if scaler.get("spec").is_some_and(Value::is_object)
        && scaler.pointer("/spec/metrics").and_then(Value::as_array).is_none_or(Vec::is_empty)
    {
        let target = json!({ "type": "Utilization", "averageUtilization": 80 });
        let metric = json!({ "type": "Resource", "resource": { "name": "cpu", "target": target } });
        set_at(scaler, "spec.metrics", json!([metric]));
    }
}

fn service(object: &mut Value) {
    if text(object, "/spec/sessionAffinity") == "None" {
        field(object, "spec").remove("sessionAffinityConfig");
    }
    let reached = at(object, "spec.externalIPs").and_then(Value::as_array).is_some_and(|ips| !ips.is_empty());
    if text(object, "/spec/type") == "ClusterIP"
        && reached
        && text(object, "/spec/externalTrafficPolicy").is_empty()
    {
        set_at(object, "spec.externalTrafficPolicy", "Cluster".into());
    }
    if text(object, "/spec/type") == "LoadBalancer" {
        let all = object.pointer_mut("/status/loadBalancer/ingress").and_then(Value::as_array_mut);
        for one in all.into_iter().flatten() {
            if !text(one, "/ip").is_empty() && one.get("ipMode").is_none_or(Value::is_null) {
                set_at(one, "ipMode", "VIP".into());
            }
        }
    }
    let ports = object.pointer_mut("/spec/ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten() {
        let unset = port.get("targetPort").is_none_or(|t| t.is_null() || t == &json!(0) || t == &json!(""));
        if unset && let Some(number) = port.get("port").cloned() {
            set_at(port, "targetPort", number);
        }
    }
}

fn labels_from_template(object: &mut Value) {
    let labels = object.pointer("/spec/template/metadata/labels").cloned().filter(Value::is_object);
    let Some(labels) = labels else { return };
    if object.pointer("/spec/selector").and_then(Value::as_object).is_none_or(serde_json::Map::is_empty) {
        set_at(object, "spec.selector", labels.clone());
    }
    if object.pointer("/metadata/labels").and_then(Value::as_object).is_none_or(serde_json::Map::is_empty) {
        set_at(object, "metadata.labels", labels);
    }
}

/// A container's default is the most that it may have; what it requests by default is its default, or the least.
fn limits(object: &mut Value) {
    let entry =
        |item: &Value, key: &str| item.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    for item in object.pointer_mut("/spec/limits").and_then(Value::as_array_mut).into_iter().flatten() {
        if text(item, "/type") != "Container" {
            continue;
        }
        let (mut default, mut request) = (entry(item, "default"), entry(item, "defaultRequest"));
        for (name, most) in entry(item, "max") {
            default.entry(name).or_insert(most);
        }
        for (name, value) in default.iter().chain(entry(item, "min").iter()) {
            request.entry(name.clone()).or_insert_with(|| value.clone());
        }
        for (key, value) in [("default", default), ("defaultRequest", request)] {
            if !value.is_empty() {
                set_at(item, key, value.into());
            }
        }
    }
}

fn policy_types(object: &mut Value) {
    let holds = |path: &str| at(object, path).and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    if holds("spec.policyTypes") {
        return;
    }
    let types = if holds("spec.egress") { &["Ingress", "Egress"][..] } else { &["Ingress"] };
    set_at(object, "spec.policyTypes", types.into());
}

fn subjects(object: &mut Value) {
    if text(object, "/roleRef/apiGroup").is_empty() {
        set_at(object, "roleRef.apiGroup", "rbac.authorization.k8s.io".into());
    }
    for subject in object.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        if matches!(text(subject, "/kind"), "User" | "Group") && text(subject, "/apiGroup").is_empty() {
            set_at(subject, "apiGroup", "rbac.authorization.k8s.io".into());
        }
    }
}
