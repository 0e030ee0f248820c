//! A unit's story as Kubernetes Events on its `Unit` object.

use crate::install::{UNIT_GROUP, UNIT_VERSION};
use mainstay_cluster::{Cluster, Identity};
use mainstay_object::{Digest, Object};
use mainstay_unit::UnitId;
use serde_json::json;
use tokio::sync::mpsc;

/// Where the events of everything live that has no namespace: an API server takes them nowhere else.
const NAMESPACE: &str = "default";

pub(crate) struct Told {
    pub unit: UnitId,
    pub warning: bool,
    pub reason: &'static str,
    pub message: String,
}

/// Writes events one after the other. An event that can't be written is lost: the unit's conditions say the same.
pub(crate) fn start(management: Cluster) -> mpsc::Sender<Told> {
    let (queue, mut inbox) = mpsc::channel::<Told>(1024);
    mainstay_clock::spawn(async move {
        while let Some(told) = inbox.recv().await {
            if let Err(error) = write(&management, &told).await {
                tracing::debug!(unit = %told.unit, %error, "an event was not written");
            }
        }
    });
    queue
}

async fn write(management: &Cluster, told: &Told) -> Result<(), String> {
    let now = crate::timestamp();
    let name = told.unit.object_name();
    let unique = Digest::of_bytes(format!("{name} {now:?} {}", told.message).as_bytes());
    let message: String = told.message.chars().take(1000).collect();
    let prefix: String = name.chars().take(200).collect();
    let event = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": format!("{}.{}", prefix.trim_end_matches(['.', '-']), unique.short()), "namespace": NAMESPACE},
        "involvedObject": {"apiVersion": format!("{UNIT_GROUP}/{UNIT_VERSION}"), "kind": "Unit", "name": name},
        "reason": told.reason,
        "message": message,
        "type": if told.warning { "Warning" } else { "Normal" },
        "source": {"component": "mainstay"},
        "firstTimestamp": format!("{now:.0}"),
        "lastTimestamp": format!("{now:.0}"),
        "count": 1,
    });
    let event = Object::new(event).map_err(|e| e.to_string())?;
    management.create(&event, false, &Identity::Own).await.map(|_| ()).map_err(|e| e.to_string())
}
