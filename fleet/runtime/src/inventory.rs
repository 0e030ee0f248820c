//! Inventories that are too large for one object: etcd takes 1.5 MiB at most.
//!
//! They are kept in ConfigMaps beside the Unit, which then names only their number. An entry's part follows from its key
//! alone, so that as long as the number stays each part can be written by itself, and a crash between two writes loses
//! no entry. Where the number changes, all new parts are written, then the Unit, and only then do the old ones go.

use crate::install::SYSTEM_NAMESPACE;
use crate::save::resource_version;
use mainstay_cluster::{Apply, Cluster, ClusterError, Identity, Preconditions};
use mainstay_object::{Digest, Object, ObjectKey, Value};
use mainstay_unit::{Inventory, InventoryEntry, UnitId};
use serde_json::json;
use std::collections::BTreeMap;

/// Entries of a part. One takes 300 to 600 bytes.
const PART: usize = 500;
const LABEL: &str = "mainstay.dev/inventory-of";
const NUMBER: &str = "mainstay.dev/inventory-parts";

/// How many parts an inventory is kept in; none: in the Unit itself.
pub(crate) fn parts(inventory: &Inventory) -> usize {
    if inventory.len() <= PART { 0 } else { inventory.len().div_ceil(PART).next_power_of_two() }
}

fn split(inventory: &Inventory, parts: usize) -> Vec<Vec<&InventoryEntry>> {
    let mut out = vec![Vec::new(); parts];
    for entry in inventory.iter() {
        let digest = Digest::of_bytes(entry.key.to_string().as_bytes());
        let [a, b, c, d, ..] = digest.0;
        let number = u32::from_be_bytes([a, b, c, d]);
        if let Some(part) = usize::try_from(number).ok().and_then(|n| out.get_mut(n % parts)) {
            part.push(entry);
        }
    }
    out
}

fn owner(id: &UnitId) -> String {
    Digest::of_bytes(id.to_string().as_bytes()).hex().chars().take(40).collect()
}

fn name(id: &UnitId, parts: usize, part: usize) -> String {
    format!("inventory-{}-{part}-of-{parts}", owner(id))
}

/// A part as it was last written: its content, and its resource version.
pub(crate) type Written = (Digest, String);

/// Somebody else writes a part between a look and a write: looked at again.
const ATTEMPTS: usize = 5;

/// Writes the parts that differ from what this process wrote before, which `known` holds by name.
pub(crate) async fn write(
    management: &Cluster,
    id: &UnitId,
    inventory: &Inventory,
    parts: usize,
    known: &mut BTreeMap<String, Written>,
) -> Result<(), ClusterError> {
    for (number, entries) in split(inventory, parts).into_iter().enumerate() {
        let text = serde_json::to_string(&entries).map_err(|e| unreadable(e.to_string()))?;
        let (name, digest) = (name(id, parts, number), Digest::of_bytes(text.as_bytes()));
        let before = known.remove(&name);
        if let Some(same) = before.clone().filter(|(written, _)| *written == digest) {
            known.insert(name, same);
            continue;
        }
        let part = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": name,
                "namespace": SYSTEM_NAMESPACE,
                "labels": {LABEL: owner(id), NUMBER: parts.to_string()},
            },
            "data": {"unit": id.to_string(), "entries": text},
        });
        let version = write_part(management, part, before.map(|(_, version)| version)).await?;
        known.insert(name, (digest, version));
    }
    Ok(())
}

