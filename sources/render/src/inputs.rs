use mainstay_object::{Digest, DigestKey, Value};
use mainstay_unit::tree::{Tree, TreePath};
use mainstay_unit::{
    ArtifactRequest, Authority, Capabilities, ChartArchive, ChartRequest, Claim, Content, GitReference,
    Lookup, OciArtifact, Reference, SourceId, Target, WebFile,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that a reading depends on.
#[derive(Clone)]
pub struct Inputs {
    pub platform: Checkout,
    /// The folder of the platform repository that is read first.
    pub entry: TreePath,
    /// Where the platform repository comes from, if that is known.
    pub followed: Option<Followed>,
    pub trees: BTreeMap<SourceId, Supply<Checkout>>,
    /// Everyone who may read a reference reads it for itself.
    pub references: BTreeMap<(Reference, Claim), Supply<Content>>,
    /// Whoever declares a chart fetches it for itself.
    pub charts: BTreeMap<(ChartRequest, Vec<Authority>), Supply<Arc<ChartArchive>>>,
    /// Files of artifacts, alike.
    pub artifacts: BTreeMap<(ArtifactRequest, Vec<Authority>), Supply<Arc<OciArtifact>>>,
    pub capabilities: BTreeMap<(Target, Vec<Authority>), Supply<Arc<Capabilities>>>,
    /// The object, or a `List`; `Absent` is an answer that a chart sees as an empty map.
    pub lookups: BTreeMap<(Lookup, Claim), Supply<Arc<Value>>>,
    /// What the real Helm printed, by the run's digest; `Absent` is its refusal, in its words.
    pub helm: BTreeMap<Digest, Supply<Arc<str>>>,
    /// What has the digest that was asked for.
    pub files: BTreeMap<WebFile, Supply<Arc<[u8]>>>,
    /// Seconds since 1970, for charts that ask what time it is.
    pub now: u64,
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
            charts: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            capabilities: BTreeMap::new(),
            lookups: BTreeMap::new(),
            helm: BTreeMap::new(),
            files: BTreeMap::new(),
            now: 0,
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

/// Which repository and what of it is read. A declared source that names the same is the platform repository itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Followed {
    /// Where it comes from, by every name that is known: a checkout's remotes too.
    pub urls: Vec<String>,
    /// Nothing where a folder is read, whatever branch it is on.
    pub reference: GitReference,
    /// What is read is a folder as it lies there.
    pub folder: bool,
    /// The source that stands for it, whatever it says and whether it is declared or not.
    pub source: Option<SourceId>,
    /// What is read of it acts on clusters, and nobody has looked who signed it.
    pub unproved: bool,
}

/// What became of a need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Supply<T> {
    Here(T),
    /// It was looked for and is not there.
    Absent(String),
    /// Nobody can look here: no cluster in a preview, no network offline.
    NotEvaluated(String),
    /// It is there, and must not be used: the proof that was asked for is missing.
    Refused(String),
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
