use crate::core::text::{Sharing, Text};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

/// Events kept for watches and consistent paging; older positions are answered with 410.
pub const HISTORY: usize = 8192;
/// Bytes of object bodies that the history may keep alive beyond the live objects.
pub const HISTORY_BYTES: usize = 4 << 20;

/// Key of the record that holds the revision counter.
pub(crate) const REVISION_KEY: &str = "#revision";

/// All objects of one cluster, in key order, and the recent past.
///
/// A key is `group/resource/namespace/name` (`group/resource/name` when cluster-scoped): etcd's order. Bodies are JSON
/// objects without `apiVersion` and `kind`, `metadata.resourceVersion` included.
#[derive(Debug, Default)]
pub struct Store {
    objects: BTreeMap<Arc<str>, Entry>,
    private: BTreeMap<Arc<str>, Text>,
    sharing: Sharing,
    revision: u64,
    /// Events up to and including this revision are forgotten.
    compacted: u64,
    events: VecDeque<Event>,
    event_bytes: usize,
    pending: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub revision: u64,
    pub body: Text,
}

#[derive(Debug, Clone)]
pub struct Event {
    pub revision: u64,
    pub key: Arc<str>,
    pub before: Option<Entry>,
    /// The new state; for a deletion the last state, with the deletion's resourceVersion.
    pub body: Text,
    pub deleted: bool,
}

/// One record to persist, before the request that made it is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub key: Arc<str>,
    /// Absent: remove the record.
    pub value: Option<Text>,
}

impl Store {
    /// Restores from persisted records. The history starts empty: older watches get 410.
    pub fn load(records: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, Corrupt> {
        let mut store = Self::default();
        for (key, value) in records {
            if key == REVISION_KEY {
                let text = std::str::from_utf8(&value).ok().and_then(|t| t.parse().ok());
                store.revision = store.revision.max(text.ok_or_else(|| Corrupt { key: key.clone() })?);
            } else if key.starts_with('#') {
                store.private.insert(key.into(), value.into());
            } else {
                let revision =
                    Head::of(&value).map(|h| h.revision).ok_or_else(|| Corrupt { key: key.clone() })?;
                store.revision = store.revision.max(revision);
                let body = store.sharing.text(&value);
                store.objects.insert(key.into(), Entry { revision, body });
            }
        }
        store.compacted = store.revision;
        Ok(store)
    }

    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The revision that the next write will get.
    pub fn next_revision(&self) -> u64 {
        self.revision + 1
    }

    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.objects.get(key)
    }

