//! The only writer of `Unit` objects: one write at a time per unit, later records replacing earlier ones that wait.

use crate::install::{UNIT_GROUP, UNIT_VERSION};
use crate::inventory;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use mainstay_cluster::{Apply, Cluster, ClusterError, Identity};
use mainstay_object::{Object, ObjectKey, Value};
use mainstay_reconcile::Record;
use mainstay_unit::{Inventory, UnitId};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// What is to become of a unit's record.
pub(crate) enum Write {
    Save(Box<Record>, Option<oneshot::Sender<Result<(), String>>>),
    Forget(UnitId),
}

#[derive(Clone)]
pub(crate) struct Saver {
    queue: mpsc::UnboundedSender<Write>,
}

impl Saver {
    pub fn start(management: Cluster) -> Self {
        let (queue, inbox) = mpsc::unbounded_channel();
        mainstay_clock::spawn(work(management, inbox));
        Self { queue }
    }

    pub fn send(&self, write: Write) {
        if self.queue.send(write).is_err() {
            tracing::error!("the writer of units has stopped");
        }
    }

    /// Returns once the record is stored: what follows may rely on it.
    pub async fn save(&self, record: Box<Record>) -> Result<(), String> {
        let (done, answer) = oneshot::channel();
        self.send(Write::Save(record, Some(done)));
        answer.await.map_err(|_| "the writer of units has stopped".to_owned())?
    }
}

/// What is known of what is stored of a unit.
#[derive(Default)]
struct Kept {
    /// The resource version of its Unit, as it was last written here.
    version: Option<String>,
    /// In how many parts its inventory is kept: none for most units.
    number: usize,
    parts: BTreeMap<String, inventory::Written>,
}

/// The field of a Unit's status that says in how many parts its inventory is kept.
const PARTS: &str = "inventoryParts";

#[derive(Default)]
struct Pending {
    record: Option<Box<Record>>,
    forget: bool,
    waiting: Vec<oneshot::Sender<Result<(), String>>>,
}

async fn work(management: Cluster, mut inbox: mpsc::UnboundedReceiver<Write>) {
    let mut pending: BTreeMap<UnitId, Pending> = BTreeMap::new();
    let mut busy: BTreeSet<UnitId> = BTreeSet::new();
    let mut kept: BTreeMap<UnitId, Kept> = BTreeMap::new();
    let mut writes = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            write = inbox.recv() => match write {
                None => return,
                Some(Write::Save(record, done)) => {
                    let slot = pending.entry(record.id.clone()).or_default();
                    slot.record = Some(record);
                    slot.forget = false;
                    slot.waiting.extend(done);
                }
                Some(Write::Forget(id)) => {
                    let slot = pending.entry(id).or_default();
                    slot.record = None;
                    slot.forget = true;
                }
            },
            Some((id, parts)) = writes.next() => {
                let (id, parts): (UnitId, Kept) = (id, parts);
                busy.remove(&id);
                if parts.version.is_some() {
                    kept.insert(id, parts);
                }
            }
        }
        let ready: Vec<UnitId> = pending
            .keys()
            .filter(|id| !busy.contains(*id))
            .take(16usize.saturating_sub(busy.len()))
            .cloned()
            .collect();
        for id in ready {
            let Some(job) = pending.remove(&id) else { continue };
            busy.insert(id.clone());
            let mut parts = kept.remove(&id).unwrap_or_default();
            let management = management.clone();
            writes.push(async move {
                let result = carry_out(&management, &id, &job, &mut parts).await;
                if let Err(error) = &result {
                    tracing::warn!(unit = %id, %error, "the unit's record could not be written");
                }
                for waiting in job.waiting {
                    // Whoever asked may have gone.
                    drop(waiting.send(result.clone()));
                }
                (id, parts)
            });
        }
    }
}

async fn carry_out(management: &Cluster, id: &UnitId, job: &Pending, kept: &mut Kept) -> Result<(), String> {
    let mut pause = Duration::from_millis(100);
    let mut attempt = 0;
    loop {
        let result = match (&job.record, job.forget) {
            (Some(record), _) => save(management, record, kept).await,
            (None, true) => {
                kept.version = None;
                forget(management, id).await
            }
            (None, false) => Ok(()),
        };
        match result {
            Ok(()) => return Ok(()),
            Err(error)
                if attempt >= 6
                    || matches!(error, ClusterError::Invalid { .. } | ClusterError::Forbidden { .. }) =>
            {
                return Err(error.to_string());
            }
            Err(_) => {
                attempt += 1;
                mainstay_clock::sleep(pause).await;
                pause *= 2;
            }
        }
    }
}

async fn save(management: &Cluster, record: &Record, kept: &mut Kept) -> Result<(), ClusterError> {
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
    version: &mut Option<String>,
) -> Result<(), ClusterError> {
    let key = ObjectKey::new(UNIT_GROUP, "Unit", "", record.id.object_name());
    let how = Apply { force: true, subresource: Some("status"), ..Apply::default() };
    let mut tries = 0;
    loop {
        let known = match version.take() {
            Some(known) => known,
            None => match management.get(&key, UNIT_VERSION, &Identity::Own).await {
                Ok(live) => resource_version(&live),
                Err(ClusterError::NotFound { .. }) => {
                    let new = unit(&key.name, None, None)?;
                    let made = management.apply(&new, &Apply { force: true, ..Apply::default() }).await?;
                    resource_version(&made)
                }
                Err(error) => return Err(error),
            },
        };
        match management.apply(&unit(&key.name, Some(known), Some(&status))?, &how).await {
            Ok(answer) => {
                *version = Some(resource_version(&answer));
                return Ok(());
            }
            // Somebody annotated the Unit, or deleted it.
            Err(ClusterError::Conflict { .. } | ClusterError::NotFound { .. }) if tries < 5 => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

fn unit(name: &str, version: Option<String>, status: Option<&Value>) -> Result<Object, ClusterError> {
    let mut value = json!({
        "apiVersion": format!("{UNIT_GROUP}/{UNIT_VERSION}"),
        "kind": "Unit",
        "metadata": {"name": name},
    });
    if let Some(version) = version {
        value["metadata"]["resourceVersion"] = version.into();
    }
    if let Some(status) = status {
        value["status"] = status.clone();
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
pub(crate) async fn recorded(management: &Cluster) -> Result<Vec<Record>, String> {
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
        if let Some(number) = status.get(PARTS).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok())
        {
            let parts = match &split {
                Some(parts) => parts,
                None => split.insert(inventory::Parts::read(management).await.map_err(|e| e.to_string())?),
            };
            record.inventory = parts.inventory(&record.id, number)?;
        }
        out.push(record);
    }
    Ok(out)
}

/// What is recorded of all units, for those who show it.
pub async fn records(management: &Cluster) -> Result<Vec<Record>, String> {
    match crate::install::find(management).await {
        Ok(Some(_)) => recorded(management).await,
        Ok(None) => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}
