//! From an object as a server tells it to what the state machine keeps of it: digests and a verdict, never the body.

use crate::execute::{UNIT, not_ours};
use crate::install::Installation;
use crate::judge::Judge;
use mainstay_cluster::FIELD_MANAGER;
use mainstay_object::{Digest, DigestKey, Value};
use mainstay_reconcile::{Claim, Ended, Observation};
use mainstay_unit::{Applying, Policy};
use std::sync::Arc;

/// The condition that simulated controllers set on what they made healthy.
const SIMULATED: &str = "Simulated";

pub(crate) fn observation(
    object: &Value,
    declares_status: Option<bool>,
    key: &DigestKey,
    judge: &Judge,
) -> Observation {
    let (rules, judged) = judge.rules();
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let simulated =
        conditions.into_iter().flatten().any(|c| c.get("type").and_then(Value::as_str) == Some(SIMULATED));
    Observation {
        uid: text("/metadata/uid"),
        resource_version: text("/metadata/resourceVersion"),
        owned: owned_digest(object, key),
        health: mainstay_health::judge(&rules, object, declares_status).health,
        judged,
        deleting: object.pointer("/metadata/deletionTimestamp").is_some_and(|v| !v.is_null()),
        paused: Policy::of(object).applying == Applying::Never,
        simulated,
        ended: ended(object),
        body: None,
        claim: None,
    }
}

/// A Job's or a Pod's end, whatever rules say of its health.
fn ended(object: &Value) -> Option<Ended> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    match (text("/apiVersion"), text("/kind")) {
        ("v1", "Pod") => match text("/status/phase") {
            "Succeeded" => Some(Ended::Succeeded),
            "Failed" => Some(Ended::Failed),
            _ => None,
        },
        ("batch/v1", "Job") => {
            let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
            let is_true = |kind: &str| {
                let mut of_kind = conditions.into_iter().flatten().filter(|c| c["type"] == kind);
                of_kind.any(|c| c["status"] == "True")
            };
            match (is_true("Failed"), is_true("Complete")) {
                (true, _) => Some(Ended::Failed),
                (false, true) => Some(Ended::Succeeded),
                (false, false) => None,
            }
        }
        _ => None,
    }
}

/// What an object says of whose it is, where nothing speaks against that.
pub(crate) fn claim(object: &Value, version: &str, installation: &Installation) -> Option<Arc<Claim>> {
    if not_ours(object, installation).is_some() {
        return None;
    }
    let unit = object.pointer("/metadata/annotations")?.get(UNIT)?.as_str()?;
    Some(Arc::new(Claim { unit: unit.parse().ok()?, version: version.to_owned() }))
}

/// With the object itself, for whoever judges it.
pub(crate) fn observation_with_body(
    object: Value,
    declares_status: Option<bool>,
    key: &DigestKey,
    judge: &Judge,
) -> Observation {
    let observation = observation(&object, declares_status, key, judge);
    Observation { body: Some(Arc::new(object)), ..observation }
}

/// Digest of the fields that our apply owns, with their values: equal digests mean that nobody touched them. Keyed lists
/// and sets count as unordered. Keyed, because nothing in an object tells whether a secret went into it. `None`: nothing
/// is ours.
fn owned_digest(object: &Value, key: &DigestKey) -> Option<Digest> {
    let mut lines = Vec::new();
    let mut found = false;
    for fields in own_fields(object) {
        found = true;
        walk(fields, Some(object), &mut String::new(), &mut lines, 0);
    }
    lines.sort_unstable();
    found.then(|| Digest::keyed(key, lines.join("\n").as_bytes()))
}

/// What our applies own, as FieldsV1: one for each version that we applied it in.
pub(crate) fn own_fields(object: &Value) -> impl Iterator<Item = &Value> {
    let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    let ours = |entry: &&Value| {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        text("manager") == FIELD_MANAGER && text("operation") == "Apply" && text("subresource").is_empty()
    };
    entries.into_iter().flatten().filter(ours).filter_map(|entry| entry.get("fieldsV1"))
}

/// Follows FieldsV1 (`f:` field, `k:` keyed item, `v:` set value, `i:` index, `.` the container itself) into the object.
fn walk(fields: &Value, value: Option<&Value>, path: &mut String, lines: &mut Vec<String>, depth: usize) {
    let Some(map) = fields.as_object() else { return };
    if map.is_empty() || depth > mainstay_object::MAX_DEPTH {
        lines.push(format!("{path}={}", value.unwrap_or(&Value::Null)));
        return;
    }
    for (step, below) in map {
        let child = match step.split_once(':') {
            Some(("f", name)) => value.and_then(|v| v.get(name)),
            Some(("k", key)) => item_with_keys(value, key),
            Some(("v", wanted)) => serde_json::from_str::<Value>(wanted)
                .ok()
                .and_then(|wanted| value?.as_array()?.iter().find(|item| **item == wanted)),
            Some(("i", index)) => index.parse::<usize>().ok().and_then(|i| value?.get(i)),
            // The container's own existence.
            _ => {
                lines.push(format!("{path}.={}", value.is_some_and(|v| !v.is_null())));
                continue;
            }
        };
        let length = path.len();
        path.push('/');
        path.push_str(step);
        // A keyed item and a set value exist or not; below an item only what is named is ours.
        let is_item = step.starts_with("k:") && below.as_object().is_some_and(serde_json::Map::is_empty);
        if is_item {
            lines.push(format!("{path}.={}", child.is_some()));
        } else {
            walk(below, child, path, lines, depth + 1);
        }
        path.truncate(length);
    }
}

fn item_with_keys<'a>(list: Option<&'a Value>, keys: &str) -> Option<&'a Value> {
    let keys: Value = serde_json::from_str(keys).ok()?;
    let keys = keys.as_object()?;
    list?.as_array()?.iter().find(|item| keys.iter().all(|(name, wanted)| item.get(name) == Some(wanted)))
}

#[cfg(test)]
mod tests {
    use super::observation;
    use crate::judge::Judge;
    use mainstay_object::DigestKey;
    use serde_json::json;

    #[test]
    fn what_we_own_is_told_by_a_digest_that_nobody_without_the_key_can_try_out() {
        let object = |pin: &str| {
            let fields = json!({"f:data": {"f:pin": {}}});
            let entry = json!({"manager": "mainstay", "operation": "Apply", "fieldsV1": fields});
            json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"managedFields": [entry]}, "data": {"pin": pin}})
        };
        let owned = |pin: &str, key: u8| {
            observation(&object(pin), None, &DigestKey([key; 32]), &Judge::default()).owned
        };
        assert!(owned("MTIzNA==", 1).is_some());
        assert_eq!(owned("MTIzNA==", 1), owned("MTIzNA==", 1));
        assert_ne!(owned("MTIzNA==", 1), owned("MTIzNA==", 2));
        assert_ne!(owned("MTIzNA==", 1), owned("NDMyMQ==", 1));
    }
}
