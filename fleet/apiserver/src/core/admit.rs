//! What the server itself adds to objects of certain kinds while they are written: built-in admission and strategies.

use crate::core::body::{self, at, set_at, text};
use crate::core::cluster::Cluster;
use crate::core::failure::{Failure, invalid};
use crate::core::registry::Resource;
use crate::core::write::Act;
use mainstay_object::FieldError;
use serde_json::{Value, json};

/// What reading an object adds to its metadata: it belongs to who wrote it.
pub fn before_defaults(resource: &Resource, live: Option<&Value>, object: &mut Value) {
    match (&*resource.group, &*resource.plural) {
        ("", "namespaces") => {
            let name = body::meta(object, "name").to_owned();
            set_label(object, "kubernetes.io/metadata.name", &name);
        }
        ("apps", "daemonsets") if live.is_none() => set_annotation(object, TEMPLATE_GENERATION, "1"),
        // A number in the server's struct, and an annotation in everything that is read.
        ("apps", "daemonsets") if template_generation(object).is_none() => {
            set_annotation(object, TEMPLATE_GENERATION, "0");
        }
        _ => {}
    }
}

/// What the server adds to a new object on its own, once the client's part is complete.
pub fn before_create(cluster: &Cluster, act: &mut Act<'_>, object: &mut Value) -> Result<(), Failure> {
    match (&*act.resource.group, &*act.resource.plural) {
        ("", "namespaces") => {
            let mut finalizers = body::strings(object.pointer("/spec/finalizers"));
            if !finalizers.iter().any(|f| f == "kubernetes") {
                finalizers.push("kubernetes".into());
            }
            set_at(object, "spec.finalizers", finalizers.into());
            set_at(object, "status.phase", "Active".into());
        }
        ("", "pods") => {
            if cluster.settings.service_accounts
                && text(object, "/spec/serviceAccountName").is_empty()
                && text(object, "/spec/serviceAccount").is_empty()
                && object.get("spec").is_some_and(Value::is_object)
            {
                set_at(object, "spec.serviceAccountName", "default".into());
                set_at(object, "spec.serviceAccount", "default".into());
            }
            set_at(object, "status.phase", "Pending".into());
            set_at(object, "status.qosClass", qos(object).into());
        }
        ("", "persistentvolumeclaims") => {
            protect(object, PROTECTED_CLAIM);
        }
        ("batch", "jobs") => job_labels(object),
        ("apps", "statefulsets") => set_at(object, "status.availableReplicas", 0.into()),
        ("", "persistentvolumes") => {
            set_at(object, "status.phase", "Pending".into());
            set_at(object, "status.lastPhaseTransitionTime", act.now.rfc3339().into());
            protect(object, PROTECTED_VOLUME);
        }
        ("apiextensions.k8s.io", "customresourcedefinitions") => {
            body::as_map(object).remove("status");
        }
        ("rbac.authorization.k8s.io", _) => {
            crate::core::rbac::check_escalation(cluster, act.user, &act.resource, act.namespace, object)?;
        }
        _ => {}
    }
    Ok(())
}

/// Keep what is in use; lifted by a controller.
pub const PROTECTED_CLAIM: &str = "kubernetes.io/pvc-protection";
pub const PROTECTED_VOLUME: &str = "kubernetes.io/pv-protection";

fn protect(object: &mut Value, finalizer: &str) {
    let mut finalizers = body::finalizers(object);
    if !finalizers.iter().any(|f| f == finalizer) {
        finalizers.push(finalizer.to_owned());
        body::set_finalizers(object, &finalizers);
    }
}

/// Before defaults of an update.
pub fn before_update(resource: &Resource, live: &Value, new: &mut Value) {
    match (&*resource.group, &*resource.plural) {
        ("", "namespaces") => {
            // `finalize` alone changes these.
            if new.pointer("/spec/finalizers").is_none()
                && let Some(finalizers) = live.pointer("/spec/finalizers")
            {
                set_at(new, "spec.finalizers", finalizers.clone());
            }
        }
        ("", "services") => {
            if text(live, "/spec/type") == "LoadBalancer" && text(new, "/spec/type") != "LoadBalancer" {
                set_at(new, "status.loadBalancer", json!({}));
            }
            drop_dependents(live, new);
            // What the server chose stays, unless the client says otherwise.
            for key in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"] {
                let absent = at(new, &format!("spec.{key}")).is_none_or(|v| v.is_null() || v == &json!(""));
                if absent
                    && new.get("spec").is_some_and(Value::is_object)
                    && text(new, "/spec/type") != "ExternalName"
                    && (key != "healthCheckNodePort" || needs_health_check(new))
                    && let Some(old) = at(live, &format!("spec.{key}"))
                {
                    set_at(new, &format!("spec.{key}"), old.clone());
                }
            }
        }
        ("apps", "daemonsets") => {
            let old = template_generation(live).and_then(|n| n.parse::<i64>().ok()).unwrap_or(1);
            let changed = at(new, "spec.template") != at(live, "spec.template");
            set_annotation(new, TEMPLATE_GENERATION, &(old + i64::from(changed)).to_string());
        }
        ("", "persistentvolumeclaims") => {
            if text(new, "/spec/volumeName").is_empty()
                && let Some(name) = at(live, "spec.volumeName")
            {
                set_at(new, "spec.volumeName", name.clone());
            }
        }
        _ => {}
    }
}

