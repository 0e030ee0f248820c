mod text;

pub use text::NotAnEntry;

use mainstay_object::{Digest, ObjectKey};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::sync::Arc;

/// One object that a unit has applied and owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryEntry {
    pub key: ObjectKey,
    /// The version it was last applied in.
    pub version: String,
    /// Empty between the moment before the first request and its answer: intent is recorded first, so that a crash
    /// between the two leaves nothing unaccounted for.
    pub uid: String,
    /// Digest of what was last sent.
    pub desired: Option<Digest>,
    /// Digest of the fields we own in the answer to it.
    pub owned: Option<Digest>,
    /// Digests of what was sent since, or is about to be, without an answer so far: any of it may have been carried out.
    pub intended: Vec<Digest>,
    /// No record held it: it was found by our label, which proves nothing. It goes only when somebody says so.
    pub recovered: bool,
    /// It was made by a hook of the release: nothing prunes it, and what becomes of it is the hook's to say.
    pub hook: bool,
}

impl InventoryEntry {
    /// Forms of one object that are remembered without an answer, at most: the newest.
    const INTENDED: usize = 4;

    /// What is about to be recorded before the first request for an object.
    pub fn new(key: ObjectKey, version: String) -> Self {
        Self {
            key,
            version,
            uid: String::new(),
            desired: None,
            owned: None,
            intended: Vec::new(),
            recovered: false,
            hook: false,
        }
    }

    /// An object that says it is ours, and that no inventory holds.
    pub fn recovered(key: ObjectKey, version: String, uid: String) -> Self {
        Self { uid, recovered: true, ..Self::new(key, version) }
    }

    /// Notes what is about to be sent.
    pub fn intend(&mut self, digest: Digest) {
        if self.desired == Some(digest) || self.intended.contains(&digest) {
            return;
        }
        if self.intended.len() >= Self::INTENDED {
            self.intended.remove(0);
        }
        self.intended.push(digest);
    }
}

impl Serialize for InventoryEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for InventoryEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Everything a unit owns, sorted by key. Clones share their entries until one of them changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory(Arc<Vec<InventoryEntry>>);

impl Inventory {
    pub fn get(&self, key: &ObjectKey) -> Option<&InventoryEntry> {
        self.0.binary_search_by(|e| e.key.cmp(key)).ok().map(|i| &self.0[i])
    }

    /// The entry of an object that is about to be sent, new or not.
    pub fn intend(&mut self, key: &ObjectKey, version: &str, digest: Digest, hook: bool) {
        let found = self.0.binary_search_by(|e| e.key.cmp(key));
        let entries = Arc::make_mut(&mut self.0);
        let at = found.unwrap_or_else(|at| {
            entries.insert(at, InventoryEntry::new(key.clone(), version.to_owned()));
            at
        });
        entries[at].intend(digest);
        entries[at].hook = hook;
    }

    pub fn insert(&mut self, entry: InventoryEntry) {
        let found = self.0.binary_search_by(|e| e.key.cmp(&entry.key));
        let entries = Arc::make_mut(&mut self.0);
        match found {
            Ok(i) => entries[i] = entry,
            Err(i) => entries.insert(i, entry),
        }
    }

    pub fn remove(&mut self, key: &ObjectKey) -> Option<InventoryEntry> {
        let found = self.0.binary_search_by(|e| e.key.cmp(key)).ok()?;
        Some(Arc::make_mut(&mut self.0).remove(found))
    }

    pub fn iter(&self) -> impl Iterator<Item = &InventoryEntry> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Inventory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Inventory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|entries| Self(Arc::new(entries)))
    }
}

impl FromIterator<InventoryEntry> for Inventory {
    fn from_iter<T: IntoIterator<Item = InventoryEntry>>(iter: T) -> Self {
        let mut inventory = Self::default();
        for entry in iter {
            inventory.insert(entry);
        }
        inventory
    }
}
