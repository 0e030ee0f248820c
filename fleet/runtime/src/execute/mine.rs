use super::served;
use crate::install::{Installation, PART_OF};
use mainstay_cluster::{Cluster, ClusterError, FIELD_MANAGER, Identity};
use mainstay_object::Value;
use mainstay_unit::{InventoryEntry, Policy};

/// Why an object is left alone, whatever an inventory says of it.
pub(crate) fn not_ours(live: &Value, installation: &Installation) -> Option<String> {
    let label = live.pointer("/metadata/labels").and_then(|labels| labels.get(PART_OF)?.as_str());
    if label != Some(installation.apply_set.as_str()) {
        return Some("our label is not on it".into());
    }
    if !manages_label(live) {
        return Some("our label was not put on it by us".into());
    }
    let mut owners =
        live.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten();
    if let Some(owner) = owners.find(|o| o.get("controller").and_then(Value::as_bool) == Some(true)) {
        return Some(format!(
            "{} controls it",
            owner.get("kind").and_then(Value::as_str).unwrap_or("another object")
        ));
    }
    Policy::of(live).keep.map(|why| format!("it says {why}"))
}

/// Whether an object is the very one of an inventory, and its label was put there by us.
pub(crate) fn holds(live: &Value, apply_set: &str, entry: &InventoryEntry) -> bool {
    let uid = live.pointer("/metadata/uid").and_then(Value::as_str);
    is_labelled(live, apply_set) && uid == Some(entry.uid.as_str())
}

/// The same, or an object whose making was never answered: the label speaks for it.
pub(crate) fn may_hold(live: &Value, apply_set: &str, entry: &InventoryEntry) -> bool {
    holds(live, apply_set, entry) || (entry.uid.is_empty() && is_labelled(live, apply_set))
}

fn is_labelled(live: &Value, apply_set: &str) -> bool {
    let label = live.pointer("/metadata/labels").and_then(|labels| labels.get(PART_OF)?.as_str());
    label == Some(apply_set) && manages_label(live)
}

/// Somebody writes an object between a look and the patch: looked at again.
const ATTEMPTS: usize = 5;

/// Patches an object as it was just seen to be. What was seen, or nothing where there is nothing to patch.
pub(crate) async fn patched(
    cluster: &Cluster,
    entry: &InventoryEntry,
    as_whom: &Identity,
    patch: impl Fn(&Value) -> Option<Value>,
) -> Result<Option<Value>, ClusterError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let Some((live, version)) = served::live(cluster, &entry.key, &entry.version).await? else {
            return Ok(None);
        };
        let Some(patch) = patch(&live) else { return Ok(None) };
        match cluster.merge_patch(&entry.key, &version, None, &patch, as_whom).await {
            Ok(_) => return Ok(Some(live)),
            Err(ClusterError::Conflict { .. }) if attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

fn manages_label(live: &Value) -> bool {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    entries.filter(|e| e.get("manager").and_then(Value::as_str) == Some(FIELD_MANAGER)).any(|e| {
        e.pointer("/fieldsV1/f:metadata/f:labels").and_then(|l| l.get(format!("f:{PART_OF}"))).is_some()
    })
}
