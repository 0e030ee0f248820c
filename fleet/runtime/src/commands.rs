//! What people ask of a unit: annotations on its `Unit` object, so that RBAC guards them.

use crate::install::{UNIT_GROUP, UNIT_VERSION};
use mainstay_cluster::{Cluster, Selection, WatchEvent};
use mainstay_object::Value;
use mainstay_reconcile::Event;
use mainstay_unit::UnitId;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc;

const SUSPEND: &str = "mainstay.dev/suspend";
const RECONCILE: &str = "mainstay.dev/reconcile";
const TEST: &str = "mainstay.dev/test";
const APPROVE: &str = "mainstay.dev/approve";

/// Requests that are about everything, not about one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Ask the repository for news now.
    Fetch,
}

#[derive(Default, PartialEq, Eq)]
struct Asked {
    suspend: bool,
    reconcile: String,
    test: String,
    approve: String,
}

/// Follows the annotations of all units.
pub(crate) async fn follow(
    management: Cluster,
    events: mpsc::UnboundedSender<Event>,
    requests: mpsc::UnboundedSender<Request>,
) {
    let resource = loop {
        match management.resource(UNIT_GROUP, UNIT_VERSION, "Unit").await {
            Ok(resource) => break resource,
            Err(error) => tracing::debug!(%error, "the Unit kind is not served yet"),
        }
        mainstay_clock::sleep(Duration::from_millis(500)).await;
    };
    let mut seen: BTreeMap<String, Asked> = BTreeMap::new();
    let mut listed = false;
    let tell = |event: WatchEvent| {
        match event {
            WatchEvent::Changed(unit) => {
                let name = text(&unit, "/metadata/name").to_owned();
                let asked = Asked {
                    suspend: annotation(&unit, SUSPEND) == "true",
                    reconcile: annotation(&unit, RECONCILE).to_owned(),
                    test: annotation(&unit, TEST).to_owned(),
                    approve: annotation(&unit, APPROVE).to_owned(),
                };
                let old = seen.get(&name);
                let Ok(id) = text(&unit, "/status/id").parse::<UnitId>() else { return true };
                if old.map_or(asked.suspend, |o| o.suspend != asked.suspend)
                    && events.send(Event::Suspend { unit: id.clone(), suspend: asked.suspend }).is_err()
                {
                    return false;
                }
                if !asked.approve.is_empty() && old.is_none_or(|o| o.approve != asked.approve) {
                    let hash = asked.approve.clone();
                    if events.send(Event::Approve { hash }).is_err() {
                        return false;
                    }
                }
                // What was asked before this process began has been answered by its start.
                let new = listed
                    && !asked.reconcile.is_empty()
                    && old.is_none_or(|o| o.reconcile != asked.reconcile);
                if new
                    && (events.send(Event::Reconcile { unit: id.clone() }).is_err()
                        || requests.send(Request::Fetch).is_err())
                {
                    return false;
                }
                // Whether a test that was asked for before has been run is in the unit's record.
                if !asked.test.is_empty() && old.is_none_or(|o| o.test != asked.test) {
                    let asked = asked.test.clone();
                    if events.send(Event::Test { unit: id.clone(), asked }).is_err() {
                        return false;
                    }
                }
                seen.insert(name, asked);
            }
            WatchEvent::Deleted(unit) => {
                seen.remove(text(&unit, "/metadata/name"));
                // Of a unit that we forgot ourselves nothing is known any more, and nothing follows.
                if let Ok(id) = text(&unit, "/status/id").parse::<UnitId>()
                    && events.send(Event::Lost { unit: id }).is_err()
                {
                    return false;
                }
            }
            WatchEvent::Answered(_) => {}
            WatchEvent::Listed(_) => listed = true,
            WatchEvent::Interrupted(error) => tracing::debug!(%error, "the watch of units was interrupted"),
            WatchEvent::Lost(error) => {
                tracing::warn!(%error, "units can't be watched: what is asked of them is not heard");
            }
        }
        !events.is_closed()
    };
    management.follow(&resource, &Selection::default(), tell).await;
}

fn annotation<'a>(unit: &'a Value, name: &str) -> &'a str {
    unit.pointer("/metadata/annotations").and_then(|a| a.get(name)?.as_str()).unwrap_or_default()
}

fn text<'a>(unit: &'a Value, pointer: &str) -> &'a str {
    unit.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
