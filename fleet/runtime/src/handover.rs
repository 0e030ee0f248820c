//! Objects that another tool applied before, and that a unit holds now: what is left of the other's claim goes.

use crate::execute::{holds, patched};
use crate::install::find;
use crate::observe::own_fields;
use crate::targets::open;
use mainstay_cluster::{Cluster, ClusterError, Identity};
use mainstay_object::{FieldSet, Value};
use mainstay_reconcile::Record;
use mainstay_unit::InventoryEntry;
use serde_json::{Map, json};
use std::collections::BTreeMap;

/// Who applied an object before: by which name it owns fields, and which labels with which values say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    pub manager: String,
    pub labels: BTreeMap<String, String>,
}

/// What became of a unit's objects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TakenOver {
    pub objects: usize,
    /// Those of which fields were the other's alone: no revision declares these, and they stay as they are.
    pub leftovers: Vec<String>,
}

/// Takes the other's labels and its ownership of fields off every object of a unit that is ours by inventory, UID and
/// label, and that carries those labels. Without that, a field that leaves Git would stay: somebody else would own it.
/// Nothing else of an object changes, and it can be run again.
pub async fn take_over(management: &Cluster, record: &Record, former: &Former) -> Result<TakenOver, String> {
    let Some(installation) = find(management).await.map_err(|e| e.to_string())? else {
        return Err("Mainstay is not installed on this cluster".to_owned());
    };
    let cluster = open(management, &record.target()).await?;
    let mut out = TakenOver::default();
    for entry in record.inventory.iter() {
        let taken = one(&cluster, &installation.apply_set, entry, former).await;
        match taken.map_err(|e| format!("{}: {e}", entry.key))? {
            None => {}
            Some(leftover) => {
                out.objects += 1;
                if leftover {
                    out.leftovers.push(entry.key.to_string());
                }
            }
        }
    }
    Ok(out)
}

/// Nothing if the object is not ours or was not the other's; else whether something of it was the other's alone.
async fn one(
    cluster: &Cluster,
    apply_set: &str,
    entry: &InventoryEntry,
    former: &Former,
) -> Result<Option<bool>, ClusterError> {
    let patch = |live: &Value| if holds(live, apply_set, entry) { without(live, former) } else { None };
    let seen = patched(cluster, entry, &Identity::Own, patch).await?;
    Ok(seen.map(|live| owned_alone(&live, former)))
}

fn label<'a>(live: &'a Value, name: &str) -> Option<&'a str> {
    live.pointer("/metadata/labels")?.get(name)?.as_str()
}

/// What takes the other's claim off and changes nothing else; nothing if another's labels are on it, or none are.
fn without(live: &Value, former: &Former) -> Option<Value> {
    if former.labels.iter().any(|(name, value)| label(live, name) != Some(value.as_str())) {
        return None;
    }
    let labels: Map<String, Value> = former.labels.keys().map(|name| (name.clone(), Value::Null)).collect();
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array)?;
    let kept: Vec<&Value> = entries.iter().filter(|e| e["manager"] != former.manager.as_str()).collect();
    Some(json!({"metadata": {
        "resourceVersion": live.pointer("/metadata/resourceVersion"),
        "labels": labels,
        "managedFields": kept,
    }}))
}

/// Whether the other owned anything beside its labels that we do not.
fn owned_alone(live: &Value, former: &Former) -> bool {
    let set = |fields: &Value| FieldSet::from_fields_v1(fields).unwrap_or_default();
    let ours = own_fields(live).map(set).fold(FieldSet::default(), |all, fields| all.union(&fields));
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    let theirs =
        |entry: &&Value| entry["manager"] == former.manager.as_str() && entry["subresource"].is_null();
    let labels: Map<String, Value> =
        former.labels.keys().map(|name| (format!("f:{name}"), json!({}))).collect();
    let marks = set(&json!({"f:metadata": {"f:labels": labels}}));
    entries.into_iter().flatten().filter(theirs).filter_map(|entry| entry.get("fieldsV1")).any(|fields| {
        let left = set(fields).difference(&ours).difference(&marks).leaves();
        !left.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn former() -> Former {
        let labels = [("by/name".to_owned(), "web".to_owned())].into();
        Former { manager: "other".to_owned(), labels }
    }

    fn live(theirs: Value) -> Value {
        json!({"metadata": {
            "resourceVersion": "7",
            "labels": {"by/name": "web", "app": "web"},
            "managedFields": [
                {"manager": "mainstay", "operation": "Apply", "fieldsV1": {"f:data": {"f:a": {}}}},
                {"manager": "other", "operation": "Apply", "fieldsV1": theirs},
                {"manager": "kubectl", "operation": "Update"},
            ],
        }})
    }

    #[test]
    fn only_the_others_claim_goes() {
        let patch = without(&live(json!({})), &former()).unwrap();
        assert_eq!(patch["metadata"]["labels"], json!({"by/name": null}));
        let managers: Vec<&Value> =
            patch["metadata"]["managedFields"].as_array().unwrap().iter().map(|e| &e["manager"]).collect();
        assert_eq!(managers, ["mainstay", "kubectl"]);
        assert_eq!(patch["metadata"]["resourceVersion"], "7");
    }

    #[test]
    fn what_carries_anothers_labels_is_left_alone() {
        let mut object = live(json!({}));
        object["metadata"]["labels"]["by/name"] = json!("db");
        assert_eq!(without(&object, &former()), None);
    }

    #[test]
    fn a_field_that_only_the_other_owns_is_told() {
        let shared = json!({"f:data": {"f:a": {}}, "f:metadata": {"f:labels": {"f:by/name": {}}}});
        assert!(!owned_alone(&live(shared), &former()));
        assert!(owned_alone(&live(json!({"f:data": {"f:a": {}, "f:b": {}}})), &former()));
    }
}
