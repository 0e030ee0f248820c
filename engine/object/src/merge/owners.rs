use crate::{FieldPath, FieldSet, ManagedEntry, ManagedFields, Operation};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Managers while a write is computed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Owners(pub BTreeMap<Owner, Owned>);

/// What tells entries apart. An applier has one entry, whatever version it applies in: its version here is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub manager: String,
    pub operation: Operation,
    pub api_version: String,
    pub subresource: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owned {
    pub set: FieldSet,
    pub api_version: String,
    pub time: Option<String>,
}

/// An API server orders them by their JSON, in which a subresource that there is comes before none.
impl Ord for Owner {
    fn cmp(&self, other: &Self) -> Ordering {
        fn key(owner: &Owner) -> (&str, Operation, &str, bool, &str) {
            let Owner { manager, operation, api_version, subresource } = owner;
            (manager, *operation, api_version, subresource.is_empty(), subresource)
        }
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Owner {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Update entries beyond this are merged, oldest first.
const MOST_UPDATERS: usize = 10;

impl Owner {
    pub fn new(manager: &str, operation: Operation, api_version: &str, subresource: &str) -> Self {
        let manager = if manager.is_empty() { "unknown" } else { manager };
        let api_version = match operation {
            Operation::Apply => "",
            Operation::Update => api_version,
        };
        Self {
            manager: manager.to_owned(),
            operation,
            api_version: api_version.to_owned(),
            subresource: subresource.to_owned(),
        }
    }
}

impl Owners {
    pub fn of(fields: ManagedFields) -> Self {
        let entries = fields.entries.into_iter().map(|entry| {
            let owner = Owner {
                api_version: match entry.operation {
                    Operation::Apply => String::new(),
                    Operation::Update => entry.api_version.clone(),
                },
                manager: entry.manager,
                operation: entry.operation,
                subresource: entry.subresource,
            };
            (owner, Owned { set: entry.fields, api_version: entry.api_version, time: entry.time })
        });
        Self(entries.collect())
    }

    pub fn into_fields(self) -> ManagedFields {
        let entries = self.0.into_iter().map(|(owner, owned)| ManagedEntry {
            manager: owner.manager,
            operation: owner.operation,
            api_version: owned.api_version,
            subresource: owner.subresource,
            time: owned.time,
            fields: owned.set,
        });
        ManagedFields { entries: entries.collect() }
    }

    /// Takes a set from an owner; one who is left with nothing is forgotten.
    pub fn subtract(&mut self, owner: &Owner, set: &FieldSet) {
        if let Some(owned) = self.0.get_mut(owner) {
            owned.set.subtract(set);
            if owned.set.is_empty() {
                self.0.remove(owner);
            }
        }
    }

    /// Merges the oldest updaters of each version into one entry until few enough remain.
    pub fn cap_updaters(&mut self) {
        let mut updaters: Vec<(Option<String>, Owner)> = self
            .0
            .iter()
            .filter(|(owner, _)| owner.operation == Operation::Update)
            .map(|(owner, owned)| (owned.time.clone(), owner.clone()))
            .collect();
        updaters.sort();
        let mut count = updaters.len();
        let mut first_of_version: BTreeMap<String, Owner> = BTreeMap::new();
        for (_, owner) in updaters {
            if count <= MOST_UPDATERS {
                return;
            }
            let version = owner.api_version.clone();
            let Some(first) = first_of_version.get(&version) else {
                first_of_version.insert(version, owner);
                continue;
            };
            let bucket = Owner::new("ancient-changes", Operation::Update, &version, "");
            if !self.0.contains_key(&bucket)
                && let Some(owned) = self.0.remove(first)
            {
                self.0.insert(bucket.clone(), owned);
            }
            if let Some(merged) = self.0.remove(&owner) {
                let into = self.0.entry(bucket).or_insert_with(|| merged.clone());
                into.set = into.set.union(&merged.set);
                // The later of the two times: they come sorted.
                into.time = merged.time;
                count -= 1;
            }
        }
    }
}

/// Identity and bookkeeping, which nobody owns.
pub(super) fn unowned() -> &'static FieldSet {
    static UNOWNED: LazyLock<FieldSet> = LazyLock::new(|| {
        let metadata = [
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        ];
        let top = ["apiVersion", "kind", "metadata"].map(|name| FieldPath::of_fields([name]));
        top.into_iter().chain(metadata.map(|name| FieldPath::of_fields(["metadata", name]))).collect()
    });
    &UNOWNED
}