/// Once defaults are set, on creation and update.
pub fn after_defaults(
    cluster: &Cluster,
    act: &Act<'_>,
    live: Option<&Value>,
    object: &mut Value,
    errors: &mut Vec<FieldError>,
) -> Result<(), Failure> {
    match (&*act.resource.group, &*act.resource.plural) {
        ("", "services") if act.subresource.is_empty() => service_address(cluster, live, object, errors)?,
        ("", "pods") if act.subresource.is_empty() => pod(object, live),
        _ => {}
    }
    Ok(())
}

fn template_generation(object: &Value) -> Option<&str> {
    object.pointer("/metadata/annotations")?.get(TEMPLATE_GENERATION)?.as_str()
}

/// Counts the templates that a DaemonSet has had.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

fn set_label(object: &mut Value, key: &str, value: &str) {
    set_entry(object, "labels", key, value);
}

fn set_annotation(object: &mut Value, key: &str, value: &str) {
    set_entry(object, "annotations", key, value);
}

fn set_entry(object: &mut Value, map: &str, key: &str, value: &str) {
    let metadata = body::metadata(object);
    let entries = body::as_map(metadata.entry(map).or_insert_with(|| json!({})));
    entries.insert(key.to_owned(), value.into());
}

fn job_labels(object: &mut Value) {
    if at(object, "spec.manualSelector").and_then(Value::as_bool) == Some(true)
        || !object.pointer("/spec/template").is_some_and(Value::is_object)
    {
        return;
    }
    let (uid, name) = (body::meta(object, "uid").to_owned(), body::meta(object, "name").to_owned());
    let pairs = [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ];
    if let Some(template) = object.pointer_mut("/spec/template") {
        for (key, value) in pairs {
            set_label(template, key, value);
        }
    }
    if at(object, "spec.selector").is_none_or(Value::is_null) {
        set_at(
            object,
            "spec.selector",
            json!({ "matchLabels": { "batch.kubernetes.io/controller-uid": uid } }),
        );
    }
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    if labels.is_none_or(serde_json::Map::is_empty)
        && let Some(labels) = object.pointer("/spec/template/metadata/labels").cloned()
    {
        body::set_meta(object, "labels", Some(labels));
    }
}

/// The quality of service that a pod's requests and limits amount to.
fn qos(pod: &Value) -> &'static str {
    let containers = || pod.pointer("/spec/containers").and_then(Value::as_array).into_iter().flatten();
    let any = containers().any(|c| {
        ["requests", "limits"].iter().any(|k| {
            at(c, &format!("resources.{k}")).and_then(Value::as_object).is_some_and(|m| !m.is_empty())
        })
    });
    if !any {
        return "BestEffort";
    }
    let guaranteed = containers().all(|c| {
        ["cpu", "memory"].iter().all(|name| {
            let limit = at(c, "resources.limits").and_then(|l| l.get(name));
            let request = at(c, "resources.requests").and_then(|r| r.get(name)).or(limit);
            limit.is_some() && limit == request
        })
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}

/// Priority, and for how long nodes in trouble are put up with.
fn pod(object: &mut Value, live: Option<&Value>) {
    if !object.get("spec").is_some_and(Value::is_object) {
        return;
    }
    for (path, value) in
        [("spec.priority", json!(0)), ("spec.preemptionPolicy", json!("PreemptLowerPriority"))]
    {
        if at(object, path).is_none_or(Value::is_null) {
            match live {
                None => set_at(object, path, value),
                Some(live) => {
                    if let Some(value) = at(live, path) {
                        set_at(object, path, value.clone());
                    }
                }
            }
        }
    }
    let mut tolerations =
        at(object, "spec.tolerations").and_then(Value::as_array).cloned().unwrap_or_default();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = |t: &Value| {
            matches!(text(t, "/key"), k if k == key || k.is_empty())
                && matches!(text(t, "/effect"), "NoExecute" | "")
        };
        if !tolerations.iter().any(tolerated) {
            tolerations.push(json!({
                "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
            }));
        }
    }
    set_at(object, "spec.tolerations", tolerations.into());
}