/// As with a Unit, each write carries the version that it replaces, so that a late request of a process that is gone puts
/// no old part in the place of a newer one. The answer is the new version.
pub(crate) async fn write_part(
    management: &Cluster,
    mut part: Value,
    mut version: Option<String>,
) -> Result<String, ClusterError> {
    let name = part["metadata"]["name"].as_str().unwrap_or_default();
    let key = ObjectKey::new("", "ConfigMap", SYSTEM_NAMESPACE, name);
    let mut attempt = 0;
    loop {
        attempt += 1;
        let known = match version.take() {
            Some(known) => Some(known),
            None => match management.get(&key, "v1", &Identity::Own).await {
                Ok(live) => Some(resource_version(&live)),
                Err(ClusterError::NotFound { .. }) => None,
                Err(error) => return Err(error),
            },
        };
        let written = match known {
            Some(known) => {
                part["metadata"]["resourceVersion"] = known.into();
                let part = Object::new(part.clone()).map_err(|e| unreadable(e.to_string()))?;
                management.apply(&part, &Apply { force: true, ..Apply::default() }).await
            }
            None => {
                if let Some(metadata) = part["metadata"].as_object_mut() {
                    metadata.remove("resourceVersion");
                }
                let part = Object::new(part.clone()).map_err(|e| unreadable(e.to_string()))?;
                management.create(&part, false, &Identity::Own).await
            }
        };
        match written {
            Ok(answer) => return Ok(resource_version(&answer)),
            Err(ClusterError::Conflict { .. } | ClusterError::NotFound { .. }) if attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

fn unreadable(message: String) -> ClusterError {
    ClusterError::Unreadable { message }
}

/// Deletes the parts of a unit that are not of the given number.
pub(crate) async fn sweep(management: &Cluster, id: &UnitId, parts: usize) -> Result<(), ClusterError> {
    let selector = format!("labelSelector={LABEL}%3D{},{NUMBER}%21%3D{parts}", owner(id));
    let resource = management.resource("", "v1", "ConfigMap").await?;
    for part in management.list(&resource, SYSTEM_NAMESPACE, &selector).await? {
        let name = part.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let key = ObjectKey::new("", "ConfigMap", SYSTEM_NAMESPACE, name);
        match management.delete(&key, "v1", &Preconditions::of(&part), &Identity::Own).await {
            Ok(()) | Err(ClusterError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The split inventories of a management cluster.
pub(crate) struct Parts(BTreeMap<String, Value>);

impl Parts {
    pub async fn read(management: &Cluster) -> Result<Self, ClusterError> {
        let resource = management.resource("", "v1", "ConfigMap").await?;
        let found = management.list(&resource, SYSTEM_NAMESPACE, &format!("labelSelector={LABEL}")).await?;
        let name = |part: &Value| {
            part.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        Ok(Self(found.into_iter().map(|part| (name(&part), part)).collect()))
    }

    /// A unit's inventory, or which part of it is missing: acting on the rest could lose objects.
    pub fn inventory(&self, id: &UnitId, parts: usize) -> Result<Inventory, String> {
        let mut out = Vec::new();
        for number in 0..parts {
            let name = name(id, parts, number);
            let place = format!("ConfigMap {SYSTEM_NAMESPACE}/{name}, a part of the inventory of {id},");
            let text = self.0.get(&name).and_then(|part| part.pointer("/data/entries"));
            let text = text.and_then(Value::as_str).ok_or_else(|| format!("{place} is missing"))?;
            let entries: Vec<InventoryEntry> =
                serde_json::from_str(text).map_err(|e| format!("{place} can't be read: {e}"))?;
            out.extend(entries);
        }
        Ok(out.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(count: usize) -> Inventory {
        let entry = |i: usize| InventoryEntry {
            key: ObjectKey::new("apps", "Deployment", "a-namespace", format!("deployment-{i}")),
            version: "v1".into(),
            uid: "0f8f6f0e-3a0b-4a0e-9d7b-000000000000".into(),
            desired: Some(Digest::of_bytes(b"a")),
            owned: Some(Digest::of_bytes(b"b")),
            intended: Vec::new(),
            recovered: false,
            hook: false,
        };
        (0..count).map(entry).collect()
    }

    #[test]
    fn a_small_inventory_is_not_split_and_a_large_one_into_parts_far_below_etcds_limit() {
        assert_eq!([0, 1, PART].map(|n| parts(&inventory(n))), [0, 0, 0]);
        for count in [PART + 1, 5_000, 20_000] {
            let whole = inventory(count);
            let number = parts(&whole);
            let split = split(&whole, number);
            assert_eq!(split.iter().map(Vec::len).sum::<usize>(), count, "each entry is in one part");
            for part in split {
                let bytes = serde_json::to_string(&part).unwrap().len();
                assert!(bytes < 500_000, "{} entries take {bytes} bytes", part.len());
            }
        }
    }

    #[test]
    fn what_was_split_is_whole_again_and_a_missing_part_is_told() {
        let (id, whole) = (UnitId::new("module", "a", "b", "c"), inventory(3 * PART));
        let number = parts(&whole);
        let part = |(i, entries): (usize, Vec<&InventoryEntry>)| {
            let text = serde_json::to_string(&entries).unwrap();
            (name(&id, number, i), json!({"data": {"entries": text}}))
        };
        let mut read = Parts(split(&whole, number).into_iter().enumerate().map(part).collect());
        assert_eq!(read.inventory(&id, number), Ok(whole));
        read.0.pop_first();
        assert!(read.inventory(&id, number).unwrap_err().ends_with("is missing"));
    }
}
