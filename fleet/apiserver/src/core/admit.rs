//! What the server itself adds to objects of certain kinds while they are written: built-in admission and strategies.

use crate::core::addresses;
use crate::core::body::{self, at, set_at, text};
use crate::core::cluster::Cluster;
use crate::core::failure::Failure;
use crate::core::registry::Resource;
use crate::core::write::Act;
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
        ("", "services")
            if text(live, "/spec/type") == "LoadBalancer" && text(new, "/spec/type") != "LoadBalancer" =>
        {
            set_at(new, "status.loadBalancer", json!({}));
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
) -> Result<(), Failure> {
    match (&*act.resource.group, &*act.resource.plural) {
        ("", "services") if act.subresource.is_empty() => addresses::give(cluster, live, object)?,
        ("", "pods") if act.subresource.is_empty() => pod(object, live),
        _ => {}
    }
    Ok(())
}

pub fn template_generation(object: &Value) -> Option<&str> {
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
        let labels = body::as_map(body::metadata(template).entry("labels").or_insert_with(|| json!({})));
        for (key, value) in pairs {
            labels.entry(key).or_insert_with(|| value.as_str().into());
        }
    }
    let selected = "spec.selector.matchLabels";
    let mut labels = at(object, selected).cloned().unwrap_or_default();
    body::as_map(&mut labels).entry("batch.kubernetes.io/controller-uid").or_insert_with(|| uid.into());
    set_at(object, selected, labels);
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