/// Gives a Service its cluster IP, out of 10.96.0.0/12, and its node ports.
fn service_address(
    cluster: &Cluster,
    live: Option<&Value>,
    object: &mut Value,
    errors: &mut Vec<FieldError>,
) -> Result<(), Failure> {
    if !object.get("spec").is_some_and(Value::is_object) {
        return Ok(());
    }
    let kind = text(object, "/spec/type").to_owned();
    if kind == "ExternalName" {
        return Ok(());
    }
    let name = (body::meta(object, "namespace").to_owned(), body::meta(object, "name").to_owned());
    let asked = text(object, "/spec/clusterIP").to_owned();
    let had = live.map(|l| text(l, "/spec/clusterIP").to_owned()).unwrap_or_default();
    if live.is_some() && !asked.is_empty() && asked != "None" && asked.parse::<std::net::IpAddr>().is_err() {
        // Told before anything else is looked at.
        let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        let error = invalid("spec.clusterIPs[0]", asked.into(), detail);
        return Err(Failure::invalid("", "Service", &name.1, &[error]));
    }
    if asked.is_empty() {
        match cluster.free_service_ip() {
            Some(ip) => set_at(object, "spec.clusterIP", ip.into()),
            None => errors.push(invalid(
                "spec.clusterIPs",
                json!([""]),
                "failed to allocate an IP: range is full",
            )),
        }
    } else if asked != "None" && asked != had && cluster.service_ip_taken(&asked, &name) {
        errors.push(invalid(
            "spec.clusterIPs",
            json!([asked]),
            format!("failed to allocate IP {asked}: provided IP is already allocated"),
        ));
    }
    let ip = text(object, "/spec/clusterIP").to_owned();
    if at(object, "spec.clusterIPs").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        set_at(object, "spec.clusterIPs", json!([ip]));
    }
    // Whoever writes a headless service's endpoints may use both families, whatever the cluster has.
    let selects = at(object, "spec.selector").and_then(Value::as_object).is_some_and(|s| !s.is_empty());
    let (families, policy) = if ip == "None" && !selects {
        (json!(["IPv4", "IPv6"]), "RequireDualStack")
    } else {
        (json!(["IPv4"]), "SingleStack")
    };
    if at(object, "spec.ipFamilyPolicy").is_none_or(Value::is_null) {
        if at(object, "spec.ipFamilies").is_none_or(Value::is_null) {
            set_at(object, "spec.ipFamilies", families);
            set_at(object, "spec.ipFamilyPolicy", policy.into());
        } else {
            set_at(object, "spec.ipFamilyPolicy", "SingleStack".into());
        }
    } else if at(object, "spec.ipFamilies").is_none_or(Value::is_null) {
        set_at(object, "spec.ipFamilies", json!(["IPv4"]));
    }
    let wants_ports = kind == "NodePort"
        || (kind == "LoadBalancer"
            && at(object, "spec.allocateLoadBalancerNodePorts") != Some(&json!(false)));
    if wants_ports {
        node_ports(cluster, live, object)?;
    }
    if needs_health_check(object)
        && at(object, "spec.healthCheckNodePort").and_then(Value::as_i64).unwrap_or(0) == 0
    {
        let taken = cluster.node_ports();
        let own: Vec<i64> = ports_of(object);
        if let Some(port) = (30_000..=32_767).find(|n| !taken.contains(n) && !own.contains(n)) {
            set_at(object, "spec.healthCheckNodePort", port.into());
        }
    }
    Ok(())
}

fn needs_health_check(service: &Value) -> bool {
    text(service, "/spec/type") == "LoadBalancer" && text(service, "/spec/externalTrafficPolicy") == "Local"
}

fn ports_of(service: &Value) -> Vec<i64> {
    let ports = service.pointer("/spec/ports").and_then(Value::as_array).into_iter().flatten();
    let mut found: Vec<i64> = ports.filter_map(|p| at(p, "nodePort")?.as_i64()).collect();
    found.extend(at(service, "spec.healthCheckNodePort").and_then(Value::as_i64));
    found
}

