//! Between what is stored and what is served: the few built-in kinds that are served in two shapes, and custom
//! resources, which are stored in one version of theirs.

use crate::core::registry::Resource;
use crate::core::registry::custom::CustomVersion;
use mainstay_object::TypeId;
use serde_json::{Map, Value, json};

/// (core Event, events.k8s.io Event)
const EVENT_FIELDS: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

/// Is this resource shown in another shape than the one it is stored in?
pub fn differs(resource: &Resource) -> bool {
    if let Some(custom) = &resource.custom {
        return !custom.reads_as_stored;
    }
    matches!(
        (&*resource.group, &*resource.version, &*resource.plural),
        ("events.k8s.io", "v1", "events")
            | ("autoscaling", "v1", "horizontalpodautoscalers")
            | ("", "v1", "persistentvolumeclaims")
    )
}

/// What a client reads of an object that was just written.
pub fn as_stored(object: &mut Value, resource: &Resource) {
    if resource.custom.is_some() {
        to_storage(object, resource);
        from_storage(object, resource);
        let api_version = resource.api_version().into();
        crate::core::body::as_map(object).insert("apiVersion".into(), api_version);
    } else if resource.plural == "persistentvolumeclaims" {
        from_storage(object, resource);
    }
}

pub fn from_storage(object: &mut Value, resource: &Resource) {
    if let Some(custom) = resource.custom.as_ref().filter(|custom| custom.webhook.is_some()) {
        let version = custom.version_of(object).to_owned();
        let root = custom.roots.get(&version).copied().unwrap_or(custom.storage_root());
        restrict(object, custom, root);
        mainstay_object::apply_defaults(object, &custom.types, root);
        crate::core::body::as_map(object).insert("apiVersion".into(), version.into());
        return;
    }
    if let Some(custom) = resource.custom.as_ref().filter(|custom| !custom.reads_as_stored) {
        restrict(object, custom, custom.storage_root());
        mainstay_object::apply_defaults(object, &custom.types, custom.storage_root());
        // A default may hold nulls that its schema does not allow.
        mainstay_object::drop_nulls(object, &custom.types, custom.storage_root());
        if custom.root != custom.storage_root() {
            restrict(object, custom, custom.root);
        }
        return;
    }
    let Some(map) = object.as_object_mut().filter(|_| differs(resource)) else { return };
    if resource.plural == "events" {
        rename(map, EVENT_FIELDS.map(|(core, new)| (core, new)));
        for key in ["reportingController", "reportingInstance"] {
            if map.get(key).and_then(Value::as_str) == Some("") {
                map.remove(key);
            }
        }
    } else if resource.plural == "persistentvolumeclaims" {
        // A new claim is stored without the phase that every claim has.
        let status = map.entry("status").or_insert_with(|| json!({}));
        if status.get("phase").is_none() {
            crate::core::body::set_at(status, "phase", "Pending".into());
        }
    } else {
        scaler_to_v1(map);
    }
}

/// The kind's map of bytes.
pub fn bytes_of(resource: &Resource) -> Option<&'static str> {
    match (&*resource.group, &*resource.plural) {
        ("", "secrets") => Some("data"),
        ("", "configmaps") => Some("binaryData"),
        _ => None,
    }
}

/// What is read of an object that was stored otherwise: of a custom resource as an apply had left it, of bytes as null.
pub fn smooth(object: &mut Value, resource: &Resource) {
    let bytes = bytes_of(resource).and_then(|field| object.get_mut(field)?.as_object_mut());
    for value in bytes.into_iter().flat_map(|bytes| bytes.values_mut()).filter(|value| value.is_null()) {
        *value = "".into();
    }
    if let Some(custom) = &resource.custom {
        crate::core::body::metadata(object).retain(|_, value| !value.is_null());
        restrict(object, custom, custom.storage_root());
    }
}

/// Without what the type does not know, and without nulls that it does not allow; metadata in the form of its struct.
pub fn restrict(object: &mut Value, custom: &CustomVersion, root: TypeId) {
    mainstay_object::normalize(object, &custom.types, root);
    mainstay_object::prune(object, &custom.types, root);
    mainstay_object::drop_nulls(object, &custom.types, root);
}

pub fn to_storage(object: &mut Value, resource: &Resource) {
    if let Some(custom) = &resource.custom {
        // What a webhook converts is converted already; what is written in the version that is stored is stored as it
        // is: an apply may let nulls through.
        let version = crate::core::body::text(object, "/apiVersion");
        let own = custom.roots.get(version).copied().filter(|_| custom.webhook.is_some());
        if own.is_some() || version != custom.storage {
            restrict(object, custom, own.unwrap_or(custom.storage_root()));
        }
        if custom.webhook.is_none() {
            let version = (&*custom.storage).into();
            crate::core::body::as_map(object).insert("apiVersion".into(), version);
        }
        return;
    }
    let Some(map) = object.as_object_mut().filter(|_| differs(resource)) else { return };
    if resource.plural == "events" {
        rename(map, EVENT_FIELDS.map(|(core, new)| (new, core)));
    } else if resource.plural == "horizontalpodautoscalers" {
        scaler_to_v2(map);
    }
}

fn rename(map: &mut Map<String, Value>, names: [(&str, &str); 7]) {
    let taken: Vec<_> = names.iter().filter_map(|(from, to)| Some((*to, map.remove(*from)?))).collect();
    for (name, value) in taken {
        map.insert(name.to_owned(), value);
    }
}

fn scaler_to_v1(map: &mut Map<String, Value>) {
    let Some(spec) = map.get_mut("spec").and_then(Value::as_object_mut) else { return };
    let Some(Value::Array(metrics)) = spec.remove("metrics") else { return };
    let (cpu, others): (Vec<_>, Vec<_>) = metrics.into_iter().partition(|metric| {
        metric.pointer("/resource/name").and_then(Value::as_str) == Some("cpu")
            && metric.pointer("/resource/target/averageUtilization").is_some()
    });
    if let Some(percent) = cpu.first().and_then(|m| m.pointer("/resource/target/averageUtilization")) {
        spec.insert("targetCPUUtilizationPercentage".into(), percent.clone());
    }
    if !others.is_empty() {
        let annotations = map.entry("metadata").or_insert_with(|| json!({}));
        let text = Value::Array(others).to_string();
        annotations["annotations"]["autoscaling.alpha.kubernetes.io/metrics"] = text.into();
    }
}

fn scaler_to_v2(map: &mut Map<String, Value>) {
    let kept = map
        .get_mut("metadata")
        .and_then(|m| m.get_mut("annotations"))
        .and_then(Value::as_object_mut)
        .and_then(|a| a.remove("autoscaling.alpha.kubernetes.io/metrics"));
    let kept = kept.as_ref().and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    let mut metrics: Vec<Value> = match kept {
        Some(Value::Array(metrics)) => metrics,
        Some(_) | None => Vec::new(),
    };
    let Some(spec) = map.get_mut("spec").and_then(Value::as_object_mut) else { return };
    if let Some(percent) = spec.remove("targetCPUUtilizationPercentage") {
        let target = json!({ "type": "Utilization", "averageUtilization": percent });
        metrics.push(json!({ "type": "Resource", "resource": { "name": "cpu", "target": target } }));
    }
    if !metrics.is_empty() {
        spec.insert("metrics".into(), Value::Array(metrics));
    }
}
