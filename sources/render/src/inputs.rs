use mainstay_object::DigestKey;
use mainstay_unit::tree::{Tree, TreePath};
use mainstay_unit::{Claim, GitReference, Reference, SourceId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that a reading depends on.
#[derive(Clone)]
pub struct Inputs {
    pub platform: Checkout,
    /// The folder of the platform repository that is read first.
    pub entry: TreePath,
    /// Where the platform repository comes from, if it is a remote one: a declared source that names the same is the
    /// platform repository itself.
    pub followed: Option<Followed>,
    pub trees: BTreeMap<SourceId, Supply<Checkout>>,
    /// Everyone who may read a reference reads it for itself.
    pub references: BTreeMap<(Reference, Claim), Supply<BTreeMap<String, String>>>,
    /// Of the digests of what was read and of what holds secrets, so that none can be guessed from one.
    pub key: DigestKey,
    pub limits: Limits,
}

impl Inputs {
    pub fn new(platform: Checkout, entry: TreePath) -> Self {
        Self {
            platform,
            entry,
            followed: None,
            trees: BTreeMap::new(),
            references: BTreeMap::new(),
            key: DigestKey::default(),
            limits: Limits::default(),
        }
    }
}

/// A tree and the name of its revision.
#[derive(Clone)]
pub struct Checkout {
    pub revision: String,
    pub tree: Arc<dyn Tree>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    pub url: String,
    pub reference: GitReference,
}

/// What became of a need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Supply<T> {
    Here(T),
    /// It was looked for and is not there.
    Absent(String),
    /// Nobody can look here: no cluster in a preview, no network offline.
    NotEvaluated(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep renders may declare units whose renders declare units.
    pub rounds: usize,
    pub units: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rounds: 32, units: 100_000 }
    }
}
