//! A unit's story as Kubernetes Events on its `Unit` object.

use crate::install::{UNIT_GROUP, UNIT_VERSION};
use mainstay_clock::Instant;
use mainstay_cluster::{Cluster, Identity};
use mainstay_object::{Digest, Object};
use mainstay_unit::UnitId;
use serde_json::json;
use std::time::Duration;
use tokio::sync::mpsc;

/// Where the events of everything live that has no namespace: an API server takes them nowhere else.
const NAMESPACE: &str = "default";

pub(crate) struct Told {
    pub unit: UnitId,
    pub warning: bool,
    pub reason: &'static str,
    pub message: String,
}

/// Good news that is written at once, at most, when many units change together; the log has the rest.
const AT_ONCE: u32 = 50;
/// How often there is room for one more.
const PACE: Duration = Duration::from_millis(200);

/// Writes events one after the other. An event that can't be written is lost: the unit's conditions say the same.
pub(crate) fn start(management: Cluster) -> mpsc::Sender<Told> {
    let (queue, mut inbox) = mpsc::channel::<Told>(1024);
    mainstay_clock::spawn(async move {
        let mut room = Room { left: AT_ONCE, since: Instant::now() };
        while let Some(told) = inbox.recv().await {
            if !told.warning && !room.take(Instant::now()) {
                continue;
            }
            if let Err(error) = write(&management, &told).await {
                tracing::debug!(unit = %told.unit, %error, "an event was not written");
            }
        }
    });
    queue
}

/// A thousand units that become ready would be a thousand more objects in etcd.
struct Room {
    left: u32,
    since: Instant,
}

impl Room {
    fn take(&mut self, now: Instant) -> bool {
        while self.left < AT_ONCE && now.since(self.since) >= PACE {
            self.left += 1;
            self.since = self.since + PACE;
        }
        if self.left == AT_ONCE {
            self.since = now;
        }
        let free = self.left > 0;
        self.left = self.left.saturating_sub(1);
        free
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_good_news_at_once_are_cut_and_there_is_room_again_later() {
        let start = Instant::now();
        let mut room = Room { left: AT_ONCE, since: start };
        let taken = |room: &mut Room, at| (0..1000).filter(|_| room.take(at)).count();
        assert_eq!(taken(&mut room, start), 50);
        assert_eq!(taken(&mut room, start + PACE), 1);
        assert_eq!(taken(&mut room, start + PACE * 4), 3);
        assert_eq!(taken(&mut room, start + Duration::from_secs(3600)), 50);
    }
}
