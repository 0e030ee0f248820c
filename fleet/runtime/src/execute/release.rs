use super::{INITIAL, UNIT, may_hold, patched};
use crate::install::{Installation, PART_OF};
use mainstay_cluster::{Cluster, ClusterError, FIELD_MANAGER, Identity};
use mainstay_object::Value;
use mainstay_unit::InventoryEntry;
use serde_json::json;

/// Takes label, annotation and field ownership off an object, which stays as it is. Whether it was ours.
pub(crate) async fn release(
    cluster: &Cluster,
    installation: &Installation,
    entry: &InventoryEntry,
    as_whom: &Identity,
) -> Result<bool, ClusterError> {
    let patch = |live: &Value| may_hold(live, &installation.apply_set, entry).then(|| nobodys(live));
    Ok(patched(cluster, entry, as_whom, patch).await?.is_some())
}

/// What takes an object out of our hands and changes nothing else.
fn nobodys(live: &Value) -> Value {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    let ours = |entry: &&Value| [FIELD_MANAGER, INITIAL].iter().any(|name| entry["manager"] == *name);
    let mut others: Vec<Value> = entries.filter(|entry| !ours(entry)).cloned().collect();
    if others.is_empty() {
        // A list without an entry would change nothing; one with an empty entry empties it.
        others.push(json!({}));
    }
    json!({"metadata": {
        "resourceVersion": live.pointer("/metadata/resourceVersion"),
        "labels": {PART_OF: null},
        "annotations": {UNIT: null},
        "managedFields": others,
    }})
}

#[cfg(test)]
mod tests {
    use super::nobodys;
    use serde_json::json;

    #[test]
    fn what_is_released_keeps_every_other_manager() {
        let entry = |manager: &str| json!({"manager": manager, "operation": "Apply"});
        let live = |managers: &[&str]| {
            let entries: Vec<_> = managers.iter().map(|m| entry(m)).collect();
            json!({"metadata": {"resourceVersion": "7", "managedFields": entries}})
        };
        let patch = nobodys(&live(&["mainstay", "kubectl", "mainstay-initial"]));
        assert_eq!(patch["metadata"]["managedFields"], json!([entry("kubectl")]));
        assert_eq!(patch["metadata"]["resourceVersion"], "7");
        assert_eq!(nobodys(&live(&["mainstay"]))["metadata"]["managedFields"], json!([{}]));
    }
}