    pub fn len(&self) -> usize {
        self.objects.len()
    }

    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Objects whose key starts with `prefix`, in key order, after `after` if given.
    pub fn range<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Entry)> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            Some(_) | None => Bound::Included(prefix),
        };
        self.objects
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// Writes `body`, which already carries `next_revision` as its resourceVersion.
    pub fn put(&mut self, key: &str, body: Vec<u8>) -> u64 {
        self.revision += 1;
        let body = self.sharing.text(&body);
        let key: Arc<str> = self.objects.get_key_value(key).map_or_else(|| key.into(), |(k, _)| k.clone());
        let entry = Entry { revision: self.revision, body: body.clone() };
        let before = self.objects.insert(key.clone(), entry);
        self.changed(key.clone(), Some(body.clone()));
        self.remember(Event { revision: self.revision, key, before, body, deleted: false });
        self.revision
    }

    /// Takes objects over as another cluster has them, sharing their text. They are no events.
    pub(crate) fn adopt(&mut self, entries: &[(Arc<str>, Entry)]) {
        for (key, entry) in entries {
            self.revision = self.revision.max(entry.revision);
            self.objects.insert(key.clone(), entry.clone());
            self.changed(key.clone(), Some(entry.body.clone()));
        }
    }

    /// Removes the object; `last` is its last state with `next_revision` as its resourceVersion.
    pub fn remove(&mut self, key: &str, last: Vec<u8>) -> bool {
        let Some((key, before)) = self.objects.remove_entry(key) else { return false };
        self.revision += 1;
        self.changed(key.clone(), None);
        let (revision, body) = (self.revision, self.sharing.text(&last));
        self.remember(Event { revision, key, before: Some(before), body, deleted: true });
        true
    }

    /// Events after `revision`, oldest first; `None` when some of them are forgotten already.
    pub fn events_after(&self, revision: u64) -> Option<impl Iterator<Item = &Event>> {
        if revision < self.compacted {
            return None;
        }
        let from = self.events.partition_point(|e| e.revision <= revision);
        Some(self.events.range(from..))
    }

    /// Forgets what led to the state at `revision`, and gives its memory back.
    pub fn compact(&mut self, revision: u64) {
        while let Some(old) = self.events.pop_front_if(|e| e.revision <= revision) {
            self.event_bytes = self.event_bytes.saturating_sub(weight(&old));
        }
        self.events.shrink_to_fit();
        self.compacted = self.compacted.max(revision.min(self.revision));
    }

    /// Is there a past that could be forgotten?
    pub fn has_history(&self) -> bool {
        !self.events.is_empty()
    }

    /// The objects under `prefix` as they were at `revision`; `None` when that is forgotten already.
    pub fn range_at(&self, prefix: &str, revision: u64) -> Option<BTreeMap<Arc<str>, Entry>> {
        if revision < self.compacted || revision > self.revision {
            return None;
        }
        let mut state: BTreeMap<Arc<str>, Entry> =
            self.range(prefix, None).map(|(k, e)| (k.clone(), e.clone())).collect();
        for event in self.events.iter().rev().take_while(|e| e.revision > revision) {
            if event.key.starts_with(prefix) {
                match &event.before {
                    Some(before) => state.insert(event.key.clone(), before.clone()),
                    None => state.remove(&event.key),
                };
            }
        }
        Some(state)
    }

    /// Records of the server's own (token digests), which no API shows.
    pub(crate) fn private(&self, key: &str) -> Option<&Text> {
        self.private.get(key)
    }

    pub(crate) fn private_range<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Text)> {
        self.private
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
    }

    pub(crate) fn set_private(&mut self, key: &str, value: Option<Vec<u8>>) {
        let key: Arc<str> = key.into();
        let value: Option<Text> = value.map(Into::into);
        match &value {
            Some(value) => self.private.insert(key.clone(), value.clone()),
            None => self.private.remove(&key),
        };
        self.pending.push(Change { key, value });
    }

    /// What is to be persisted since the last call, in order.
    pub fn take_changes(&mut self) -> Vec<Change> {
        let mut changes = std::mem::take(&mut self.pending);
        if !changes.is_empty() {
            let revision = self.revision.to_string().into_bytes();
            changes.push(Change { key: REVISION_KEY.into(), value: Some(revision.into()) });
        }
        changes
    }

    fn changed(&mut self, key: Arc<str>, value: Option<Text>) {
        self.pending.push(Change { key, value });
    }

    fn remember(&mut self, event: Event) {
        self.event_bytes += weight(&event);
        self.events.push_back(event);
        while self.events.len() > HISTORY || (self.event_bytes > HISTORY_BYTES && self.events.len() > 1) {
            if let Some(old) = self.events.pop_front() {
                self.event_bytes = self.event_bytes.saturating_sub(weight(&old));
                self.compacted = old.revision;
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record {key} is damaged")]
pub struct Corrupt {
    pub key: String,
}

/// What it was before is kept for the event's sake alone, and so is what was deleted; what it is now, an object holds.
fn weight(event: &Event) -> usize {
    let before = event.before.as_ref().map_or(0, |entry| entry.body.weight());
    let last = if event.deleted { event.body.weight() } else { 0 };
    before + last + event.key.len() + 128
}

/// The little of a stored body that a restart needs, read without building the rest.
#[derive(Debug)]
pub(crate) struct Head {
    pub revision: u64,
    /// Something in it makes a controller look: owners, a deletion under way.
    pub attended: bool,
}

impl Head {
    pub fn of(body: &[u8]) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Object<'a> {
            #[serde(borrow)]
            metadata: Metadata<'a>,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Metadata<'a> {
            resource_version: &'a str,
            owner_references: Option<serde::de::IgnoredAny>,
            deletion_timestamp: Option<serde::de::IgnoredAny>,
        }
        let Object { metadata } = serde_json::from_slice::<Object<'_>>(body).ok()?;
        let attended = metadata.owner_references.is_some() || metadata.deletion_timestamp.is_some();
        Some(Self { revision: metadata.resource_version.parse().ok()?, attended })
    }
}
