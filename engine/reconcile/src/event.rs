use crate::{Ended, Forms, Fresh, Record, Storing, Time};
use mainstay_health::Rules;
use mainstay_object::{Digest, GroupKind, GroupVersionKind, ObjectKey, Value};
use mainstay_unit::{
    Authority, Counterpart, FieldIgnore, Health, InventoryEntry, Manifest, Reading, ServiceAccount, Target,
    UnitId,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Everything that can happen. Closed: one loop feeds it.
#[derive(Debug, Clone)]
pub enum Event {
    /// At the start: what earlier runs left behind.
    Recorded(Vec<Record>),
    /// At the start: a revision that earlier runs applied, when it is not the newest.
    Past(Arc<Reading>),
    /// A revision was read.
    Read(Arc<Reading>),
    /// Objects are judged by other rules from now on: what is seen later carries this number or a higher one.
    Rules {
        rules: Arc<Rules>,
        number: u64,
    },
    TargetUp(Target),
    TargetDown {
        target: Target,
        why: String,
    },
    /// Kinds of which a target may hold objects of ours, whatever is declared now.
    Kinds {
        target: Target,
        kinds: Vec<GroupVersionKind>,
    },
    /// The watch of a kind has told everything that exists.
    Synced {
        target: Target,
        kind: GroupVersionKind,
    },
    /// The watch of a kind, or of one object of it, can't be taken up again: what it told is known no longer.
    Unwatched {
        target: Target,
        kind: GroupVersionKind,
        object: Option<ObjectKey>,
        why: String,
    },
    /// An object as it is now; nothing when a watch or a look says that it is gone.
    Observed {
        target: Target,
        key: ObjectKey,
        observation: Option<Observation>,
    },
    /// What a look at one object found, after a watch said it was deleted.
    Looked {
        target: Target,
        key: ObjectKey,
        observation: Option<Observation>,
    },
    Applied {
        unit: UnitId,
        token: u64,
        results: Vec<ApplyResult>,
    },
    Deleted {
        unit: UnitId,
        token: u64,
        results: Vec<DeleteResult>,
    },
    /// What came of Helm's record, with Helm's number of the release.
    Stored {
        unit: UnitId,
        what: Storing,
        outcome: Result<Option<u64>, Failure>,
    },
    Suspend {
        unit: UnitId,
        suspend: bool,
    },
    /// Somebody deleted the unit's record.
    Lost {
        unit: UnitId,
    },
    /// Forget back-off and contests and look again.
    Reconcile {
        unit: UnitId,
    },
    /// Run the tests of its release once, unless this very request is known.
    Test {
        unit: UnitId,
        asked: String,
    },
    /// A removal was approved.
    Approve {
        hash: String,
    },
    /// The object by which another tool applies what a unit declares: whether it is there and not suspended.
    Counterpart {
        key: ObjectKey,
        acts: bool,
    },
    /// All such objects of a kind that are there and not suspended: there are no others.
    CounterpartsListed {
        kind: GroupKind,
        acting: BTreeSet<ObjectKey>,
    },
    Tick,
}

/// One object as a watch, a look or the answer to an apply showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    pub uid: String,
    pub resource_version: String,
    /// Digest of the fields that we own; nothing if we own none.
    pub owned: Option<Digest>,
    pub health: Health,
    /// The number of the rules that said so.
    pub judged: u64,
    pub deleting: bool,
    /// Somebody asks, on the object itself, that it is not applied.
    pub paused: bool,
    /// A simulated controller made it what it is.
    pub simulated: bool,
    /// Of what runs to an end: how it ended.
    pub ended: Option<Ended>,
    /// The object itself, on its way to the expressions that judge it; nobody keeps it.
    pub body: Option<Arc<Value>>,
    /// Whose it says it is, where nothing speaks against that; kept only while no inventory holds it.
    pub claim: Option<Arc<Claim>>,
}

