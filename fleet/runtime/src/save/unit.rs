//! A unit's record as it is stored: the status of its `Unit`.

use crate::install::{UNIT_GROUP, UNIT_VERSION};
use crate::inventory;
use mainstay_cluster::{Apply, Cluster, ClusterError, Identity};
use mainstay_object::{Object, ObjectKey, Value};
use mainstay_reconcile::Record;
use mainstay_unit::{Inventory, UnitId};
use serde_json::json;
use std::collections::BTreeMap;

/// A record as it was found, and what has to be known of it to write it anew.
pub(crate) struct Found {
    pub record: Record,
    version: String,
    /// In how many parts its inventory is kept.
    parts: usize,
}

impl Found {
    pub(super) fn kept(&self) -> Kept {
        Kept { version: Known::At(self.version.clone()), number: self.parts, parts: BTreeMap::new() }
    }
}

/// The resource version of a Unit, as far as it is known here.
#[derive(Default)]
pub(super) enum Known {
    /// There was none when this process began to write, and it has made none.
    #[default]
    New,
    At(String),
    /// A write was not answered, or somebody else wrote.
    Unknown,
}

/// What is known of what is stored of a unit.
#[derive(Default)]
pub(super) struct Kept {
    pub version: Known,
    /// In how many parts its inventory is kept: none for most units.
    number: usize,
    parts: BTreeMap<String, inventory::Written>,
}

/// The field of a Unit's status that says in how many parts its inventory is kept.
const PARTS: &str = "inventoryParts";

pub(super) async fn save(management: &Cluster, record: &Record, kept: &mut Kept) -> Result<(), ClusterError> {
    let number = inventory::parts(&record.inventory);
    let unreadable = |e: serde_json::Error| ClusterError::Unreadable { message: e.to_string() };
    if number == 0 {
        let status = serde_json::to_value(record).map_err(unreadable)?;
        save_unit(management, record, status, &mut kept.version).await?;
    } else {
        inventory::write(management, &record.id, &record.inventory, number, &mut kept.parts).await?;
        let short = Record { inventory: Inventory::default(), ..record.clone() };
        let mut status = serde_json::to_value(short).map_err(unreadable)?;
        status[PARTS] = json!(number);
        save_unit(management, record, status, &mut kept.version).await?;
    }
    if kept.number != number {
        inventory::sweep(management, &record.id, number).await?;
        kept.number = number;
        kept.parts.retain(|name, _| name.ends_with(&format!("-of-{number}")));
    }
    Ok(())
}

/// A late request of a process that is gone must not put an old record in the place of a newer one: each write carries
/// the version that it replaces. Who writes now holds the Lease, so what it knows is the newest, whoever wrote between.
async fn save_unit(
    management: &Cluster,
    record: &Record,
    status: Value,
    version: &mut Known,
) -> Result<(), ClusterError> {
    let key = ObjectKey::new(UNIT_GROUP, "Unit", "", record.id.object_name());
    let mut unit = unit(key.name(), status)?;
    let mut tries = 0;
    loop {
        let known = match std::mem::replace(version, Known::Unknown) {
            Known::At(known) => known,
            Known::New => create(management, key.name()).await?,
            Known::Unknown => match management.get(&key, UNIT_VERSION, &Identity::Own).await {
                Ok(live) => resource_version(&live),
                Err(ClusterError::NotFound { .. }) => create(management, key.name()).await?,
                Err(error) => return Err(error),
            },
        };
        unit.set_resource_version(&known);
        match management.replace(&unit, Some("status"), &Identity::Own).await {
            Ok(answer) => {
                *version = Known::At(resource_version(&answer));
                return Ok(());
            }
            // Somebody annotated the Unit, or deleted it.
            Err(ClusterError::Conflict { .. } | ClusterError::NotFound { .. }) if tries < 5 => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Makes the Unit, without a record: that is its status, which nobody gives at birth. Applied, because a kube-apiserver
/// holds a POST of a kind that it has just learnt for two seconds. One that is there already stays as it is.
async fn create(management: &Cluster, name: &str) -> Result<String, ClusterError> {
    let how = Apply { force: true, ..Apply::default() };
    let made = management.apply(&unit(name, Value::Null)?, &how).await?;
    Ok(resource_version(&made))
}

fn unit(name: &str, status: Value) -> Result<Object, ClusterError> {
    let mut value = json!({
        "apiVersion": format!("{UNIT_GROUP}/{UNIT_VERSION}"),
        "kind": "Unit",
        "metadata": {"name": name},
    });
    if !status.is_null() {
        value["status"] = status;
    }
    Object::new(value).map_err(|e| ClusterError::Unreadable { message: e.to_string() })
}

pub(crate) fn resource_version(object: &Value) -> String {
    object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(crate) async fn forget(management: &Cluster, id: &UnitId) -> Result<(), ClusterError> {
    // First the Unit: without it nobody asks for the parts.
    let key = ObjectKey::new(UNIT_GROUP, "Unit", "", id.object_name());
    management.delete_own(&key, UNIT_VERSION).await?;
    inventory::sweep(management, id, 0).await
}

/// Everything that earlier runs recorded. A unit that can't be read is an error: acting without it could lose objects.
pub(crate) async fn found(management: &Cluster) -> Result<Vec<Found>, String> {
    let resource = management.resource(UNIT_GROUP, UNIT_VERSION, "Unit").await.map_err(|e| e.to_string())?;
    let units = management.list(&resource, "", "").await.map_err(|e| e.to_string())?;
    let mut out = Vec::with_capacity(units.len());
    let mut split = None;
    for unit in units {
        let name = unit.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        // Created and killed before its first status: nothing was applied yet.
        let Some(status) = unit.get("status").filter(|s| s.get("id").is_some()) else { continue };
        let mut record: Record = serde_json::from_value(status.clone())
            .map_err(|e| format!("the status of Unit {name} can't be read: {e}"))?;
        let parts = match status.get(PARTS) {
            None | Some(Value::Null) => 0,
            Some(number) => number
                .as_u64()
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| format!("the status of Unit {name} can't be read: {PARTS} is {number}"))?,
        };
        if parts > 0 {
            let read = match &split {
                Some(read) => read,
                None => split.insert(inventory::Parts::read(management).await.map_err(|e| e.to_string())?),
            };
            record.inventory = read.inventory(&record.id, parts)?;
        }
        out.push(Found { record, version: resource_version(&unit), parts });
    }
    Ok(out)
}

pub(crate) async fn recorded(management: &Cluster) -> Result<Vec<Record>, String> {
    Ok(found(management).await?.into_iter().map(|found| found.record).collect())
}

/// What is recorded of all units, for those who show it.
pub async fn records(management: &Cluster) -> Result<Vec<Record>, String> {
    match crate::install::find(management).await {
        Ok(Some(_)) => recorded(management).await,
        Ok(None) => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}
