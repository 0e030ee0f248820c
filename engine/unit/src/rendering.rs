use crate::{Authority, Need, Unit, UnitId};
use mainstay_diagnostic::{Diagnostic, Location};
use mainstay_object::{Digest, Object, ObjectKey};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An object that should exist, and the file that says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    pub object: Object,
    pub origin: Location,
}

/// What a unit renders to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rendered {
    pub objects: Vec<Desired>,
    /// Objects that hold what was encrypted, or a value out of a Secret: no plan shows what is in them.
    pub sensitive: BTreeSet<ObjectKey>,
    /// Digest of everything that the render read: files, variables, references. Equal digests, equal objects.
    pub inputs: Option<Digest>,
    /// Paths of the platform repository that were read, for "which units does this file reach".
    pub reads: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum RenderState {
    Rendered(Arc<Rendered>),
    /// A source that can't be reached, a chart: the unit is in the plan, its objects are not.
    NotRendered {
        reason: String,
    },
    /// The user's error; the diagnostics are in the reading. The last good revision stays applied.
    Failed {
        first: Box<Diagnostic>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct ReadingUnit {
    pub unit: Arc<Unit>,
    pub state: RenderState,
    /// The unit whose render declared this one; none for a file of the platform repository.
    pub parent: Option<UnitId>,
    /// What the units above it must be allowed to, or else this one is not theirs to declare.
    pub authorities: Vec<Authority>,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// For people: where it is, and for a render why.
    pub what: String,
    pub could: CouldDeclare,
}

/// Which units might be declared by what was not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CouldDeclare {
    Anything,
    /// A document of a native kind decides about units of these tenants only, whichever file it is in.
    Native(BTreeSet<String>),
    /// A render declares no unit of a native kind.
    Children,
}

impl Unread {
    pub fn new(what: impl Into<String>, could: CouldDeclare) -> Self {
        Self { what: what.into(), could }
    }

    pub fn could_declare(&self, id: &UnitId) -> bool {
        match &self.could {
            CouldDeclare::Anything => true,
            CouldDeclare::Native(tenants) => id.is_native() && tenants.contains(&id.tenant),
            CouldDeclare::Children => !id.is_native(),
        }
    }
}

/// Everything that a revision says, and everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    pub revision: String,
    pub units: BTreeMap<UnitId, ReadingUnit>,
    /// Sorted, each once.
    pub diagnostics: Vec<Diagnostic>,
    /// Unmet needs: the reading is not final while there are any that somebody can meet.
    pub needs: BTreeSet<Need>,
    /// Files, folders and renders that could have declared units and could not be read: a unit that is no longer
    /// declared and could be there is not known to be gone.
    pub unread: BTreeSet<Unread>,
}

impl Reading {
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|d| d.is_error())
    }
}