/// What an object with our label says of itself. `None` in an observation where the label was not put on it by us, where
/// somebody else controls it, or where it asks to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub unit: UnitId,
    /// The version it was seen in.
    pub version: String,
}

/// What the runtime is asked to do. It answers every `Apply` with `Applied` and every `Delete` with `Deleted`.
#[derive(Debug, Clone)]
pub enum Action {
    Connect(Target),
    /// Every object of a kind that carries our label. A watch of it that is there already ends.
    Watch {
        target: Target,
        kind: GroupVersionKind,
        /// Whether the objects themselves are needed: expressions judge them.
        bodies: bool,
    },
    /// One object that is not necessarily ours.
    WatchObject {
        target: Target,
        key: ObjectKey,
        version: String,
    },
    Look {
        target: Target,
        key: ObjectKey,
        version: String,
    },
    /// All objects of a counterpart's kind, on the management cluster.
    Follow(Counterpart),
    Apply {
        unit: UnitId,
        token: u64,
        target: Target,
        service_account: Option<ServiceAccount>,
        /// Asked for before anything is sent: one that is refused refuses all.
        authorities: Vec<Authority>,
        /// Fields that are not sent where an object exists.
        ignore: Vec<FieldIgnore>,
        /// In order; items of equal rank may be sent at once.
        items: Vec<ApplyItem>,
        /// Written before the first request: it names everything that is about to exist.
        record: Box<Record>,
    },
    Delete {
        unit: UnitId,
        token: u64,
        target: Target,
        service_account: Option<ServiceAccount>,
        items: Vec<DeleteItem>,
        /// Written before the first request, where there is something that must not be taken for lost.
        record: Option<Box<Record>>,
    },
    /// Answered with `Stored`.
    Store {
        unit: UnitId,
        target: Target,
        service_account: Option<ServiceAccount>,
        what: Storing,
    },
    Save(Box<Record>),
    /// Nothing is left of the unit: its record goes too.
    Forget(UnitId),
    /// A line in the unit's story, for people.
    Tell {
        unit: UnitId,
        warning: bool,
        reason: &'static str,
        message: String,
    },
    WakeAt(Time),
}

#[derive(Debug, Clone)]
pub struct ApplyItem {
    pub desired: Manifest,
    pub digest: Digest,
    pub rank: usize,
    /// As it was sent before: conflicts over fields that were ours are drift, and forced.
    pub sent: Forms,
    /// Replace the object where an immutable field differs.
    pub replace: bool,
    /// Leave it as it is if it exists.
    pub absent_only: bool,
    /// A hook: made anew instead of changed.
    pub fresh: Option<Arc<Fresh>>,
}

#[derive(Debug, Clone)]
pub struct ApplyResult {
    pub key: ObjectKey,
    /// Digest of what was sent.
    pub digest: Option<Digest>,
    pub outcome: Result<Observation, Failure>,
}

#[derive(Debug, Clone)]
pub struct DeleteItem {
    pub entry: InventoryEntry,
    pub rank: usize,
    /// It stays as it is, and is nobody's from then on.
    pub release: bool,
}

#[derive(Debug, Clone)]
pub struct DeleteResult {
    pub key: ObjectKey,
    /// `Ok`: gone, or never ours and dropped from the inventory with the reason.
    pub outcome: Result<Gone, Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gone {
    Deleted,
    /// It stays, and is ours no longer.
    Released,
    /// It exists, but the proof that it is ours is missing.
    NotOurs(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
}

/// Decides the retry and whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The object is refused as it is written.
    Invalid,
    /// Fields belong to someone else.
    Conflict,
    Forbidden,
    /// The kind does not exist (yet).
    NoKind,
    /// Network, time-out, 5xx, throttling.
    Unavailable,
    /// Nothing is wrong with it: what comes before it failed.
    NotSent,
    /// It stays until something else has gone.
    Blocked,
    /// Of a first release's hook: Helm has deployed another one before, so it is an upgrade.
    Released,
    /// Of a first release's hook: Helm has deployed this very one, so there is nothing to run.
    Deployed,
}
