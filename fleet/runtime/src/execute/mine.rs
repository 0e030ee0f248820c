use crate::install::{Installation, PART_OF};
use mainstay_cluster::FIELD_MANAGER;
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
    let label = live.pointer("/metadata/labels").and_then(|labels| labels.get(PART_OF)?.as_str());
    let uid = live.pointer("/metadata/uid").and_then(Value::as_str);
    label == Some(apply_set) && manages_label(live) && uid == Some(entry.uid.as_str())
}

fn manages_label(live: &Value) -> bool {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    entries.filter(|e| e.get("manager").and_then(Value::as_str) == Some(FIELD_MANAGER)).any(|e| {
        e.pointer("/fieldsV1/f:metadata/f:labels").and_then(|l| l.get(format!("f:{PART_OF}"))).is_some()
    })
}
