//! The few built-in kinds that are served in two shapes. Each is stored in one of them.

use crate::core::registry::Resource;
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
    matches!(
        (&*resource.group, &*resource.version, &*resource.plural),
        ("events.k8s.io", "v1", "events") | ("autoscaling", "v1", "horizontalpodautoscalers")
    )
}

pub fn from_storage(object: &mut Value, resource: &Resource) {
    let Some(map) = object.as_object_mut().filter(|_| differs(resource)) else { return };
    if resource.plural == "events" {
        rename(map, EVENT_FIELDS.map(|(core, new)| (core, new)));
    } else {
        scaler_to_v1(map);
    }
}

pub fn to_storage(object: &mut Value, resource: &Resource) {
    let Some(map) = object.as_object_mut().filter(|_| differs(resource)) else { return };
    if resource.plural == "events" {
        rename(map, EVENT_FIELDS.map(|(core, new)| (new, core)));
    } else {
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
