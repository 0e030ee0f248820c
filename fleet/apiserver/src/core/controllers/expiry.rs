use crate::core::body;
use crate::core::cluster::Cluster;
use crate::core::request::Now;
use crate::core::tokens;
use serde_json::Value;

/// Events are kept for an hour.
pub(super) const EVENT_SECONDS: i64 = 3600;

impl Cluster {
    /// Removes expired tokens and events, and asks to be woken for the next.
    pub(super) fn expire(&mut self, now: Now) {
        if let Some(next) = tokens::expire(&mut self.store, now) {
            self.controllers.wake_at(next);
        }
        let Some(resource) = self.registry.find("", "v1", "events") else { return };
        let events: Vec<Value> =
            self.store.range("/events/", None).map(|(_, e)| body::decode(&e.body, &resource)).collect();
        for event in events {
            let times = [body::meta(&event, "creationTimestamp"), body::text(&event, "/lastTimestamp")];
            let last = times.iter().filter_map(|t| Now::parse(t)).max();
            match last.map(|then| then.plus_seconds(EVENT_SECONDS)) {
                Some(end) if end > now => self.controllers.wake_at(end),
                Some(_) => {
                    self.erase(&resource, event);
                }
                None => {}
            }
        }
    }
}
