//! The objects by which another tool applies units that we follow: followed from when their kind is served, so that
//! nothing is asked where the other tool never was.

use mainstay_clock::{Task, sleep, spawn};
use mainstay_cluster::{Cluster, ClusterError, Identity, Selection, WatchEvent};
use mainstay_object::{GroupKind, ObjectKey, Value};
use mainstay_reconcile::Event;
use mainstay_unit::Counterpart;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

const DEFINITIONS: (&str, &str, &str) = ("apiextensions.k8s.io", "v1", "CustomResourceDefinition");

/// Tells which objects of the counterpart's kind act. Until all are known, nothing is said to be.
pub(crate) async fn follow(management: Cluster, other: Counterpart, events: UnboundedSender<Event>) {
    let (group, version, kind) = DEFINITIONS;
    let resource = loop {
        match management.resource(group, version, kind).await {
            Ok(resource) => break resource,
            Err(error) => tracing::debug!(%error, "definitions are not served yet"),
        }
        sleep(Duration::from_millis(500)).await;
    };
    let fields = format!("metadata.name={}.{}", other.resource, other.group);
    let selection = Selection { fields, ..Selection::default() };
    let mut watching: Option<(String, Watching)> = None;
    let tell = |event: WatchEvent| {
        match event {
            WatchEvent::Changed(definition) => {
                let Some(served) = served(&definition) else { return true };
                if watching.as_ref().is_none_or(|(version, _)| *version != served) {
                    let task = objects(management.clone(), other.clone(), served.clone(), events.clone());
                    watching = Some((served, Watching(spawn(task))));
                }
            }
            WatchEvent::Deleted(_) => {
                watching = None;
                return none(&other, &events);
            }
            WatchEvent::Listed(definitions) if definitions.is_empty() => {
                watching = None;
                return none(&other, &events);
            }
            WatchEvent::Listed(_) | WatchEvent::Answered(_) => {}
            WatchEvent::Interrupted(error) | WatchEvent::Lost(error) => interrupted(&error, &other),
        }
        !events.is_closed()
    };
    management.follow(&resource, &selection, tell).await;
}

/// Objects of a kind that is not served: none. False if nobody hears it.
fn none(other: &Counterpart, events: &UnboundedSender<Event>) -> bool {
    events.send(Event::CounterpartsListed { kind: other.group_kind(), acting: BTreeSet::new() }).is_ok()
}

/// Ends with whoever started it.
struct Watching(Task);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The version to ask for, once the kind is served.
fn served(definition: &Value) -> Option<String> {
    let list = |pointer: &str| definition.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let established = |c: &Value| c["type"] == "Established" && c["status"] == "True";
    list("/status/conditions").find(|condition| established(condition))?;
    let served = || list("/spec/versions").filter(|version| version["served"] == true);
    let version = served().find(|version| version["storage"] == true).or_else(|| served().next())?;
    version["name"].as_str().map(str::to_owned)
}

/// All objects of the counterpart's kind that act now.
pub(crate) async fn acting(
    management: &Cluster,
    other: &Counterpart,
) -> Result<BTreeSet<ObjectKey>, ClusterError> {
    let (group, version, kind) = DEFINITIONS;
    let name = format!("{}.{}", other.resource, other.group);
    let definition =
        match management.get(&ObjectKey::new(group, kind, "", name), version, &Identity::Own).await {
            Ok(definition) => definition,
            Err(ClusterError::NotFound { .. }) => return Ok(BTreeSet::new()),
            Err(error) => return Err(error),
        };
    let Some(version) = served(&definition) else { return Ok(BTreeSet::new()) };
    let resource = management.resource(&other.group, &version, &other.kind).await?;
    let objects = management.list(&resource, "", "").await?;
    let group_kind = other.group_kind();
    Ok(objects.iter().filter(|object| acts(object)).map(|object| key(&group_kind, object)).collect())
}

fn acts(object: &Value) -> bool {
    object.pointer("/spec/suspend").and_then(Value::as_bool) != Some(true)
}

async fn objects(management: Cluster, other: Counterpart, version: String, events: UnboundedSender<Event>) {
    let Counterpart { group, kind, .. } = &other;
    let resource = loop {
        match management.resource(group, &version, kind).await {
            Ok(resource) => break resource,
            Err(error) => tracing::debug!(%error, kind, "objects of another tool can't be asked for yet"),
        }
        sleep(Duration::from_millis(500)).await;
    };
    let mut acting: BTreeSet<ObjectKey> = BTreeSet::new();
    let group_kind = other.group_kind();
    let tell = |event: WatchEvent| {
        let told = match event {
            WatchEvent::Changed(object) => {
                let key = key(&group_kind, &object);
                let acts = acts(&object);
                let news = if acts { acting.insert(key.clone()) } else { acting.remove(&key) };
                !news || events.send(Event::Counterpart { key, acts }).is_ok()
            }
            WatchEvent::Deleted(object) => {
                let key = key(&group_kind, &object);
                !acting.remove(&key) || events.send(Event::Counterpart { key, acts: false }).is_ok()
            }
            WatchEvent::Listed(keys) => {
                let there: BTreeSet<ObjectKey> = keys.into_iter().collect();
                acting.retain(|key| there.contains(key));
                let (kind, acting) = (group_kind.clone(), acting.clone());
                events.send(Event::CounterpartsListed { kind, acting }).is_ok()
            }
            WatchEvent::Answered(_) => true,
            WatchEvent::Interrupted(error) | WatchEvent::Lost(error) => {
                interrupted(&error, &other);
                true
            }
        };
        told && !events.is_closed()
    };
    management.follow(&resource, &Selection::default(), tell).await;
}

/// Who may not look waits for good: that is told.
fn interrupted(error: &ClusterError, other: &Counterpart) {
    let Counterpart { tool, kind, .. } = other;
    match error {
        ClusterError::Forbidden { .. } => {
            tracing::warn!(%error, "whether {tool} applies units as well is not known, and they wait: no {kind} can be seen");
        }
        error => tracing::debug!(%error, "the watch of {tool}'s {kind} objects was interrupted"),
    }
}

fn key(kind: &GroupKind, object: &Value) -> ObjectKey {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    ObjectKey::new(&*kind.group, &*kind.kind, text("/metadata/namespace"), text("/metadata/name"))
}

#[cfg(test)]
mod tests {
    use super::served;
    use serde_json::json;

    #[test]
    fn a_kind_is_asked_for_in_the_version_it_is_stored_in_once_it_is_served() {
        let versions = |stored_is_served: bool| {
            json!([
                {"name": "v1beta2", "served": true, "storage": false},
                {"name": "v1", "served": stored_is_served, "storage": true},
            ])
        };
        let established = json!([{"type": "Established", "status": "True"}]);
        let definition = |versions, conditions| json!({"spec": {"versions": versions}, "status": {"conditions": conditions}});
        let version = |stored| served(&definition(versions(stored), established.clone()));
        assert_eq!(version(true).as_deref(), Some("v1"));
        assert_eq!(version(false).as_deref(), Some("v1beta2"));
        assert_eq!(served(&definition(versions(true), json!([]))), None);
    }
}