/// What only the old type of a service has goes with it, unless the client changed it at the same time.
fn drop_dependents(live: &Value, new: &mut Value) {
    let (old, kind) = (text(live, "/spec/type").to_owned(), text(new, "/spec/type").to_owned());
    if old == kind || !new.get("spec").is_some_and(Value::is_object) {
        return;
    }
    let has_ports = |kind: &str| matches!(kind, "NodePort" | "LoadBalancer");
    let mut gone: Vec<&str> = Vec::new();
    if has_ports(&old) && !has_ports(&kind) {
        gone.push("externalTrafficPolicy");
        let old_ports = ports_of(live);
        for port in new.pointer_mut("/spec/ports").and_then(Value::as_array_mut).into_iter().flatten() {
            let same = at(port, "nodePort").and_then(Value::as_i64).is_some_and(|n| old_ports.contains(&n));
            if same {
                body::as_map(port).remove("nodePort");
            }
        }
    }
    if old == "LoadBalancer" {
        gone.extend(["allocateLoadBalancerNodePorts", "healthCheckNodePort", "loadBalancerClass"]);
    }
    if kind == "ExternalName" {
        gone.extend(["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]);
    }
    for key in gone {
        if at(new, &format!("spec.{key}")) == at(live, &format!("spec.{key}")) {
            body::field(new, "spec").remove(key);
        }
    }
}

/// Old ports keep their node ports by name, wherever they are; of a new service one number serves all protocols of a port.
fn node_ports(cluster: &Cluster, live: Option<&Value>, object: &mut Value) -> Result<(), Failure> {
    let (mut taken, name) = (cluster.node_ports(), body::meta(object, "name").to_owned());
    let of = |port: &Value, field: &str| at(port, field).and_then(Value::as_i64).unwrap_or(0);
    let old: Vec<Value> =
        live.and_then(|l| at(l, "spec.ports")).and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(ports) = object.pointer_mut("/spec/ports").and_then(Value::as_array_mut) else { return Ok(()) };
    let named: Vec<i64> = ports.iter().map(|port| of(port, "nodePort")).collect();
    for port in ports.iter_mut().filter(|port| of(port, "nodePort") == 0) {
        let same = old.iter().rev().find(|old| text(old, "/name") == text(port, "/name"));
        let kept = same.map(|old| of(old, "nodePort"));
        if let Some(number) = kept.filter(|n| *n != 0 && !named.contains(n)) {
            set_at(port, "nodePort", number.into());
        }
    }
    for (index, number) in named.iter().enumerate().filter(|(_, number)| **number != 0) {
        if !(30_000..=32_767).contains(number) {
            let detail = "provided port is not in the valid range. The range of valid ports is 30000-32767";
            let error = invalid(format!("spec.ports[{index}].nodePort"), (*number).into(), detail);
            return Err(Failure::invalid("", "Service", &name, &[error]));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for port in ports.iter() {
        let (protocol, number) = (text(port, "/protocol"), of(port, "nodePort"));
        if number != 0 && !seen.insert((protocol.to_owned(), number)) {
            return Err(Failure::new(500, "", format!("duplicate nodePort: {{{protocol} {number}}}")));
        }
    }
    for at in 0..ports.len() {
        if of(&ports[at], "nodePort") != 0 {
            continue;
        }
        let (number, protocol) = (of(&ports[at], "port"), text(&ports[at], "/protocol").to_owned());
        let twin = ports.iter().filter(|_| live.is_none()).find(|other| {
            of(other, "port") == number && of(other, "nodePort") != 0 && text(other, "/protocol") != protocol
        });
        let twin = twin.map(|twin| of(twin, "nodePort")).filter(|n| !seen.contains(&(protocol.clone(), *n)));
        let free = twin.or_else(|| (30_000..=32_767).find(|n| !taken.contains(n)));
        if let Some(free) = free {
            taken.insert(free);
            seen.insert((protocol, free));
            set_at(&mut ports[at], "nodePort", free.into());
        }
    }
    Ok(())
}

impl Cluster {
    fn services(&self) -> impl Iterator<Item = Value> {
        self.store.range("/services/", None).map(|(_, entry)| body::parse(&entry.body))
    }

    /// The lowest address that no Service has.
    fn free_service_ip(&self) -> Option<String> {
        const BASE: u32 = 0x0a60_0000;
        let taken: std::collections::BTreeSet<u32> = self
            .services()
            .filter_map(|s| text(&s, "/spec/clusterIP").parse::<std::net::Ipv4Addr>().ok())
            .map(u32::from)
            .collect();
        // The first is the API server's own, the tenth the DNS server's by convention.
        let mut free = (BASE + 2..BASE + (1 << 20) - 1).filter(|ip| *ip != BASE + 10 && !taken.contains(ip));
        free.next().map(|ip| std::net::Ipv4Addr::from(ip).to_string())
    }

    fn service_ip_taken(&self, ip: &str, by_other_than: &(String, String)) -> bool {
        self.services().any(|s| {
            text(&s, "/spec/clusterIP") == ip
                && (body::meta(&s, "namespace"), body::meta(&s, "name"))
                    != (&*by_other_than.0, &*by_other_than.1)
        })
    }

    fn node_ports(&self) -> std::collections::BTreeSet<i64> {
        self.services().flat_map(|service| ports_of(&service)).collect()
    }
}
